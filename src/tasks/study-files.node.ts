/** A study of models on a stack, from files to a folder with the page, its figures, and its numbers. */
import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { jsonText } from "../array/json-text.ts";
import { ParfocalError } from "../errors.ts";
import { svgPng } from "../figures/svg-png.node.ts";
import { chartScale } from "../figures/svg-png.ts";
import { checkOutput, withOutputSet } from "../image/atomic-file.node.ts";
import { type ImageFile, readStack } from "../image/image-file.ts";
import { measurePairShift, registerTarget, shiftInWords } from "../metrics/unregistered.ts";
import { opticsWarnings } from "../models/apply/optics-warnings.ts";
import type { Model } from "../models/model-info.ts";
import type { Runtime } from "../run/runtime.ts";
import type { Candidate } from "../study/candidate.ts";
import { classicalCandidates } from "../study/classical-candidate.ts";
import type { DistanceBin } from "../study/distance-table.ts";
import type { Figure } from "../study/figure.ts";
import { studyFigures } from "../study/figures.ts";
import { meanOutcome } from "../study/mean-outcome.ts";
import { modelCandidate } from "../study/model-candidate.ts";
import { qualityControlCsv } from "../study/quality-control-section.ts";
import type { SplitEvidence } from "../study/split-evidence.ts";
import { type CandidateStudy, ensemblesOf, study } from "../study/study.ts";
import { studyPage } from "../study/study-report.ts";
import { openSubject, type Subject } from "../study/subject.ts";
import { pictureBehind } from "../study/verdict-picture.ts";
import { version } from "../version.ts";

export interface StudyFilesOptions {
  runtime: Runtime;
  channel?: number | undefined;
  time?: number | undefined;
  /** What sections should look like: another file, or another channel of the same. */
  truth?: ImageFile | undefined;
  truthChannel?: number | undefined;
  /** Moves the truth onto the stack, and cuts both to what they share ({@link registerTarget}). */
  register?: boolean | undefined;
  /** Instead of what is found; see {@link openSubject}. */
  sharpest?: number | undefined;
  object?: { y: number; x: number } | undefined;
  /** Whether classical methods stand beside the models where the optics are known; default true. */
  classical?: boolean | undefined;
  /** The command that was given, for the page. */
  command?: string | undefined;
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number; what: string }) => void) | undefined;
}

export interface StudyFilesResult {
  /** The page. */
  report: string;
  /** Folder of the figures, and tables. */
  figures: string[];
  studies: CandidateStudy[];
  /** By candidate: whether to use it, for what, and over which distances. */
  headlines: StudyDescription["headlines"];
  /** By candidate and question: what was found, as numbers. */
  verdicts: StudyDescription["verdicts"];
  subject: Subject;
  warnings: string[];
  seconds: number;
}

export type StudyDescription = ReturnType<typeof describeStudy>;

/**
 * Writes `index.html`, `study.json`, `scores.csv`, `quality-control.csv`, `profiles.csv` and `figures/` into a folder; the page last.
 * @throws usage without a model; output.exists before any work; what reading, {@link openSubject} and {@link study} throw
 */
export async function studyFiles(
  file: ImageFile,
  models: readonly Model[],
  output: string,
  options: StudyFilesOptions,
): Promise<StudyFilesResult> {
  const begun = performance.now();
  const { runtime, signal, force, channel, time } = options;
  if (models.length === 0) {
    throw new ParfocalError("usage", "A study needs one model or more; give `model`.", { option: "model" });
  }
  const page = join(output, "index.html");
  await checkOutput(page, force);
  const recorded = await readStack(file, { channel, time, signal, finite: true });
  const name = basename(file.path);
  const pair = { name, stack: recorded, target: await readTruth(file, options) };
  const { stack, target: truth } = options.register ? registerTarget(pair).sample : pair;
  const { sharpest, object } = options;
  const subject = openSubject(name, stack, { truth, sharpest, object });
  const candidates = candidatesOf(models, runtime);
  const tasks = new Set(candidates.map(({ task }) => task));
  const rivals =
    options.classical === false ? [] : classicalCandidates(subject.stack).filter(({ task }) => tasks.has(task));
  const warnings = [...subject.warnings];
  const apart = truth && shiftInWords(measurePairShift(stack, truth));
  if (apart !== undefined) {
    warnings.push(
      `The truth lies ${apart} from the stack, which every score takes for an error; \`register\` moves it.`,
    );
  }
  if (options.classical !== false && rivals.length === 0) {
    warnings.push(
      "NA, wavelength or pixel size are not known: no classical method stands beside the models. Give `na` and `wavelength`.",
    );
  }
  for (const { info } of models) {
    warnings.push(...opticsWarnings(info, file).map((sentence) => `${info.experiment_name}: ${sentence}`));
  }
  const studies = await study(subject, [...candidates, ...rivals], { signal, onProgress: options.onProgress });
  const figures = await studyFigures(subject, studies);
  await mkdir(join(output, "figures"), { recursive: true });
  const described = describeStudy(subject, studies, figures);
  const outputs: [name: string, data: string | Uint8Array][] = [];
  for (const figure of figures) {
    const png = await svgPng(figure.svg, figure.kind === "chart" ? chartScale : 1);
    outputs.push([`figures/${figure.id}.svg`, figure.svg], [`figures/${figure.id}.png`, png]);
  }
  outputs.push(
    ["study.json", `${jsonText(described)}\n`],
    ["scores.csv", scoresCsv(studies)],
    ["profiles.csv", profilesCsv(studies)],
    ["quality-control.csv", qualityControlCsv(studies)],
  );
  const repeat = stringify({
    parfocal: version,
    ...(options.command !== undefined && { command: options.command }),
    stack: basename(file.path),
    sharpest_plane: subject.sharpest,
    object: subject.object,
    region: subject.region,
    data_range: subject.dataRange,
    models: models.map(({ info }) => info),
  });
  const subtitle = `Parfocal ${version}, ${new Date().toISOString().slice(0, 10)}`;
  const written = outputs.map(([name]) => join(output, name));
  await withOutputSet({ force: true }, async (set) => {
    for (const [i, [, data]] of outputs.entries()) await set.write(written[i], data);
    await set.write(page, studyPage({ subject, studies, figures, repeat, subtitle, warnings }));
  });
  const { verdicts, headlines } = described;
  const seconds = (performance.now() - begun) / 1000;
  return { report: page, figures: written, studies, headlines, verdicts, subject, warnings, seconds };
}

async function readTruth(file: ImageFile, { truth, truthChannel, time, signal }: StudyFilesOptions) {
  if (truth) return readStack(truth, { channel: truthChannel, time, signal, finite: true });
  return truthChannel === undefined
    ? undefined
    : readStack(file, { channel: truthChannel, time, signal, finite: true });
}

/** Models by the names of their experiments; equal ones are numbered. */
function candidatesOf(models: readonly Model[], runtime: Runtime): Candidate[] {
  const names = models.map(({ info }) => info.experiment_name);
  return models.map((model, i) => {
    const same = names.filter((name) => name === names[i]).length > 1;
    const number = names.slice(0, i + 1).filter((name) => name === names[i]).length;
    return modelCandidate(same ? `${names[i]} ${number}` : names[i], model, runtime);
  });
}

/** Everything as numbers; lengths in um, keys in snake_case. */
export function describeStudy(subject: Subject, studies: readonly CandidateStudy[], figures: readonly Figure[]) {
  return {
    stack: subject.name,
    sharpest_plane: subject.sharpest,
    data_range: subject.dataRange,
    object: subject.object,
    headlines: Object.fromEntries(studies.map(({ candidate, headline }) => [candidate.name, headline])),
    verdicts: Object.fromEntries(
      studies.map(({ candidate, verdicts }) => [
        candidate.name,
        Object.fromEntries(
          verdicts.map(({ id, good, value, threshold, unit, better, answer }) => {
            const seen = pictureBehind({ id }, candidate, figures);
            const picture = seen ? `figures/${seen.id}.png` : null;
            return [id, { good: good ?? null, value: value ?? null, threshold, better, unit, answer, picture }];
          }),
        ),
      ]),
    ),
    by_distance: Object.fromEntries(
      studies.map(({ candidate, byDistance }) => [
        candidate.name,
        {
          background_removed: byDistance.backgroundRemoved ?? null,
          against: byDistance.against,
          bins: byDistance.bins.map(binInJson),
        },
      ]),
    ),
    given_planes: Object.fromEntries(
      studies.map(({ candidate, given }) => [
        candidate.name,
        given.map(({ distance, psnr, maxDeviation, deviationInNoise }) => ({
          distance_um: distance,
          psnr: Number.isFinite(psnr) ? psnr : null,
          max_deviation: maxDeviation,
          deviation_in_noise: deviationInNoise ?? null,
        })),
      ]),
    ),
    reblur_residual: Object.fromEntries(studies.map(({ candidate, reblur }) => [candidate.name, reblur ?? null])),
    virtual_focus: Object.fromEntries(
      studies.map(({ candidate, focusAlignment }) => [candidate.name, focusAlignment ?? null]),
    ),
    split_halves: Object.fromEntries(
      studies.map(({ candidate, split }) => [candidate.name, split ? numbersOf(split) : null]),
    ),
    spread: Object.fromEntries(
      studies.map(({ candidate, spread }) => [
        candidate.name,
        spread ? { mean: spread.mean, against: spread.against ?? null, calibration: spread.calibration ?? null } : null,
      ]),
    ),
    ensembles: ensemblesOf(subject, studies).map(({ task, names, spread, error, correlation, against }) => {
      return { task, names, spread, error: error ?? null, correlation: correlation ?? null, against: against ?? null };
    }),
    means: Object.fromEntries(studies.map((one) => [one.candidate.name, meanOutcome(one) ?? null])),
  };
}

function binInJson(bin: DistanceBin) {
  return {
    distance_um: bin.distance,
    n: bin.n,
    in_range: bin.inRange,
    given: bin.given,
    // What equals its target has no end of PSNR: nothing was to be made.
    psnr_gain: bin.given ? null : bin.psnrGain,
    ssim_gain: bin.given ? null : bin.ssimGain,
    detail_difference: bin.given ? null : bin.detailDifference,
    contrast_difference: bin.given ? null : bin.contrastDifference,
    psnr_gain_over_input: bin.given ? null : bin.psnrGainOverInput,
    share_worse: bin.given ? null : bin.shareWorse,
    width_change: bin.widthChange ?? null,
    width_recovered: bin.widthRecovered ?? null,
    light_recovered: bin.lightRecovered ?? null,
    photometric_slope: Number.isFinite(bin.photometricSlope) ? bin.photometricSlope : null,
    changed: Number.isFinite(bin.changed) ? bin.changed : null,
  };
}

/** Without the curves; JSON has no Infinity, which is null: nothing agrees. */
function numbersOf({ noise, planes, unit, input, output, sharpest, noiseGain, leftover }: SplitEvidence) {
  const [ofInput, ofOutput, ofSharpest] = [input, output, sharpest].map(({ resolution, correlation, nrmse }) => {
    return { resolution: Number.isFinite(resolution) ? resolution : null, correlation, nrmse };
  });
  return { noise, planes, unit, input: ofInput, output: ofOutput, sharpest: ofSharpest, noiseGain, leftover };
}

const scoreNames = ["psnr", "ssim", "ms_ssim", "nrmse", "pearson"] as const;

function scoresCsv(studies: readonly CandidateStudy[]): string {
  const rows = studies.flatMap(({ candidate, every, subject }) =>
    every.outcomes.map(({ plane, distance, inRange, given, scores: { input, output }, detail, baseline }) =>
      [
        quoted(candidate.name),
        plane,
        (plane - subject.sharpest) * subject.stack.zStep,
        distance,
        inRange ? 1 : 0,
        quoted(every.against),
        ...scoreNames.flatMap((name) => [input[name], output[name]]),
        ...[detail.input.mean, detail.output.mean, detail.input.contrast, detail.output.contrast, given ? 1 : 0],
        ...(["psnr", "ssim", "detail"] as const).flatMap((name) => [baseline[name].value, quoted(baseline[name].name)]),
      ].join(","),
    ),
  );
  const scored = scoreNames.flatMap((name) => [`input_${name}`, `output_${name}`]);
  const baselines = ["psnr", "ssim", "detail"].flatMap((name) => [`baseline_${name}`, `baseline_${name}_image`]);
  const more = ["input_detail", "output_detail", "input_contrast", "output_contrast", "given", ...baselines];
  const head = ["candidate,plane,z_um,distance_um,in_range,against", ...scored, ...more].join(",");
  return `${[head, ...rows].join("\n")}\n`;
}

function profilesCsv(studies: readonly CandidateStudy[]): string {
  const rows = studies.flatMap(({ candidate, profiles }) =>
    profiles.profiles.flatMap(({ plane, input, output }) =>
      input.map((value, i) =>
        [quoted(candidate.name), plane, profiles.row, profiles.left + i, value, output[i], profiles.sharpest[i]].join(
          ",",
        ),
      ),
    ),
  );
  return `${["candidate,plane,row,column,input,output,sharpest_plane", ...rows].join("\n")}\n`;
}

const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
