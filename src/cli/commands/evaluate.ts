import type { z } from "zod";
import type { evaluate as task } from "../../tasks/evaluate.ts";
import type { CommandText } from "../command.ts";
import { table } from "../text.ts";

type Result = z.output<typeof task.result>;
type Scores = Record<string, number | null>;

/** The parts of a result that are shown. */
interface Shown {
  output: Scores;
  input: Scores | null;
  baseline: Record<"psnr" | "ssim" | "detail", { value: number | null; name: string }> | null;
  detail: { output: { mean: number | null }; input: { mean: number | null } | null };
}

const columns: readonly [string, string, number][] = [
  ["psnr", "PSNR dB", 2],
  ["ssim", "SSIM", 4],
  ["ms_ssim", "MS-SSIM", 4],
  ["nrmse", "NRMSE", 4],
  ["pearson", "Pearson", 4],
];

export const evaluate: CommandText<Result> = {
  notes: [
    "Scores are PSNR, SSIM, MS-SSIM, NRMSE, Pearson's correlation and detail. Each plane is compared with the same plane of the ground truth, and the scores are means over the planes. An input of one plane is compared with all of them. Output and ground truth must have the same size and the same planes.",
    "Planes that equal the ground truth exactly have an infinite PSNR. They are listed, and left out of the mean PSNR.",
    "The best recorded baseline is the best image that can be had without a model: an input plane, lightly smoothed or not, or the interpolation of several. If the input is a z-stack, name the planes that the model was given with --input-planes. If the output does not have the same planes as the stack, also give their --distances from the first input plane. Several files can be given as inputs instead of a stack.",
    "Detail is the correlation of fine structure in three frequency bands. An output that is better only in PSNR or SSIM is denoised or smoothed, not sharper. PSNR without noise excludes the noise of the ground truth, if that can be estimated.",
    "PSNR and SSIM depend on the data range, so it is always printed. Images rarely use all 16 bits, and with a data range of 65535 even a badly blurred image scores well.",
  ],
  examples: [
    "parfocal evaluate refocused.tif --truth truth.tif --input blurred.tif --sheet comparison.png",
    "parfocal evaluate refocused.tif --truth stack.tif --channel 1 --data-range 4095 --json",
    "parfocal evaluate refocused.tif --truth truth.tif --input stack.tif --channel 0 --input-planes 0,2 --distances=1,2,3",
    "parfocal evaluate simulated/beads.tif --truth simulated/truth.tif",
  ],
  text(found) {
    const { planes, data_range: range, data_range_of: of, ssim_window: ssimWindow, sentence, sheet } = found;
    const rows = [["plane", "", ...columns.map(([, title]) => title), "detail"]];
    const whole = found as unknown as Shown;
    if (planes.length > 1) for (const one of planes) addRows(rows, String(one.plane), one as unknown as Shown);
    addRows(rows, planes.length > 1 ? "mean" : "0", whole);
    const noiseFree = Object.entries(found.psnr_noise_free as Scores).map(
      ([name, value]) => `${name} ${value === null ? "unknown" : `${value.toFixed(2)} dB`}`,
    );
    const { baseline } = whole;
    return [
      table(rows, [0, 2, 3, 4, 5, 6, 7]),
      "",
      `Data range ${Number(range.toPrecision(6))} counts (${of}); SSIM: ${ssimWindow}.`,
      "Higher is better, but for NRMSE, where 0 is perfect.",
      `PSNR without the noise of the truth: ${noiseFree.join(", ")}.`,
      ...(baseline
        ? [
            `Best recorded baseline: ${baseline.psnr.name} in PSNR, ${baseline.ssim.name} in SSIM, ${baseline.detail.name} in detail.`,
          ]
        : []),
      ...(sentence === null ? [] : ["", sentence]),
      ...(sheet === undefined ? [] : ["", `Sheet ${sheet}`]),
    ].join("\n");
  },
};

function addRows(rows: string[][], label: string, { output, input, baseline, detail }: Shown): void {
  const row = (scores: Scores, of: { mean: number | null } | null) => [
    ...columns.map(([key, , digits]) => fixed(scores[key], digits)),
    fixed(of?.mean ?? null, 4, "-"),
  ];
  rows.push([label, "output", ...row(output, detail.output)]);
  if (input) rows.push(["", "input", ...row(input, detail.input)]);
  if (!baseline) return;
  const { psnr, ssim, detail: best } = baseline;
  rows.push(["", "baseline", fixed(psnr.value, 2), fixed(ssim.value, 4), "", "", "", fixed(best.value, 4)]);
}

/** JSON has no infinity: that of a PSNR is null. */
const fixed = (value: number | null, digits: number, unknown = "Infinity"): string =>
  value === null ? unknown : value.toFixed(digits);
