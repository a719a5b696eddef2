/** Text in pictures. */
import { describe, expect, it } from "vitest";
import { textWidth, wrapText } from "../src/figures/canvas.ts";

describe("text in lines", () => {
  const width = textWidth("evolve_testB");

  it("is broken at spaces and line feeds", () => {
    expect(wrapText("the sharpest plane\n+2 um", width)).toEqual(["the sharpest", "plane", "+2 um"]);
  });

  it("names of files are broken after a sign, or where they must be, and nothing is lost", () => {
    expect(wrapText("evolve_testB_Brightfield +2 um", width)).toEqual(["evolve_", "testB_", "Brightfield", "+2 um"]);
    const letters = "abcdefghijklmnopqrstuvwxyz";
    const lines = wrapText(`of ${letters}`, width);
    expect(lines.join("")).toBe(`of${letters}`);
    for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(width);
    expect(wrapText("ab", 1)).toEqual(["a", "b"]);
    expect(wrapText("", 10)).toEqual([""]);
  });
});
