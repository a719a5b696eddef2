/** Studies models on a stack, and writes a folder with the page, its figures and its numbers. */
import { stringify } from "yaml";
import { jsonText } from "../array/json-text.ts";
import { ParfocalError } from "../errors.ts";
import type { OutputContext } from "../figures/output-context.ts";
import { chartScale } from "../figures/svg-png.ts";
import { type ImageFile, readStack } from "../image/image-file.ts";
import { withOutputs } from "../image/storage.ts";
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
import { openStudiedStack, type StudiedStack } from "../study/studied-stack.ts";
import { type CandidateStudy, ensemblesOf, study } from "../study/study.ts";
import { studyPage } from "../study/study-report.ts";
import type { ThinningEvidence } from "../study/thinning-evidence.ts";
import { pictureBehind } from "../study/verdict-picture.ts";
import { version } from "../version.ts";
import { type Warning, warningsAbout } from "../warning.ts";

export interface StudyFilesOptions {
  runtime: Runtime;
  channel?: number | undefined;
  time?: number | undefined;
  /** Ground truth for sections: another file, or another channel of the same file. */
  truth?: ImageFile | undefined;
  truthChannel?: number | undefined;
  /** Moves the ground truth onto the stack, and crops both to their overlap ({@link registerTarget}). */
  register?: boolean | undefined;
  /**
   * Sharpest plane, and centre of the structure to follow, instead of those that are found; see
   * {@link openStudiedStack}.
   */
  sharpest?: number | undefined;
  structure?: { y: number; x: number } | undefined;
  /** Whether classical methods are studied beside the models if the optics are known; default true. */
  classical?: boolean | undefined;
  /** The command line, for the page. */
  command?: string | undefined;
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number; what: string }) => void) | undefined;
}

export interface StudyFilesResult {
  /** Path of the page. */
  report: string;
  /** Paths of the figures and tables. */
  figures: string[];
  studies: CandidateStudy[];
  /** For each candidate: whether to use it, for what, and at which distances. */
  headlines: StudyDescription["headlines"];
  /** For each candidate and question: the verdict as numbers and in words. */
  verdicts: StudyDescription["verdicts"];
  studied: StudiedStack;
  warnings: Warning[];
  seconds: number;
}

type StudyDescription = ReturnType<typeof describeStudy>;

/**
 * Writes `index.html`, `study.json`, `scores.csv`, `quality-control.csv`, `profiles.csv` and `figures/` into a folder;
 * the page last.
 * @throws usage without a model; output.exists before any work; what reading, {@link openStudiedStack} and
 * {@link study} throw
 */
export async function studyFiles(
  { storage, drawPng }: OutputContext,
  file: ImageFile,
  models: readonly Model[],
  output: string,
  options: StudyFilesOptions,
): Promise<StudyFilesResult> {
  const begun = performance.now();
  const { runtime, signal, force, channel, time } = options;
  if (models.length === 0) {
    throw new ParfocalError("usage", "A study needs at least one model. Give `model <your model>`.", {
      option: "model",
    });
  }
  const page = storage.join(output, "index.html");
  await storage.checkOutput(page, force);
  const recorded = await readStack(file, { channel, time, signal, finite: true });
  const name = storage.basename(file.path);
  const pair = { name, stack: recorded, target: await readTruth(file, options) };
  const { stack, target: truth } = options.register ? registerTarget(pair).sample : pair;
  const { sharpest, structure } = options;
  const studied = openStudiedStack(name, stack, { truth, sharpest, structure });
  const candidates = candidatesOf(models, runtime);
  const tasks = new Set(candidates.map(({ task }) => task));
  const competitors =
    options.classical === false ? [] : classicalCandidates(studied.stack).filter(({ task }) => tasks.has(task));
  const warnings = [...studied.warnings];
  const apart = truth && shiftInWords(measurePairShift(stack, truth));
  if (apart !== undefined) {
    warnings.push({
      code: "unregistered",
      text: `The ground truth is shifted by ${apart} from the stack, which lowers every score. Move it onto the stack with \`register\`.`,
    });
  }
  if (options.classical !== false && competitors.length === 0) {
    warnings.push({
      code: "no_classical_method",
      text: "NA, wavelength or pixel size are unknown, so the models are not compared with a classical method. Give `na <your NA>` and `wavelength <your wavelength>` (um).",
    });
  }
  for (const { info } of models) {
    warnings.push(...warningsAbout(info.experiment_name, opticsWarnings(info, file)));
  }
  const studies = await study(studied, [...candidates, ...competitors], { signal, onProgress: options.onProgress });
  const figures = await studyFigures(studied, studies);
  await storage.makeFolder(storage.join(output, "figures"));
  const described = describeStudy(studied, studies, figures);
  const outputs: [name: string, data: string | Uint8Array][] = [];
  for (const figure of figures) {
    const png = await drawPng(figure.svg, figure.kind === "chart" ? chartScale : 1);
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
    stack: name,
    sharpest_plane: studied.sharpest,
    structure: studied.structure,
    region: studied.region,
    data_range: studied.dataRange,
    models: models.map(({ info }) => info),
  });
  const subtitle = `Parfocal ${version}, ${new Date().toISOString().slice(0, 10)}`;
  const written = outputs.map(([file]) => storage.join(output, ...file.split("/")));
  await withOutputs(storage, { force: true }, async (set) => {
    for (const [i, [, data]] of outputs.entries()) await set.write(written[i], data);
    await set.write(page, studyPage({ studied, studies, figures, repeat, subtitle, warnings }));
  });
  const { verdicts, headlines } = described;
  const seconds = (performance.now() - begun) / 1000;
  return { report: page, figures: written, studies, headlines, verdicts, studied, warnings, seconds };
}

async function readTruth(file: ImageFile, { truth, truthChannel, time, signal }: StudyFilesOptions) {
  if (truth) return readStack(truth, { channel: truthChannel, time, signal, finite: true });
  return truthChannel === undefined
    ? undefined
    : readStack(file, { channel: truthChannel, time, signal, finite: true });
}

/** Makes candidates from models, named by their experiments. Equal names are numbered. */
function candidatesOf(models: readonly Model[], runtime: Runtime): Candidate[] {
  const names = models.map(({ info }) => info.experiment_name);
  return models.map((model, i) => {
    const same = names.filter((name) => name === names[i]).length > 1;
    const number = names.slice(0, i + 1).filter((name) => name === names[i]).length;
    return modelCandidate(same ? `${names[i]} ${number}` : names[i], model, runtime);
  });
}

/** All results as numbers for study.json. Lengths are in um. */
function describeStudy(studied: StudiedStack, studies: readonly CandidateStudy[], figures: readonly Figure[]) {
  return {
    stack: studied.name,
    sharpest_plane: studied.sharpest,
    data_range: studied.dataRange,
    structure: studied.structure,
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
    data_thinning: Object.fromEntries(
      studies.map(({ candidate, thinning }) => [candidate.name, thinning ? numbersOf(thinning) : null]),
    ),
    spread: Object.fromEntries(
      studies.map(({ candidate, spread }) => [
        candidate.name,
        spread ? { mean: spread.mean, against: spread.against ?? null, calibration: spread.calibration ?? null } : null,
      ]),
    ),
    ensembles: ensemblesOf(studied, studies).map(({ task, names, spread, error, correlation, against }) => {
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
    // The PSNR of an input plane against itself is infinite, so its gains say nothing.
    psnr_gain: bin.given ? null : bin.psnrGain,
    ssim_gain: bin.given ? null : bin.ssimGain,
    detail_difference: bin.given ? null : bin.detailDifference,
    contrast_difference: bin.given ? null : bin.contrastDifference,
    psnr_gain_over_input: bin.given ? null : bin.psnrGainOverInput,
    share_worse: bin.given ? null : bin.shareWorse,
    width_change: bin.widthChange ?? null,
    width_recovered: bin.widthRecovered ?? null,
    brightness_recovered: bin.brightnessRecovered ?? null,
    photometric_slope: Number.isFinite(bin.photometricSlope) ? bin.photometricSlope : null,
    relative_change: Number.isFinite(bin.relativeChange) ? bin.relativeChange : null,
  };
}

/**
 * The numbers of data thinning without the curves. A resolution of Infinity, where the images do not agree at all,
 * becomes null.
 */
function numbersOf({ noise, planes, unit, input, output, sharpest, noiseGain, noiseCorrelation }: ThinningEvidence) {
  const [ofInput, ofOutput, ofSharpest] = [input, output, sharpest].map(({ resolution, correlation, nrmse }) => {
    return { resolution: Number.isFinite(resolution) ? resolution : null, correlation, nrmse };
  });
  return {
    noise,
    planes,
    unit,
    input: ofInput,
    output: ofOutput,
    sharpest: ofSharpest,
    noise_gain: noiseGain,
    noise_correlation: noiseCorrelation,
  };
}

const scoreNames = ["psnr", "ssim", "ms_ssim", "nrmse", "pearson"] as const;

function scoresCsv(studies: readonly CandidateStudy[]): string {
  const rows = studies.flatMap(({ candidate, every, studied }) =>
    every.outcomes.map(({ plane, distance, inRange, given, scores: { input, output }, detail, baseline }) =>
      [
        quoted(candidate.name),
        plane,
        (plane - studied.sharpest) * studied.stack.zStep,
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
