import { stringify } from "yaml";
import { mean } from "../../array/statistics.ts";
import { plotScores, plotTraining } from "../../figures/plots.ts";
import { type ReportSection, renderReport } from "../../figures/report.ts";
import type { Storage } from "../../image/storage.ts";
import { againstBaseline, type BaselineGain } from "../../metrics/against-baseline.ts";
import { readMetrics } from "../../train/run-folder.ts";
import type { TrainRunResult } from "../../train/train-run.ts";
import { version } from "../../version.ts";
import type { DemoData } from "./demo-data.ts";
import { type DistanceResult, type Judged, signedMicrometres } from "./refocus-unseen.ts";

/**
 * Mean gain in PSNR over the first input plane, unchanged, dB, over all distances whose target was not an input plane.
 */
export function meanGain(distances: readonly DistanceResult[]): number {
  return meanOver(distances, ({ input, output }) => output.psnr - input.psnr);
}

/** Mean gains over the best recorded baseline, over the same distances. */
export function meanGainOverBaseline(distances: readonly DistanceResult[]): BaselineGain {
  const of = (key: keyof BaselineGain): number => meanOver(distances, ({ gain }) => gain[key]);
  return { psnr: of("psnr"), ssim: of("ssim"), detail: of("detail"), contrast: of("contrast") };
}

function meanOver(distances: readonly DistanceResult[], of: (one: DistanceResult) => number): number {
  const some = distances.filter(({ given }) => !given);
  return mean(some.map(of));
}

/** The page of the demo: verdict, contact sheet, scores of input and output, charts and configuration. */
export async function reportPage(
  storage: Storage,
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
  const metrics = await readMetrics(storage, training.run);
  const sections: ReportSection[] = [
    { kind: "paragraph", text: verdictOf(judged) },
    {
      kind: "paragraph",
      text: `The model was trained on ${data.what} for ${Math.round(training.seconds)} s (${training.steps} steps). It then refocused ${planes} of a field that was not in its training to other depths. The ground truth is ${data.truthIs}.`,
    },
    { kind: "warnings", items: [...training.warnings, ...judged.warnings].map(({ text }) => text) },
    {
      kind: "picture",
      svg: sheet,
      alt: "Input, output, ground truth and difference for four distances",
      caption: "Input, output, ground truth and difference. All pictures of a row have the same contrast.",
    },
    {
      kind: "scores",
      caption: `Mean scores, with ${judged.firstPlanes.length} different planes as first input plane (${judged.firstPlanes.join(", ")}). Input is the first input plane, unchanged. Baseline is the best recorded baseline: the best of the input planes, smoothed or not, and of their interpolation.`,
      dataRange: judged.dataRange,
      rows: distances.map(({ distance, given, ...scores }) => ({
        label: `${signedMicrometres(distance)}${given ? " (an input plane)" : ""}`,
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
        "Training and validation loss. They cannot be compared directly, since training patches are drawn at places with signal.",
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

/**
 * Says whether the outputs are better than the best recorded baseline, at which distances and planes they are not, and
 * whether they are sharper or only smoother.
 */
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
      ? `The output is better than the best recorded baseline at every distance, by ${signed} on average.`
      : `The output is not better than the best recorded baseline at ${lost.map(({ distance }) => signedMicrometres(distance)).join(", ")}. Do not use this model at these distances.`;
  const pairs = worse.map(({ distance, plane }) => `${signedMicrometres(distance)} from plane ${plane}`).join(", ");
  const single =
    worse.length === 0
      ? ""
      : ` ${worse.length} of ${made.length * firstPlanes.length} single outputs are not better than the baseline: ${pairs}.`;
  return `${average}${single} On average: ${againstBaseline(gain).sentence}`;
}
