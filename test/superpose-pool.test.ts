import { availableParallelism } from "node:os";
import { afterEach, describe, expect, it } from "vitest";
import { createRealFft2 } from "../src/array/fft.ts";
import { imageVolume } from "../src/optics/imaging/image-volume.ts";
import { superpose, transformSlices } from "../src/optics/imaging/superpose.ts";
import { openSuperposePool } from "../src/optics/imaging/superpose-pool.node.ts";
import { createSuperposePool, type SuperposePool } from "../src/optics/imaging/superpose-pool.ts";
import type { SuperposeTask } from "../src/optics/imaging/superpose-task.ts";
import type { Otf } from "../src/optics/psf/otf.ts";
import { normalNoise } from "./helpers/noise.ts";

const [height, width] = [24, 30];
const plan = createRealFft2(height, width);
const levels = Array.from({ length: 9 }, (_, s) => s - 4);
const planes = Array.from({ length: 11 }, (_, z) => 2 * z - 10);
const slices = transformSlices(plan, levels, (image, s) => image.set(normalNoise(image.length, s)));
/** Even OTFs at even distances, without symmetry at odd ones. */
const otfs = new Map<number, Otf>();
for (let distance = -14; distance <= 14; distance++) {
  const length = (distance % 2 ? height : height / 2 + 1) * plan.spectrumWidth;
  const real = normalNoise(length, 50 + distance);
  otfs.set(distance, distance % 2 ? { real, imag: normalNoise(length, 150 + distance) } : { real });
}
const bank = { height, width, at: (level: number) => otfs.get(level) as Otf };
const alone = Array.from(superpose(plan, slices, planes, bank), (image) => image.slice());

const open: SuperposePool[] = [];
const opened = (pool: SuperposePool) => {
  open.push(pool);
  return pool;
};
afterEach(async () => {
  await Promise.all(open.splice(0).map((pool) => pool.close()));
});
const imagesOf = async (pool: SuperposePool) => {
  const images: Float32Array[] = [];
  for await (const image of pool.superpose(plan, slices, planes, bank)) images.push(image);
  return images;
};

describe("superposition on threads", () => {
  it.each([1, 2, 3])("gives the same bytes on %i as on none, again and again", async (threads) => {
    const pool = opened(openSuperposePool(threads));
    expect(pool.threads).toBe(threads);
    expect(await imagesOf(pool)).toEqual(alone);
    expect(await imagesOf(pool)).toEqual(alone);
  });

  it("takes as many threads as there are processors", () => {
    expect(opened(openSuperposePool()).threads).toBe(availableParallelism());
  });

  it("sends each OTF to a thread once", async () => {
    const sent: SuperposeTask[] = [];
    let answer: (reply: { id: number; images: Float32Array<ArrayBuffer>[] }) => void = () => {};
    const pool = createSuperposePool([
      {
        post(task) {
          sent.push(structuredClone(task));
          answer({ id: task.id, images: task.planes.map(() => new Float32Array(1)) });
        },
        listen: (reply) => {
          answer = reply;
        },
        close: () => {},
      },
    ]);
    await imagesOf(pool);
    await imagesOf(pool);
    const used = new Set(planes.flatMap((plane) => levels.map((level) => level - plane)));
    expect(sent.flatMap((task) => task.otfs)).toHaveLength(used.size);
    expect(sent.some((task) => task.forget)).toBe(false);
  });

  it("images a specimen alike, and reports planes", async () => {
    const pool = opened(openSuperposePool(2));
    const data = normalNoise(4 * 32 * 32, 7).map(Math.abs);
    const volume = { data, depth: 4, height: 32, width: 32, pixelSize: 0.2, sliceStep: 0.5, bottom: -1 };
    const pupil = { na: 0.8, wavelength: 0.5, refractiveIndex: 1 };
    const seen: number[] = [];
    const onProgress = ({ done }: { done: number }) => seen.push(done);
    const shared = await imageVolume(volume, pupil, [-1, 0, 0.3, 2], { pool, onProgress });
    expect(shared).toEqual(await imageVolume(volume, pupil, [-1, 0, 0.3, 2]));
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it("fails when a thread is gone, and when the pool was closed", async () => {
    let broken: (why: string) => void = () => {};
    const pool = createSuperposePool([
      {
        post: () => broken("it ended with code 1"),
        listen: (_, end) => {
          broken = end;
        },
        close: () => {},
      },
    ]);
    const failure = { code: "runtime.failed", message: expect.stringMatching(/a thread failed: it ended with code 1/) };
    await expect(imagesOf(pool)).rejects.toMatchObject(failure);
    await expect(imagesOf(pool)).rejects.toMatchObject(failure);
    const closed = openSuperposePool(1);
    await closed.close();
    await expect(imagesOf(closed)).rejects.toMatchObject({ message: expect.stringMatching(/the pool was closed/) });
  });

  it("tells what went wrong inside a thread", async () => {
    const pool = opened(openSuperposePool(1));
    const wrong = { ...plan, height: 7 };
    const run = async () => {
      for await (const _ of pool.superpose(wrong, slices, planes, bank)) void _;
    };
    await expect(run()).rejects.toMatchObject({ message: expect.stringMatching(/7 is not 2\^a 3\^b 5\^c/) });
  });
});
