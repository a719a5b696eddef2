/** Studies the same models on several stacks, and compares their gains across stacks. */
import { jsonText } from "../array/json-text.ts";
import { ParfocalError } from "../errors.ts";
import { gainMatrix } from "../figures/gain-matrix.ts";
import type { OutputContext } from "../figures/output-context.ts";
import { type ReportSection, renderReport } from "../figures/report.ts";
import type { ImageFile } from "../image/image-file.ts";
import { withOutputs } from "../image/storage.ts";
import type { Model } from "../models/model-info.ts";
import { meanOutcome } from "../study/mean-outcome.ts";
import { version } from "../version.ts";
import { stackNames } from "./generalise/stack-names.ts";
import { type StudyFilesOptions, type StudyFilesResult, studyFiles } from "./study-files.ts";

/** The gains of a candidate over the best recorded baseline on one stack. */
export interface Generalisation {
  candidate: string;
  stack: string;
  /**
   * PSNR of the outputs minus that of the baseline, dB, mean over the planes out of focus and within range; undefined
   * where nothing could be scored.
   */
  gain_db: number | undefined;
  /** The same for SSIM and for detail. */
  gain_ssim: number | undefined;
  gain_detail: number | undefined;
  /** PSNR of the outputs minus that of the first input plane, unchanged, dB. */
  gain_over_input_db: number | undefined;
  /** Whether the model was trained on a stack or recipe of this name. */
  trained_on: boolean;
}

export interface StudySeveralResult {
  report: string;
  studies: (StudyFilesResult & { stack: string })[];
  generalisation: Generalisation[];
  seconds: number;
}

/**
 * Writes a folder for each stack as {@link studyFiles} does, `generalisation.json`, and `index.html` with the gains of
 * all models on all stacks.
 * @throws as {@link studyFiles}
 */
export async function studySeveral(
  context: OutputContext,
  files: readonly ImageFile[],
  models: readonly Model[],
  output: string,
  options: Omit<StudyFilesOptions, "truth" | "sharpest" | "structure">,
): Promise<StudySeveralResult> {
  const begun = performance.now();
  const { storage } = context;
  const page = storage.join(output, "index.html");
  await storage.checkOutput(page, options.force);
  const names = stackNames(files.map(({ path }) => path));
  const studies: StudySeveralResult["studies"] = [];
  for (const [i, file] of files.entries()) {
    const onProgress: StudyFilesOptions["onProgress"] = ({ done, total, what }) =>
      options.onProgress?.({ done: i * total + done, total: files.length * total, what: `${names[i]}, ${what}` });
    const done = await studyFiles(context, file, models, storage.join(output, names[i]), { ...options, onProgress });
    studies.push({ stack: names[i], ...done });
  }
  const generalisation = studies.flatMap((one) =>
    one.studies.map((study): Generalisation => {
      const means = meanOutcome(study);
      return {
        candidate: study.candidate.name,
        stack: one.stack,
        gain_db: means && means.output.psnr - means.baseline.psnr,
        gain_ssim: means && means.output.ssim - means.baseline.ssim,
        gain_detail: means && means.detail.output - means.baseline.detail,
        gain_over_input_db: means && means.output.psnr - means.input.psnr,
        trained_on: study.candidate.trainedOn?.some((name) => name.startsWith(one.stack)) ?? false,
      };
    }),
  );
  await withOutputs(storage, { force: true }, async (set) => {
    await set.write(storage.join(output, "generalisation.json"), `${jsonText(generalisation)}\n`);
    await set.write(page, matrixPage(studies, generalisation));
  });
  return { report: page, studies, generalisation, seconds: (performance.now() - begun) / 1000 };
}

function matrixPage(studies: StudySeveralResult["studies"], found: readonly Generalisation[]): string {
  const stacks = studies.map(({ stack }) => stack);
  type Key = "gain_db" | "gain_ssim" | "gain_detail" | "gain_over_input_db";
  const table = (key: Key, what: string, unit: string, digits: number): ReportSection =>
    gainMatrix(
      found.map(({ candidate, stack, trained_on, ...gains }) => {
        return { model: candidate, data: stack, value: gains[key], mark: trained_on ? "(trained on it)" : undefined };
      }),
      {
        caption: `${what}, averaged over the planes out of focus and within range. Values above 0 are good. The mark (trained on it) means that the model was trained on data of this name.`,
        unit,
        digits,
      },
    );
  const baseline =
    "the best recorded baseline (the best of the input planes, smoothed or not, and of their interpolation)";
  return renderReport({
    title: "How well do the models generalise?",
    subtitle: `Parfocal ${version}, ${new Date().toISOString().slice(0, 10)}`,
    sections: [
      ...studies.flatMap(({ stack, studies: own }): ReportSection[] => [
        { kind: "heading", text: stack },
        {
          kind: "headlines",
          rows: own.map(({ candidate, headline: { use, sentence } }) => {
            return { label: candidate.name, text: sentence, good: typeof use === "boolean" ? use : undefined };
          }),
        },
      ]),
      { kind: "heading", text: "Gains of every model on every stack" },
      table("gain_db", `Gain in PSNR over ${baseline}`, " dB", 1),
      table("gain_ssim", "Gain in SSIM over the best recorded baseline", "", 3),
      table("gain_detail", "Gain in detail over the best recorded baseline", "", 3),
      table("gain_over_input_db", "Gain in PSNR over the first input plane, unchanged", " dB", 1),
      { kind: "heading", text: "Studies of the single stacks" },
      {
        kind: "links",
        items: stacks.map((stack) => ({ text: stack, href: `${encodeURIComponent(stack)}/index.html` })),
      },
    ],
  });
}

/** @throws usage for options that belong to one stack, where there are several */
export function refuseForSeveral(options: { truth?: unknown; sharpest?: unknown; structure?: unknown }): void {
  for (const key of ["truth", "sharpest", "structure"] as const) {
    if (options[key] === undefined) continue;
    const message = `\`${key}\` applies to a single stack, but several were given. Study that stack alone.`;
    throw new ParfocalError("usage", message, { option: key, got: options[key], expected: "one stack" });
  }
}
