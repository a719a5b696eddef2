import { decode, encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { smallPng } from "../figures/small-png.ts";
import { Random } from "../src/array/random.ts";

/** A colour PNG of `paint(y, x)`. */
function png(height: number, width: number, paint: (y: number, x: number) => readonly number[]): Uint8Array {
  const data = Uint8Array.from({ length: 3 * height * width }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return paint(Math.floor(pixel / width), pixel % width)[i % 3];
  });
  return encode({ data, height, width, channels: 3, depth: 8 });
}

/** Of a PNG with a palette, red, green and blue of a pixel. */
function colourAt(bytes: Uint8Array, y: number, x: number): number[] {
  const { data, width, depth, palette = [] } = decode(bytes);
  const perByte = 8 / depth;
  const byte = data[y * Math.ceil(width / perByte) + Math.floor(x / perByte)];
  return palette[(byte >> (8 - depth * ((x % perByte) + 1))) & (2 ** depth - 1)].slice(0, 3);
}

const ramp = (x: number): number[] => [x, Math.round(x / 2), 255 - x];

describe("small PNG", () => {
  it("keeps few colours exactly, two pixels to a byte, also where a row has an odd number of pixels", () => {
    const colours = [
      [255, 255, 255],
      [30, 30, 30],
      [178, 24, 43],
      [0, 0, 0],
    ] as const;
    const at = (y: number, x: number) => colours[(x * y + x) % 4];
    const small = smallPng(png(61, 101, at));
    expect(decode(small)).toMatchObject({ width: 101, height: 61, depth: 4 });
    for (const y of [0, 1, 37, 60]) {
      const row = Array.from({ length: 101 }, (_, x) => x);
      expect(row.map((x) => colourAt(small, y, x))).toEqual(row.map((x) => at(y, x)));
    }
  });

  it("shows no steps in a smooth ramp, and spends fewer colours on noise", () => {
    const random = new Random(1);
    const smooth = smallPng(png(64, 256, (_, x) => ramp(x)));
    for (let x = 0; x < 256; x++) {
      const off = colourAt(smooth, 30, x).map((value, c) => Math.abs(value - ramp(x)[c]));
      expect(Math.max(...off)).toBeLessThanOrEqual(5);
    }
    const grey = Array.from({ length: 64 * 256 }, () =>
      Math.min(255, Math.max(0, Math.round(128 + 40 * random.normal()))),
    );
    const noise = smallPng(png(64, 256, (y, x) => new Array<number>(3).fill(grey[256 * y + x])));
    expect(decode(noise).palette?.length).toBeLessThan(decode(smooth).palette?.length as number);
  });

  it("reduces a wide picture by averages, and leaves alone what is small already", () => {
    const wide = png(40, 2000, (_, x) => new Array<number>(3).fill(x % 2 === 0 ? 200 : 100));
    const small = smallPng(wide, 1000);
    expect(decode(small)).toMatchObject({ width: 1000, height: 20 });
    expect(colourAt(small, 10, 500)).toEqual([150, 150, 150]);
    expect(smallPng(small, 1000)).toEqual(small);
  });
});
