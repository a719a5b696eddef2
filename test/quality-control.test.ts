/** Quality control as ZeroCostDL4Mic's notebooks have it: against numpy and scikit-image, and by what is known of it. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
import { type QualityControl, qualityControl, qualityControlCsv } from "../src/metrics/quality-control.ts";
import type { Candidate } from "../src/study/candidate.ts";
import { everyPlane } from "../src/study/every-plane.ts";
import {
  qualityControlRows,
  qualityControlTable,
  qualityControlCsv as studyCsv,
} from "../src/study/quality-control-section.ts";
import { cropPlane, openStudiedStack, type StudiedStack } from "../src/study/studied-stack.ts";
import { gaussianBlur, identity } from "./helpers/constructed-candidates.ts";

interface Numbers {
  mssim: number;
  nrmse: number;
  psnr: number;
}
interface Case {
  height: number;
  width: number;
  dtype: "uint8" | "uint16" | "float32";
  A: number;
  B: number;
  C: number;
  gain: number;
  offset: number;
  output: Numbers;
  input: Numbers;
}
const golden: { cases: Case[] } = JSON.parse(
  readFileSync(new URL("fixtures/quality-control/quality-control.json", import.meta.url), "utf8"),
);

/** The formulas of make_quality_control.py. */
function pictures({ height, width, dtype, A, B, C, gain, offset }: Case): Record<"output" | "input" | "target", Plane> {
  const plane = (): Plane => ({ data: new Float32Array(height * width), height, width });
  const [output, input, target] = [plane(), plane(), plane()];
  const round = (v: number) => (dtype === "float32" ? v : Math.floor(v));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      const noise = (s: number) => ((y * 7919 + x * 104729 + s * 1299709) % 1009) / 1009;
      const wave = Math.sin(y / 5) * Math.cos(x / 7);
      const truth = round(A * (0.5 + 0.3 * wave) + B * noise(1));
      target.data[i] = truth;
      output.data[i] = round(offset + gain * truth + C * noise(2));
      input.data[i] = round(A * (0.5 + 0.12 * wave) + C * noise(3));
    }
  return { output, input, target };
}

const metrics = ["mssim", "nrmse", "psnr"] as const;

describe.each(golden.cases)("quality control of $dtype, $height x $width", (expected) => {
  const found = qualityControl(pictures(expected));

  it.each(metrics)("%s is what the notebooks' formulas give, to 1e-5", (key) => {
    for (const side of ["output", "input"] as const) {
      expect(Math.abs(found[key][side] - expected[side][key])).toBeLessThan(1e-5);
    }
  });
});

const noise = (height: number, width: number, seed: number): Plane => {
  const random = new Random(seed);
  return { data: Float32Array.from({ length: height * width }, () => random.uniform()), height, width };
};
const changed = (plane: Plane, of: (value: number) => number): Plane => ({ ...plane, data: plane.data.map(of) });

describe("quality control", () => {
  const [target, input] = [noise(40, 50, 1), noise(40, 50, 2)];

  it("cares for neither gain nor offset, nor for the sign of a gain", () => {
    for (const [gain, offset] of [
      [4, 100],
      [-4, 100],
    ]) {
      const { mssim, nrmse, psnr } = qualityControl({
        output: changed(target, (v) => gain * v + offset),
        input,
        target,
      });
      expect(mssim.output).toBeGreaterThan(0.999);
      expect(nrmse.output).toBeLessThan(0.02);
      expect(psnr.output).toBeGreaterThan(60);
      expect(mssim.input).toBeLessThan(0.2);
    }
  });

  it("takes the root of the mean absolute error for NRMSE", () => {
    // A checkerboard of 0 and 1, whose mean is 0.5.
    const data = Float32Array.from({ length: 32 * 32 }, (_, i) => ((i >> 5) + i) % 2);
    const board = { data, height: 32, width: 32 };
    const { nrmse } = qualityControl({ output: noise(32, 32, 3), input: board, target: board });
    // The noise explains next to nothing: |error| is 0.5 everywhere, up to what chance lets noise explain.
    expect(nrmse.output).toBeCloseTo(Math.sqrt(0.5), 2);
    // Perfect, but for n / (n - 1) of the gain.
    expect(nrmse.input).toBeCloseTo(Math.sqrt(0.5 / (32 * 32 - 1)), 6);
  });

  it("says nothing of a constant picture", () => {
    const { mssim, nrmse, psnr } = qualityControl({ output: changed(target, () => 7), input, target });
    for (const pair of [mssim, nrmse, psnr]) {
      expect(pair.output).toBeNaN();
      expect(Number.isFinite(pair.input)).toBe(true);
    }
  });

  it("calls everything perfect where the target is constant, as the notebooks do: the gain that fits is 0", () => {
    const { mssim, nrmse, psnr } = qualityControl({ output: target, input, target: changed(target, () => 0.3) });
    expect([mssim.output, nrmse.output, psnr.output]).toEqual([1, 0, Number.POSITIVE_INFINITY]);
  });

  it("refuses planes of different size", () => {
    expect(() => qualityControl({ output: noise(40, 51, 1), input, target })).toThrow(/same size/);
    expect(() => qualityControl({ output: target, input: noise(41, 50, 1), target })).toThrow(/same size/);
  });

  it("writes the notebooks' table", () => {
    const numbers: QualityControl = {
      mssim: { output: 0.9, input: 0.5 },
      nrmse: { output: 0.1, input: 0.3 },
      psnr: { output: 30, input: 20 },
    };
    const [head, line, end] = qualityControlCsv([{ image: 'a "b".tif', ...numbers }]).split("\n");
    expect(head).toBe(
      "image #,Prediction v. GT mSSIM,Input v. GT mSSIM,Prediction v. GT NRMSE,Input v. GT NRMSE,Prediction v. GT PSNR,Input v. GT PSNR",
    );
    expect(line).toBe('"a ""b"".tif",0.9,0.5,0.1,0.3,30,20');
    expect(end).toBe("");
  });
});

describe("quality control of a study", () => {
  /** 7 planes with something in common, noisier away from the middle, and larger than the region of a study. */
  const [edge, depth, middle] = [400, 7, 3];
  const stackOf = (seed: number): Stack => {
    const [common, own] = [noise(edge, edge, seed), noise(edge * depth, edge, seed + 1)];
    const size = edge * edge;
    const data = own.data.map((v, i) => common.data[i % size] + 0.3 * v * Math.abs(Math.floor(i / size) - middle));
    return { data, depth, height: edge, width: edge, zStep: 1, dtype: "float32" };
  };
  const [stack, truth] = [stackOf(4), stackOf(6)];
  const open = (given?: Stack): StudiedStack =>
    openStudiedStack("noise.tif", stack, { sharpest: middle, truth: given });
  const judgedBy = async (candidate: Candidate, studied: StudiedStack) => ({
    candidate,
    studied,
    every: await everyPlane(candidate, studied, studied.stack),
  });
  const short: Candidate = { ...gaussianBlur, name: "short", range: [-2, 2] };
  const sections: Candidate = { ...identity, name: "sections", task: "section" };

  it("judges planes within range that are out of focus, against the sharpest one, in the region", async () => {
    const studied = open();
    const one = await judgedBy(short, studied);
    const rows = qualityControlRows([one]);
    expect(rows.map(({ plane }) => plane)).toEqual([1, 2, 4, 5]);
    expect(one.every.outcomes.length).toBeGreaterThan(5);
    const [input, target] = [1, 3].map((z) => cropPlane(planeOf(stack, z), studied.region));
    expect(input.width).toBe(384);
    const made = one.every.outcomes.find(({ plane }) => plane === 1)?.output ?? planeOf(stack, 1);
    const expected = qualityControl({ output: cropPlane(made, studied.region), input, target });
    expect(expected.psnr.output).not.toBeCloseTo(expected.psnr.input, 1);
    expect(rows[0]).toEqual({ candidate: "short", plane: 1, image: "noise.tif plane 1", ...expected });
    expect(qualityControlRows([one])[0]).toBe(rows[0]);
  });

  it("judges sections of every plane, against the truth of the same plane", async () => {
    const studied = open(truth);
    const rows = qualityControlRows([await judgedBy(sections, studied)]);
    expect(rows.map(({ plane }) => plane)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const [output, target] = [planeOf(stack, 5), planeOf(truth, 5)].map((one) => cropPlane(one, studied.region));
    expect(rows[5].psnr).toEqual(qualityControl({ output, input: output, target }).psnr);
  });

  it("gives means by candidate, and a table of all", async () => {
    const studies = [await judgedBy(short, open()), await judgedBy(sections, open(truth))];
    const rows = qualityControlRows(studies);
    const [section] = qualityControlTable(studies);
    if (section?.kind !== "table") throw new Error("no table");
    expect(section.caption).toContain("384 x 384");
    expect(section.rows.map((row) => row.slice(0, 3))).toEqual([
      ["short", "sharpest plane", 4],
      ["sections", "truth", 7],
    ]);
    const own = rows.filter(({ candidate }) => candidate === "short");
    const means = metrics.flatMap((key) =>
      (["input", "output"] as const).map((side) => own.reduce((sum, row) => sum + row[key][side], 0) / own.length),
    );
    for (const [i, value] of means.entries()) expect(Number(section.rows[0][3 + i])).toBeCloseTo(value, i < 4 ? 2 : 1);
    expect(section.columns.slice(3).map((name) => name.split(" ")[0])).toEqual([
      "mSSIM,",
      "mSSIM,",
      "NRMSE,",
      "NRMSE,",
      "PSNR,",
      "PSNR,",
    ]);
    expect(section.columns[3]).toContain("input");
    const lines = studyCsv(studies).trimEnd().split("\n");
    expect(lines).toHaveLength(1 + 11);
    expect(lines[0]).toMatch(/^candidate,plane,image #,Prediction v. GT mSSIM,/);
    expect(lines[1]).toMatch(/^"short",1,"noise.tif plane 1",/);
    expect(lines[1].split(",")).toHaveLength(9);
  });

  it("is silent where nothing was made within range", async () => {
    const none = await judgedBy({ ...short, range: [-0.5, 0.5] }, open());
    expect(qualityControlTable([none])).toEqual([]);
  });
});
