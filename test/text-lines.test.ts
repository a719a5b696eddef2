/** How wide text is, and where it is broken. */
// cspell:ignore Mmilj
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { textWidth, typeset, wrapText } from "../src/figures/text-lines.ts";

const size = 16;

describe("text in lines", () => {
  const width = textWidth("evolve_testB", size);
  const wrap = (text: string) => wrapText(text, width, size);

  it("is broken at spaces and line feeds", () => {
    expect(wrap("the sharpest plane\n+2 um")).toEqual(["the sharpest", "plane", "+2 um"]);
  });

  it("is not broken between a number and its unit, or the word before it", () => {
    const narrow = textWidth("PSNR 34.1 dB,", size);
    expect(wrapText("PSNR 34.1 dB, SSIM 0.93", narrow, size)).toEqual(["PSNR 34.1 dB,", "SSIM 0.93"]);
    expect(wrapText("the sharpest plane -12", textWidth("the sharpest plane", size), size)).toEqual([
      "the sharpest",
      "plane -12",
    ]);
    expect(wrapText("measured +2 um", textWidth("measured +2", size), size)).toEqual(["measured", "+2 um"]);
  });

  it("names of files are broken after a sign, or where they must be, and nothing is lost", () => {
    expect(wrap("evolve_testB_Brightfield +2 um")).toEqual(["evolve_", "testB_", "Brightfield", "+2 um"]);
    const letters = "abcdefghijklmnopqrstuvwxyz";
    const lines = wrap(`of ${letters}`);
    expect(lines.join("").replaceAll(" ", "")).toBe(`of${letters}`);
    for (const line of lines) expect(textWidth(line, size)).toBeLessThanOrEqual(width);
    expect(wrapText("ab", 1, size)).toEqual(["a", "b"]);
    expect(wrapText("", 10, size)).toEqual([""]);
  });

  it.each([
    "WMmiljIt.,|",
    "PSNR 34.1 dB, SSIM 0.935",
    "0123456789 ± 3 µm ≥ 2 σ → λ",
    "ÄÖÜ café Ångström",
    "comi_membrane_moments",
  ])("is as wide as it is drawn: %s", async (text) => {
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="900" height="60"><text x="20" y="40" font-size="32">${text}|</text></svg>`;
    const { data, width: columns, channels } = decode(await svgPng(svg));
    let last = 0;
    for (let i = 0; i < data.length; i += channels) if (data[i] < 128) last = Math.max(last, (i / channels) % columns);
    // The stroke in the middle of "|", whose width is counted whole.
    const stroke = textWidth("|", 32) / 2;
    expect(last - 20).toBeGreaterThan(0.99 * (textWidth(text, 32) + stroke) - 3);
    expect(last - 20).toBeLessThan(textWidth(text, 32) + stroke + 3);
  });
});

it("numbers have a true minus sign, names, ranges and units stay what they are", () => {
  expect(typeset("-1.5 um, (-2) -.5")).toBe("−1.5 µm, (−2) −.5");
  const names = "2024-05-01 x-3 plane-2 a - b 3-4";
  expect(typeset(names)).toBe(names);
});
