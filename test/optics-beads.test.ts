import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { drawBall } from "../src/optics/phantom/ball.ts";
import { ballsOf, beadKinds } from "../src/optics/phantom/bead.ts";

describe("drawing balls", () => {
  it("gives the volume, whatever the slices, position and radius, and wraps at the edges", () => {
    const random = new Random(1);
    for (let trial = 0; trial < 20; trial++) {
      const radius = random.between(0.4, 4);
      const ball = { x: random.between(0, 16), y: random.between(0, 16), z: random.between(-1, 1), radius, density: 2 };
      const thickness = random.between(0.2, 3);
      let sum = 0;
      for (let bottom = -6; bottom < 6; bottom += thickness) {
        const image = new Float32Array(64 * 64);
        drawBall(image, { height: 64, width: 64, pixelSize: 0.25, bottom, top: bottom + thickness }, ball);
        sum += image.reduce((a, b) => a + b, 0) * 0.25 ** 2;
      }
      expect(sum / (2 * (4 / 3) * Math.PI * radius ** 3)).toBeCloseTo(1, 2);
    }
  });

  it("puts the centre of pixel i at i x pixelSize, symmetric about it", () => {
    const image = new Float32Array(32 * 32);
    const ball = { x: 5, y: 8, z: 0, radius: 1.6, density: 1 };
    drawBall(image, { height: 32, width: 32, pixelSize: 0.5, bottom: -2, top: 2 }, ball);
    expect(image[16 * 32 + 10]).toBeCloseTo(3.2, 1);
    for (let d = 1; d < 6; d++) {
      expect(image[16 * 32 + 10 + d]).toBeCloseTo(image[16 * 32 + 10 - d], 5);
      expect(image[(16 + d) * 32 + 10]).toBeCloseTo(image[16 * 32 + 10 + d], 5);
    }
    // A slab through the middle holds a disc of its own thickness; one beyond the ball nothing.
    const slab = new Float32Array(32 * 32);
    drawBall(slab, { height: 32, width: 32, pixelSize: 0.5, bottom: 0, top: 0.1 }, ball);
    expect(slab[16 * 32 + 10]).toBeCloseTo(0.1, 6);
    const beyond = new Float32Array(32 * 32);
    drawBall(beyond, { height: 32, width: 32, pixelSize: 0.5, bottom: 1.6, top: 2 }, ball);
    expect(beyond.every((v) => v === 0)).toBe(true);
  });

  it("makes beads of every kind as bright as asked, shells hollow, speckles inside", () => {
    for (const kind of beadKinds) {
      const bead = { kind, x: 1, y: 2, z: 3, diameter: 4, brightness: 0.5 };
      const balls = ballsOf(bead, new Random(2));
      const light = balls.reduce((sum, b) => sum + b.density * (4 / 3) * Math.PI * b.radius ** 3, 0);
      expect(light / (Math.PI * 2 ** 2)).toBeCloseTo(0.5, 10);
      for (const b of balls) expect(Math.hypot(b.x - 1, b.y - 2, b.z - 3) + b.radius).toBeLessThan(2 + 1e-9);
      expect(balls.length).toBe(kind === "solid" ? 1 : kind === "shell" ? 2 : 23);
    }
    const [outer, inner] = ballsOf({ kind: "shell", x: 0, y: 0, z: 0, diameter: 4, brightness: 1 }, new Random(0));
    expect(outer.density + inner.density).toBe(0);
  });
});
