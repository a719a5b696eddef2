/** `parfocal evaluate`: how near an output comes to its truth, and how near what was recorded was. */
import { type Command, InvalidArgumentError } from "commander";
import {
  type Comparison,
  checkOutput,
  compareStacks,
  comparisonSheet,
  type DataRange,
  givenStacks,
  ParfocalError,
  type PlaneScores,
  readComparable,
  type Scores,
  svgPng,
  writeFileAtomic,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { listOfNumbers, numberOf } from "./option-values.ts";
import { table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

interface EvaluateOptions extends InputOptions {
  truth: string;
  input?: string[];
  inputPlanes?: number[];
  distances?: number[];
  dataRange?: DataRange;
  sheet?: string;
  force?: boolean;
}

export const evaluate: Verb<EvaluateOptions> = {
  name: "evaluate",
  arguments: "<output>",
  summary:
    "Score an output against its truth, beside what was recorded: PSNR, SSIM, detail, MS-SSIM, NRMSE, Pearson, and whether it is sharper or only smoother.",
  notes: [
    "Plane is compared with plane, and the scores are means over the planes. An input of one plane stands beside all.",
    "Planes that equal the truth exactly have an infinite PSNR; they are counted, named, and left out of the mean PSNR.",
    "The best recorded baseline is the best that can be had without a model: every input as it is or lightly smoothed, and the interpolation of several",
    "inputs. Of a z-stack as the input, --input-planes are the planes that the output was made of; the z step places them, and the truth's planes are",
    "those of the stack where there are as many, or lie at --distances from the first input plane. Several files may be given as inputs instead.",
    "Detail is the correlation of fine structure in three bands; what wins PSNR or SSIM only is denoised or smoothed, not sharper.",
    "PSNR without noise takes the noise of the truth out of the error, where that can be estimated and does not decide.",
    "PSNR and SSIM depend on the data range, so it is always printed. By default it is what the truth uses, between its",
    "percentiles 0.1 and 99.9: cameras rarely fill 16 bits, and against 65535 every blur looks perfect.",
  ],
  examples: [
    "parfocal evaluate refocused.tif --truth truth.tif --input blurred.tif --sheet look.png",
    "parfocal evaluate refocused.tif --truth stack.tif --channel 1 --data-range 4095 --json",
    "parfocal evaluate refocused.tif --truth truth.tif --input stack.tif --channel 0 --input-planes 0,2 --distances=1,2,3",
    "parfocal evaluate simulated/beads.tif --truth simulated/truth.tif",
  ],
  options(command: Command) {
    command.requiredOption("--truth <image>", "the ground truth: what the output would ideally be");
    command.option("--input <image>", "what the output was made of; give it several times for several planes", collect);
    command.option("--input-planes <list>", "planes of the input stack that the output was made of, from 0", planeList);
    command.option(
      "--distances <list>",
      "um from the first input plane to each plane of the output, such as --distances=-2,2",
      listOfNumbers,
    );
    command.option("--data-range <range>", "signal, type (255 or 65535) or a number of counts", readDataRange);
    command.option("--sheet <png>", "a picture of input, output, truth and difference; needs --input");
    command.option("--force", "replace a sheet that exists");
    addInputOptions(command);
  },
  async run([output], options, terminal) {
    const { sheet, force } = options;
    if (sheet !== undefined) await checkSheet(sheet, options);
    const inputPaths = options.input ?? [];
    if (inputPaths.length === 0) refuseWithoutInput(options);
    return withImages([output, options.truth, ...inputPaths], options, async (files) => {
      const { signal } = terminal;
      const [made, truth, ...read] = await readComparable(files, options, signal);
      const inputs = givenStacks(read, truth, options);
      const onProgress = terminal.progress("planes compared");
      const found = await compareStacks(
        { output: made, truth, inputs },
        { dataRange: options.dataRange, signal, onProgress },
      );
      if (sheet !== undefined && inputs.length > 0) {
        const [{ stack: input }] = inputs;
        const drawn = comparisonSheet({ output: made, truth, input }, found);
        await writeFileAtomic(sheet, await svgPng(drawn), { force });
      }
      return {
        json: { ...describe(found), ...(sheet !== undefined && { sheet }) },
        text: `${write(found)}${sheet === undefined ? "" : `\n\nSheet ${sheet}`}`,
        warnings: found.warnings,
      };
    });
  },
};

const collect = (value: string, all: string[] = []): string[] => [...all, value];

function planeList(text: string): number[] {
  const planes = listOfNumbers(text);
  if (planes.every((plane) => Number.isInteger(plane) && plane >= 0)) return planes;
  throw new InvalidArgumentError("Expected planes, from 0, such as 4,8.");
}

function refuseWithoutInput({ inputPlanes, distances }: EvaluateOptions): void {
  for (const [option, value] of [
    ["--input-planes", inputPlanes],
    ["--distances", distances],
  ] as const) {
    if (value === undefined) continue;
    const message = `${option} places the planes of an input; give --input as well.`;
    throw new ParfocalError("usage", message, { option, got: value });
  }
}

async function checkSheet(sheet: string, { input, force }: EvaluateOptions): Promise<void> {
  const wrong = (sentence: string) => new ParfocalError("usage", sentence, { option: "--sheet", got: sheet });
  if (input === undefined) throw wrong("--sheet shows the input beside the output; give --input as well.");
  if (!/\.png$/i.test(sheet)) throw wrong(`--sheet is written as PNG; got ${sheet}, give a name that ends in .png.`);
  await checkOutput(sheet, force);
}

function readDataRange(text: string): DataRange {
  if (text === "signal" || text === "type") return text;
  const value = numberOf(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected signal, type or a number above 0.");
}

function describe(found: Comparison) {
  const { output, input, detail, baseline, gain, againstBaseline: against, planes } = found;
  return {
    output,
    input: input ?? null,
    perfect_planes: found.perfectPlanes,
    baseline: baseline ?? null,
    detail: { output: detail.output, input: detail.input ?? null },
    psnr_noise_free: noiseFreeOf(found),
    gain_over_baseline: gain ?? null,
    better_than_baseline: against ? { psnr: against.betterInPsnr, detail: against.betterInDetail } : null,
    sentence: against?.sentence ?? null,
    data_range: found.dataRange,
    data_range_of: found.dataRangeOf,
    ssim_window: found.ssimWindow,
    planes: planes.map(({ psnrNoiseFree, ...one }) => ({ ...one, psnr_noise_free: noiseFreeOf({ psnrNoiseFree }) })),
    warnings: found.warnings,
  };
}

function noiseFreeOf({ psnrNoiseFree: { output, input, baseline } }: Pick<Comparison, "psnrNoiseFree">) {
  return { output: output ?? null, input: input ?? null, baseline: baseline ?? null };
}

const columns: readonly [keyof Scores, string, number][] = [
  ["psnr", "PSNR dB", 2],
  ["ssim", "SSIM", 4],
  ["ms_ssim", "MS-SSIM", 4],
  ["nrmse", "NRMSE", 4],
  ["pearson", "Pearson", 4],
];

function write(found: Comparison): string {
  const { planes, dataRange, dataRangeOf, ssimWindow, baseline, againstBaseline: against, psnrNoiseFree } = found;
  const row = (label: string, name: string, scores: Scores, detail: number) => [
    label,
    name,
    ...columns.map(([key, , digits]) => scores[key].toFixed(digits)),
    detail.toFixed(4),
  ];
  const rows = [["plane", "", ...columns.map(([, title]) => title), "detail"]];
  const each = (label: string, one: Omit<PlaneScores, "plane" | "psnrNoiseFree">) => {
    rows.push(row(label, "output", one.output, one.detail.output.mean));
    if (one.input) rows.push(row("", "input", one.input, one.detail.input?.mean ?? Number.NaN));
    if (!one.baseline) return;
    const { psnr, ssim, detail } = one.baseline;
    rows.push(["", "baseline", psnr.value.toFixed(2), ssim.value.toFixed(4), "", "", "", detail.value.toFixed(4)]);
  };
  if (planes.length > 1) for (const one of planes) each(String(one.plane), one);
  each(planes.length > 1 ? "mean" : "0", found);
  const noiseFree = Object.entries(psnrNoiseFree).map(
    ([name, value]) => `${name} ${value === undefined ? "unknown" : `${value.toFixed(2)} dB`}`,
  );
  return [
    table(rows, [0, 2, 3, 4, 5, 6, 7]),
    "",
    `Data range ${Number(dataRange.toPrecision(6))} counts (${dataRangeOf}); SSIM: ${ssimWindow}.`,
    "Higher is better, but for NRMSE, where 0 is perfect.",
    `PSNR without the noise of the truth: ${noiseFree.join(", ")}.`,
    ...(baseline
      ? [
          `Best recorded baseline: ${baseline.psnr.name} in PSNR, ${baseline.ssim.name} in SSIM, ${baseline.detail.name} in detail.`,
        ]
      : []),
    ...(against ? ["", against.sentence] : []),
  ].join("\n");
}
