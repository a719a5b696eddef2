/**
 * Is an all-in-focus image nearer to the truth than any recorded plane, and which planes does it come from? `parfocal fuse` beside
 * complex wavelets (Forster et al. 2004), a labelling (semi-global matching) and the sharpest plane of each pixel, on simulated
 * specimens and recorded stacks.
 *
 *     npm run bench:fusion [-- --seeds 11,12,13] [--size 192] [--only simulated|recorded] [--json FILE]
 */
import { existsSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { coneSlope } from "../src/classical/cone-slope.ts";
import { fuse, minConfidence } from "../src/classical/fusion/fuse.ts";
import { stackSource } from "../src/classical/fusion/plane-source.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { psnr, sharpest } from "./fusion/compare.ts";
import { fuseByWavelets } from "./fusion/complex-wavelet.ts";
import { recordedCases } from "./fusion/recorded.ts";
import { bestPlane, detailCorrelation, outerShare } from "./fusion/scores.ts";
import { fuseByLabelling } from "./fusion/semi-global.ts";
import { fluorescentRecipes, simulateSpecimen, takenAt } from "./fusion/specimens.ts";

interface Made {
  image: Float32Array;
  depth?: Float32Array;
  /** 1 where the depth is the pixel's own. */
  own?: Float32Array;
}
export type FusionMethod = (stack: Stack) => Promise<Made> | Made;

export const methods: Record<string, FusionMethod> = {
  "sharpest plane of each pixel": (stack) => ({ image: sharpest(stack) }),
  "complex wavelets": (stack) => fuseByWavelets(stack),
  labelling: fuseByLabelling,
  "parfocal fuse": async (stack) => {
    const { image, depth, confidence } = await fuse(stackSource(stack), { slope: coneSlope(stack) });
    return { image, depth, own: confidence.map((c) => (c > minConfidence ? 1 : 0)) };
  },
};

type Scores = Record<string, number>;

/** Scores against several truths, of each method and of single planes. */
async function judge(
  stack: Stack,
  {
    nearest,
    truths,
    perfect,
  }: { nearest?: number | undefined; truths: Record<string, Float32Array>; perfect?: Float32Array },
  all: Record<string, FusionMethod>,
): Promise<Record<string, Scores>> {
  const measures = Object.entries(truths).flatMap(([name, truth]): [string, (image: Float32Array) => number][] => [
    [`dB ${name}`, (image) => psnr(image, truth)],
    [`detail ${name}`, (image) => detailCorrelation(image, truth, stack.width)],
  ]);
  const scored = (image: Float32Array): Scores => Object.fromEntries(measures.map(([name, of]) => [name, of(image)]));
  const rows: Record<string, Scores> = {};
  if (nearest !== undefined) rows["plane nearest the middle"] = scored(planeOf(stack, nearest).data);
  if (measures.length > 0)
    rows["best plane for each score"] = Object.fromEntries(
      measures.map(([name, of]) => [name, bestPlane(stack, of).score]),
    );
  const candidates: Record<string, FusionMethod> = { ...all };
  if (perfect) candidates["recorded, at the true depth"] = () => ({ image: takenAt(stack, perfect), depth: perfect });
  for (const [name, method] of Object.entries(candidates)) {
    const begun = performance.now();
    const { image, depth, own } = await method(stack);
    const seconds = (performance.now() - begun) / 1000;
    rows[name] = { ...scored(image), ...(depth && { "outer %": 100 * outerShare(image, depth, stack.depth) }) };
    if (own) rows[name]["uncertain %"] = 100 * (1 - own.reduce((a, b) => a + b, 0) / own.length);
    rows[name]["Mpx/s"] = stack.data.length / 1e6 / seconds;
  }
  return rows;
}

function mean(rows: readonly Record<string, Scores>[]): Record<string, Scores> {
  return Object.fromEntries(
    Object.keys(rows[0]).map((name) => [
      name,
      Object.fromEntries(
        Object.keys(rows[0][name]).map((key) => [
          key,
          rows.reduce((sum, row) => sum + row[name][key] / rows.length, 0),
        ]),
      ),
    ]),
  );
}

function print(title: string, rows: Record<string, Scores>): void {
  const keys = Object.keys(rows["parfocal fuse"]);
  console.log(`\n${title}\n| | ${keys.join(" | ")} |\n|---|${keys.map(() => "---|").join("")}`);
  for (const [name, scores] of Object.entries(rows)) {
    const cell = (key: string) =>
      scores[key] === undefined ? "" : scores[key].toFixed(key.startsWith("detail") ? 3 : 1);
    console.log(`| ${name} | ${keys.map(cell).join(" | ")} |`);
  }
}

export async function main(all: Record<string, FusionMethod>): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: "string", default: "11,12,13" },
      size: { type: "string", default: "192" },
      only: { type: "string" },
      json: { type: "string" },
    },
  });
  const seeds = values.seeds.split(",").map(Number);
  const results: Record<string, Record<string, Scores>[]> = {};
  const simulated: [string, string, object][] = [
    ...fluorescentRecipes.map((recipe): [string, string, object] => [recipe, recipe, { size: Number(values.size) }]),
    ["nuclei, 14 in 256 x 256 x 27", "nuclei", { size: 256, planes: 27, specimen: { nuclei: 14 } }],
  ];
  if (values.only !== "recorded")
    for (const [title, recipe, options] of simulated) {
      results[title] = [];
      for (const seed of seeds) {
        const specimen = await simulateSpecimen(recipe, { size: 192, ...options, seed });
        const truths = {
          specimen: specimen.atSpecimen,
          "middle plane": specimen.middlePlane,
        };
        const rows = await judge(specimen.stack, { nearest: specimen.middle, truths, perfect: specimen.depth }, all);
        results[title].push(rows);
      }
      print(`${title}, mean of seeds ${seeds.join(", ")}`, mean(results[title]));
    }
  if (values.only !== "simulated" && existsSync("../shared/data"))
    for (const { name, stack, nearest, reference, from } of await recordedCases()) {
      const title = `${name}${from ? `; against: ${from}` : ""}`;
      results[title] = [await judge(stack, { nearest, truths: reference ? { reference } : {} }, all)];
      print(title, results[title][0]);
    }
  if (values.json) writeFileSync(values.json, JSON.stringify(results));
}

if (process.argv[1]?.includes("fusion.bench")) await main(methods);
