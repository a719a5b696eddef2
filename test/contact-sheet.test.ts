/** Pictures beside each other: the pixels are those of the planes, and the text is there. */
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { percentiles } from "../src/array/statistics.ts";
import { divergingColour } from "../src/figures/colour-map.ts";
import { contactSheet, type SheetRow } from "../src/figures/contact-sheet.ts";
import { roundLength } from "../src/figures/panel.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import type { Plane } from "../src/image/image.ts";

function plane(seed: number, height = 64, width = 48): Plane {
  const random = new Random(seed);
  return { data: Float32Array.from({ length: height * width }, () => 100 + 50 * random.uniform()), height, width };
}

function rowOf(height = 64, width = 48): SheetRow {
  const truth = plane(1, height, width);
  const noise = plane(2, height, width);
  const output = { ...truth, data: truth.data.map((v, i) => v + 0.1 * (noise.data[i] - 125)) };
  const input = { ...truth, data: truth.data.map((v, i) => v + 0.5 * (noise.data[i] - 125)) };
  return { label: "+2.0 um", input, output, truth };
}

type Picture = { data: ArrayLike<number>; width: number; height: number; channels: number };
const read = async (svg: string): Promise<Picture> => decode(await svgPng(svg));
/** RGB, of grey as well. */
const pixel = ({ data, width, channels }: Picture, y: number, x: number): number[] =>
  [0, 1, 2].map((c) => data[(y * width + x) * channels + Math.min(c, channels - 1)]);
/** What is written in a drawing, line by line. */
const textsOf = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

/** Left upper corners of places where a plane is drawn as grey, with its own zoom and contrast. */
function find(picture: Picture, source: Plane, zoom: number, low: number, high: number): { y: number; x: number }[] {
  const grey = (v: number) => Math.round(255 * Math.min(1, Math.max(0, (v - low) / (high - low))));
  const found: { y: number; x: number }[] = [];
  const probes = [0, 7, 500, 1111, 1600].map((i) => ({
    y: Math.floor(i / source.width) * zoom,
    x: (i % source.width) * zoom,
    value: grey(source.data[i]),
  }));
  for (let y = 0; y < picture.height - zoom * source.height; y++)
    for (let x = 0; x < picture.width - zoom * source.width; x++)
      if (probes.every((p) => pixel(picture, y + p.y, x + p.x).every((c) => c === p.value))) found.push({ y, x });
  return found.filter((at, i) => i === 0 || at.y >= found[i - 1].y + zoom || at.x >= found[i - 1].x + zoom);
}

describe("a contact sheet", () => {
  const row = rowOf();
  const [low, high] = percentiles((row.truth ?? row.input).data, [0.1, 99.9]);

  it("shows input, output and truth with the contrast of the truth, enlarged by a whole factor, in this order", async () => {
    const picture = await read(contactSheet([row]));
    const places = [row.input, row.output, row.truth ?? row.input].map((p) => find(picture, p, 4, low, high));
    for (const place of places) expect(place.length).toBe(1);
    expect(places[0][0].x).toBeLessThan(places[1][0].x);
    expect(places[1][0].x).toBeLessThan(places[2][0].x);
    expect(new Set(places.map((place) => place[0].y)).size).toBe(1);
  });

  it("shows both differences on one symmetric scale: red too bright, blue too dark", async () => {
    const picture = await read(contactSheet([row]));
    const truth = row.truth ?? row.input;
    const { y, x } = find(picture, truth, 4, low, high)[0];
    const step = x - find(picture, row.output, 4, low, high)[0].x;
    const lack = (p: Plane) => p.data.map((v, i) => v - truth.data[i]);
    const limit = Math.max(...[row.input, row.output].map((p) => percentiles(lack(p).map(Math.abs), [99.9])[0]));
    [row.input, row.output].forEach((p, column) => {
      const differences = lack(p);
      for (const i of [3, 100, 1500, 3000]) {
        const at = pixel(picture, y + 4 * Math.floor(i / 48), x + (column + 1) * step + 4 * (i % 48));
        expect(at).toEqual([...divergingColour(differences[i] / limit)]);
      }
    });
  });

  it("draws a scale bar of the right length", async () => {
    const dark = { data: new Float32Array(64 * 64), height: 64, width: 64 };
    dark.data[0] = 1;
    const svg = contactSheet([{ label: "", input: dark, output: dark }], { pixelSize: 0.5 });
    expect(textsOf(svg)).toContain("5 µm");
    const picture = await read(svg);
    // 64 pixels of 0.5 um, enlarged 4 times: a quarter is 8 um, so the bar has 5 um or 40 pixels.
    // White between pure black: the outline of the bar and of its text (other text is dark grey).
    let longest = 0;
    const sign = (v: number) => (v === 255 ? "w" : v === 0 ? "b" : ".");
    for (let y = 0; y < picture.height; y++) {
      const line = Array.from({ length: picture.width }, (_, x) => sign(pixel(picture, y, x)[0])).join("");
      for (const run of line.matchAll(/(?<=b)w+(?=b)/g)) longest = Math.max(longest, run[0].length);
    }
    expect(longest).toBe(40);
  });

  it("averages large planes down, and grows by a row for each", async () => {
    const large = rowOf(700, 500);
    const one = await read(contactSheet([large]));
    const two = await read(contactSheet([large, large]));
    expect(one.width).toBeLessThan(1500);
    expect(two.width).toBe(one.width);
    expect(two.height).toBeGreaterThan(one.height + 288);
  });

  it("without a truth has two panels", async () => {
    const { truth: _, ...without } = row;
    const { width } = await read(contactSheet([row]));
    expect((await read(contactSheet([without]))).width).toBeLessThan(width - 400);
  });

  it("says in words what is shown, with units and scores", () => {
    const scored = { ...row, inputScores: { psnr: 34.1, ssim: 0.93 }, outputScores: { psnr: Infinity, ssim: 1 } };
    const texts = textsOf(contactSheet([scored], { title: "A < B", unit: "photons" }));
    expect(texts).toEqual(
      expect.arrayContaining([
        "A &lt; B",
        "Input",
        "Output",
        "Ground truth",
        "Input − ground truth",
        "Output − ground truth",
        "+2.0 µm",
      ]),
    );
    expect(texts).toEqual(expect.arrayContaining(["PSNR 34.1 dB,", "SSIM 0.930", "PSNR identical,", "SSIM 1.000"]));
    expect(texts.join(" ")).toMatch(/Grey: 100 to 150 photons/);
    expect(texts.filter((text) => /^−\d/.test(text))).toHaveLength(2);
  });

  it("draws the same bytes of the same planes", async () => {
    const draw = () => contactSheet([rowOf()], { title: "A", pixelSize: 0.1 });
    expect(draw()).toBe(draw());
    expect(await svgPng(draw())).toEqual(await svgPng(draw()));
  });

  it("refuses no rows, other sizes and NaN", () => {
    expect(() => contactSheet([])).toThrow(/no rows/);
    expect(() => contactSheet([{ ...row, output: plane(3, 10, 10) }])).toThrow(/10 x 10/);
    const broken = { ...row.output, data: row.output.data.slice().fill(Number.NaN) };
    expect(() => contactSheet([{ ...row, output: broken }])).toThrow(/NaN/);
  });

  it("a flat plane is grey, not an error", async () => {
    const flat = { data: new Float32Array(64 * 48).fill(3), height: 64, width: 48 };
    const picture = await read(contactSheet([{ label: "flat", input: flat, output: flat, truth: flat }]));
    expect(find(picture, flat, 4, 2, 4).length).toBeGreaterThan(0);
  });
});

it("scale bars have round lengths", () => {
  expect([0.34, 0.05, 1, 4.99, 7, 26, 99, 100].map(roundLength)).toEqual([0.2, 0.05, 1, 2, 5, 20, 50, 100]);
});
