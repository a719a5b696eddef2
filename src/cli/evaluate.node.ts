/** `parfocal evaluate`: how near an output comes to its truth, and how near the untouched input was. */
import { type Command, InvalidArgumentError } from "commander";
import {
  type Comparison,
  checkOutput,
  compareStacks,
  comparisonSheet,
  type DataRange,
  ParfocalError,
  readComparable,
  type Scores,
  writeFileAtomic,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { numberOf } from "./option-values.ts";
import { table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

interface EvaluateOptions extends InputOptions {
  truth: string;
  input?: string;
  dataRange?: DataRange;
  sheet?: string;
  force?: boolean;
}

export const evaluate: Verb<EvaluateOptions> = {
  name: "evaluate",
  arguments: "<output>",
  summary: "Score an output against its truth, beside the untouched input: PSNR, SSIM, MS-SSIM, NRMSE, Pearson.",
  notes: [
    "Plane is compared with plane, and the scores are means over the planes. An input of one plane stands beside all.",
    "PSNR and SSIM depend on the data range, so it is always printed. By default it is what the truth uses, between its",
    "percentiles 0.1 and 99.9: cameras rarely fill 16 bits, and against 65535 every blur looks perfect.",
  ],
  examples: [
    "parfocal evaluate refocused.tif --truth truth.tif --input blurred.tif --sheet look.png",
    "parfocal evaluate refocused.tif --truth stack.tif --channel 1 --data-range 4095 --json",
    "parfocal evaluate simulated/beads.tif --truth simulated/truth.tif",
  ],
  options(command: Command) {
    command.requiredOption("--truth <image>", "what the output should be");
    command.option("--input <image>", "what the output was made of");
    command.option("--data-range <range>", "signal, type (255 or 65535) or a number of counts", readDataRange);
    command.option("--sheet <png>", "a picture of input, output, truth and difference; needs --input");
    command.option("--force", "replace a sheet that exists");
    addInputOptions(command);
  },
  async run([output], options, terminal) {
    const { sheet, force } = options;
    if (sheet !== undefined) await checkSheet(sheet, options);
    return withImages([output, options.truth, ...(options.input ? [options.input] : [])], options, async (files) => {
      const { signal } = terminal;
      const [made, truth, input] = await readComparable(files, options, signal);
      const onProgress = terminal.progress("planes compared");
      const found = await compareStacks(
        { output: made, truth, input },
        { dataRange: options.dataRange, signal, onProgress },
      );
      if (sheet !== undefined && input) {
        await writeFileAtomic(sheet, comparisonSheet({ output: made, truth, input }, found), { force });
      }
      return {
        json: { ...describe(found), ...(sheet !== undefined && { sheet }) },
        text: `${write(found)}${sheet === undefined ? "" : `\n\nSheet ${sheet}`}`,
        warnings: found.warnings,
      };
    });
  },
};

async function checkSheet(sheet: string, { input, force }: EvaluateOptions): Promise<void> {
  const wrong = (sentence: string) => new ParfocalError("usage", sentence, { option: "--sheet", got: sheet });
  if (!input) throw wrong("--sheet shows the input beside the output; give --input as well.");
  if (!/\.png$/i.test(sheet)) throw wrong(`--sheet is written as PNG; got ${sheet}, give a name that ends in .png.`);
  await checkOutput(sheet, force);
}

function readDataRange(text: string): DataRange {
  if (text === "signal" || text === "type") return text;
  const value = numberOf(text);
  if (value > 0 && Number.isFinite(value)) return value;
  throw new InvalidArgumentError("Expected signal, type or a number above 0.");
}

function describe({ output, input, planes, dataRange, dataRangeOf, ssimWindow, warnings }: Comparison) {
  return {
    output,
    input: input ?? null,
    data_range: dataRange,
    data_range_of: dataRangeOf,
    ssim_window: ssimWindow,
    planes,
    warnings,
  };
}

const columns: readonly [keyof Scores, string, number][] = [
  ["psnr", "PSNR dB", 2],
  ["ssim", "SSIM", 4],
  ["ms_ssim", "MS-SSIM", 4],
  ["nrmse", "NRMSE", 4],
  ["pearson", "Pearson", 4],
];

function write({ output, input, planes, dataRange, dataRangeOf, ssimWindow }: Comparison): string {
  const row = (label: string, name: string, scores: Scores) => [
    label,
    name,
    ...columns.map(([key, , digits]) => scores[key].toFixed(digits)),
  ];
  const rows = [["plane", "", ...columns.map(([, title]) => title)]];
  const pair = (label: string, one: { output: Scores; input?: Scores }) => {
    rows.push(row(label, "output", one.output));
    if (one.input) rows.push(row("", "input", one.input));
  };
  if (planes.length > 1) for (const one of planes) pair(String(one.plane), one);
  pair(planes.length > 1 ? "mean" : "0", input ? { output, input } : { output });
  return [
    table(rows, [0, 2, 3, 4, 5, 6]),
    "",
    `Data range ${Number(dataRange.toPrecision(6))} counts (${dataRangeOf}); SSIM: ${ssimWindow}.`,
    "Higher is better, but for NRMSE, where 0 is perfect.",
  ].join("\n");
}
