import { stringify } from "yaml";
import { plotScores, plotTraining } from "../../figures/plots.ts";
import { type ReportSection, renderReport } from "../../figures/report.ts";
import { againstBaseline, type BaselineGain } from "../../metrics/against-baseline.ts";
import { readMetrics } from "../../train/run-folder.node.ts";
import type { TrainRunResult } from "../../train/train-run.node.ts";
import { version } from "../../version.ts";
import type { DemoData } from "./demo-data.ts";
import { type DistanceResult, type Judged, signedMicrometres } from "./refocus-unseen.node.ts";

/** Mean gain in PSNR over the untouched first plane, dB, over all distances whose plane the model was not given. */
export function meanGain(distances: readonly DistanceResult[]): number {
  return meanOver(distances, ({ input, output }) => output.psnr - input.psnr);
}

/** Mean gain over the best recorded baseline, over the same distances. */
export function meanGainOverBaseline(distances: readonly DistanceResult[]): BaselineGain {
  const of = (key: keyof BaselineGain): number => meanOver(distances, ({ gain }) => gain[key]);
  return { psnr: of("psnr"), ssim: of("ssim"), detail: of("detail"), contrast: of("contrast") };
}

function meanOver(distances: readonly DistanceResult[], of: (one: DistanceResult) => number): number {
  const some = distances.filter(({ given }) => !given);
  return some.reduce((sum, one) => sum + of(one), 0) / some.length;
}

/** The page: verdict, contact sheet, scores of output and input beside each other, curves, configuration. */
export async function reportPage(
  data: DemoData,
  training: TrainRunResult,
  judged: Judged,
  sheet: string,
): Promise<string> {
  const { distances } = judged;
  const { info } = training;
  const offsets = info.method === "deep-z" ? info.input_offsets : [0];
  const planes =
    offsets.length === 1
      ? "one input plane"
      : `${offsets.length} input planes, at ${offsets.map((um) => Number(um.toFixed(3))).join(" and ")} um`;
  const metrics = await readMetrics(training.run);
  const sections: ReportSection[] = [
    { kind: "paragraph", text: verdictOf(judged) },
    {
      kind: "paragraph",
      text: `Trained on ${data.what} for ${Math.round(training.seconds)} s (${training.steps} steps). From ${planes}, the model was asked for planes at other depths of a field that it had not seen; truth is ${data.truthIs}.`,
    },
    { kind: "warnings", items: [...training.warnings, ...judged.warnings] },
    {
      kind: "picture",
      svg: sheet,
      alt: "Input, output, truth and difference for four distances",
      caption: "Panels of a row share one contrast.",
    },
    {
      kind: "scores",
      caption: `Mean over ${judged.firstPlanes.length} first input planes (${judged.firstPlanes.join(", ")}). Input: the untouched first plane. Baseline: the best of the planes that the model was given, each as it is or lightly smoothed, and of their interpolation.`,
      dataRange: judged.dataRange,
      rows: distances.map(({ distance, given, ...scores }) => ({
        label: `${signedMicrometres(distance)}${given ? " (a plane that it was given)" : ""}`,
        ...scores,
      })),
    },
    {
      kind: "chart",
      svg: await plotScores(distances, "psnr"),
      alt: "PSNR over distance",
      caption: "PSNR over distance",
    },
    {
      kind: "chart",
      svg: await plotScores(distances, "ssim"),
      alt: "SSIM over distance",
      caption: "SSIM over distance",
    },
    {
      kind: "chart",
      svg: await plotTraining(
        metrics.map(({ step, train_loss, val_loss }) => ({ step, trainLoss: train_loss, valLoss: val_loss })),
      ),
      alt: "Training and validation loss over steps",
      caption:
        "Training. The two losses are not of the same patches: training patches are drawn where there is signal.",
    },
    { kind: "configuration", caption: "Configuration", text: stringify(training.config) },
    { kind: "configuration", caption: "Model", text: stringify(training.info) },
  ];
  return renderReport({
    title: "Parfocal: virtual refocusing",
    subtitle: `Parfocal ${version}, ${new Date().toISOString().slice(0, 10)}`,
    sections,
  });
}

/** Whether it helped, and where it did not: on average and for single planes; and whether outputs are sharper, or only smoother. */
export function verdictOf({
  distances,
  worse,
  firstPlanes,
}: Pick<Judged, "distances" | "worse" | "firstPlanes">): string {
  const made = distances.filter(({ given }) => !given);
  const gain = meanGainOverBaseline(distances);
  const lost = made.filter((one) => one.gain.psnr <= 0);
  const signed = `${gain.psnr < 0 ? "-" : "+"}${Math.abs(gain.psnr).toFixed(1)} dB PSNR`;
  const average =
    lost.length === 0
      ? `The output beats the best recorded baseline at every distance, by ${signed} on average.`
      : `The output is no better than the best recorded baseline at ${lost.map(({ distance }) => signedMicrometres(distance)).join(", ")}: do not use this model there.`;
  const pairs = worse.map(({ distance, plane }) => `${signedMicrometres(distance)} from plane ${plane}`).join(", ");
  const single =
    worse.length === 0
      ? ""
      : ` Of ${made.length * firstPlanes.length} single outputs ${worse.length} scored no higher than it: ${pairs}.`;
  return `${average}${single} On average: ${againstBaseline(gain).sentence}`;
}
