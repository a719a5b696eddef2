/** Drawings and charts as PNG: what stands where, in a font that comes along, and what is refused. */
// cspell:ignore Δσλπ
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { pixels } from "../src/figures/drawing.ts";
import { plotLines } from "../src/figures/plots.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { chartScale, openSvgPng } from "../src/figures/svg-png.ts";

interface Picture {
  data: ArrayLike<number>;
  width: number;
  height: number;
  channels: number;
}

const draw = async (svg: string): Promise<Picture> => decode(await svgPng(svg, chartScale));
/** RGB, of grey as well. */
const pixel = ({ data, width, channels }: Picture, y: number, x: number): number[] =>
  [0, 1, 2].map((c) => data[(y * width + x) * channels + Math.min(c, channels - 1)]);

const WHITE = [255, 255, 255];
/** The first line's colour, #0b4f8a. */
const BLUE = [0x0b, 0x4f, 0x8a];

/** A rising diagonal; the plotted part lies between (36, 64) and (276, 544) of 320 x 640 CSS pixels (y, x). */
const diagonal = (name: string): Promise<string> =>
  plotLines(
    [
      {
        name,
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
    ],
    { x: "z (µm)", y: "y" },
  );

/** Where two pictures of the same size differ. */
function differences(a: Picture, b: Picture): { y: number; x: number }[] {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  return Array.from({ length: a.width * a.height }, (_, i) => ({ y: Math.floor(i / a.width), x: i % a.width })).filter(
    ({ y, x }) => pixel(a, y, x).some((value, c) => value !== pixel(b, y, x)[c]),
  );
}

const letter = (text: string, family = "system-ui, sans-serif"): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30" font-family="${family}"><text x="5" y="20">${text}</text></svg>`;

describe("SVG as PNG", () => {
  // resvg starts once in a program: this has to be the first.
  it("says so where resvg does not start, and can be tried again", async () => {
    const broken = openSvgPng({ wasm: Uint8Array.of(0, 1, 2), font: new Uint8Array() });
    await expect(broken).rejects.toMatchObject({ code: "runtime.unavailable", fields: { runtime: "resvg" } });
    expect((await draw(letter("m"))).width).toBe(80);
  });

  it("makes a chart twice as large as the SVG, on opaque white, with the line in its colour and its place", async () => {
    const picture = await draw(await diagonal("beads"));
    expect([picture.height, picture.width]).toEqual([640, 1280]);
    for (let y = 0; y < 640; y++) expect(pixel(picture, y, 1279)).toEqual(WHITE);
    for (const part of [0.2, 0.45, 0.7]) {
      const [y, x] = [2 * (276 - 240 * part), 2 * (64 + 480 * part)].map(Math.round);
      expect(pixel(picture, y, x)).toEqual(BLUE);
      expect(pixel(picture, y, x + 30)).not.toEqual(BLUE);
    }
  });

  it("has text: only the name differs from a chart without it, and stands at the line's end", async () => {
    const changed = differences(await draw(await diagonal("beads")), await draw(await diagonal("")));
    expect(changed.length).toBeGreaterThan(200);
    const [ys, xs] = [changed.map(({ y }) => y), changed.map(({ x }) => x)];
    expect(Math.min(...xs)).toBeGreaterThanOrEqual(2 * (544 + 8));
    expect(Math.max(...xs)).toBeLessThan(2 * (544 + 8 + 45));
    expect(Math.min(...ys)).toBeGreaterThan(2 * (36 - 10));
    expect(Math.max(...ys)).toBeLessThan(2 * (36 + 10));
  });

  it.each(["comi_membrane_moments", "UNET_MITO_2X", "20240311_1530", "WWWWWWWWWWWWWWWW", "± 3 µm ≥ 2 σ → λ"])(
    "has room for the name %s",
    async (name) => {
      const picture = await draw(await diagonal(name));
      for (let y = 0; y < 640; y++) for (let x = 1276; x < 1280; x++) expect(pixel(picture, y, x)).toEqual(WHITE);
    },
  );

  it("draws symbols as themselves, whatever family is asked for", async () => {
    const missing = await draw(letter("\uf8ff"));
    const blank = await draw(letter(""));
    for (const symbol of "µ±°−–×²⁻≤≥≈√∞→Δσλπ") {
      const picture = await draw(letter(symbol));
      expect({ symbol, there: differences(picture, blank).length > 5 }).toEqual({ symbol, there: true });
      expect({ symbol, own: differences(picture, missing).length > 5 }).toEqual({ symbol, own: true });
    }
    for (const family of ["serif", "monospace", "No Such Font"]) {
      expect(await svgPng(letter("µ", family))).toEqual(await svgPng(letter("µ")));
    }
  });

  it.each([
    ["nothing", ""],
    ["no SVG", "a chart"],
    ["half an SVG", letter("beads").slice(0, -3)],
    ["an unknown entity", letter("&nbsp;")],
    ["no size", '<svg xmlns="http://www.w3.org/2000/svg" width="0" height="10"/>'],
    ["more pixels than memory", '<svg xmlns="http://www.w3.org/2000/svg" width="1e6" height="1e6"/>'],
  ])("refuses %s in a sentence, and goes on", async (_, svg) => {
    await expect(svgPng(svg)).rejects.toMatchObject({
      name: "ParfocalError",
      code: "image.unfit",
      message: expect.stringMatching(/^A drawing that cannot be made a PNG: [^\n]+\.$/),
    });
    expect(await draw(letter("m"))).toMatchObject({ width: 80, height: 60 });
  });

  it("keeps the pixels of enlarged pictures, each a square of its own colour", async () => {
    const random = new Random(1);
    const plane = { data: Float32Array.from({ length: 35 }, () => random.uniform()), height: 5, width: 7 };
    const colour = (value: number) => [Math.round(255 * value), 7, Math.round(99 * value)] as const;
    const { svg } = pixels(plane, 3, colour);
    const at = `<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><g transform="translate(4 2)">${svg}</g></svg>`;
    for (const scale of [1, 2]) {
      const picture = decode(await svgPng(at, scale));
      expect(picture).toMatchObject({ width: 40 * scale, height: 30 * scale, channels: 3 });
      for (let y = 0; y < 15 * scale; y++)
        for (let x = 0; x < 21 * scale; x++) {
          const value = plane.data[Math.floor(y / (3 * scale)) * 7 + Math.floor(x / (3 * scale))];
          expect(pixel(picture, y + 2 * scale, x + 4 * scale)).toEqual([...colour(value)]);
        }
    }
  });

  it("is grey where nothing has a colour", async () => {
    expect((await draw(letter("m"))).channels).toBe(1);
    expect((await draw(await diagonal("m"))).channels).toBe(3);
  });
});
