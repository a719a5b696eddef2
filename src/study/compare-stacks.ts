/** Scores of an output against the ground truth, plane by plane, beside those of the recorded input. */
import { breathe, breatheThrough } from "../array/breathe.ts";
import { meanOfFinite } from "../array/mean-of-finite.ts";
import { extent, mean } from "../array/statistics.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { requirePairable } from "../image/pairable.ts";
import { type AgainstBaseline, againstBaseline, type BaselineGain } from "../metrics/against-baseline.ts";
import { type Detail, detailAgainst } from "../metrics/detail.ts";
import type { GivenStack } from "../metrics/given-stacks.ts";
import { meanScores, type Scores, score, signalRange, typeRange } from "../metrics/metrics.ts";
import { noiseFreePsnr, noiseOf } from "../metrics/noise-free-psnr.ts";
import { type BaselineScores, type BestScore, bestRecordedSteps } from "../metrics/recorded-baseline.ts";
import { SSIM_DESCRIPTION } from "../metrics/ssim.ts";
import { type Warning, warningsOf } from "../warning.ts";

/**
 * - `signal`: the range of the ground truth between its percentiles 0.1 and 99.9, over all its planes
 * - `type`: 255 or 65535, the range of the pixel type of the ground truth. With it, every blurred image of a camera
 *   that does not fill 16 bits looks perfect.
 * - or a number, in counts
 */
export type DataRange = "signal" | "type" | number;

export interface CompareOptions {
  /** Default `signal`. */
  dataRange?: DataRange | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** One value each for the output, the first input (unchanged) and the best recorded baseline. */
export interface OfEach<T> {
  output: T;
  input?: T;
  baseline?: T;
}

export interface PlaneScores {
  /** From 0. */
  plane: number;
  output: Scores;
  /** Scores of the first input. */
  input?: Scores;
  detail: { output: Detail; input?: Detail };
  /** For each score the best of all inputs, smoothed or not, and of their interpolation. */
  baseline?: BaselineScores;
  /**
   * PSNR without the noise of the ground truth ({@link noiseFreePsnr}), dB; undefined where the noise dominates or is
   * not known.
   */
  psnrNoiseFree: OfEach<number | undefined>;
}

export interface Comparison {
  /** The range that PSNR, SSIM and MS-SSIM were computed with, in counts, and how it was chosen. */
  dataRange: number;
  dataRangeOf: string;
  /** Window and constants of SSIM. */
  ssimWindow: string;
  /**
   * Means over the planes in which a score is finite. Planes that equal the ground truth have an infinite PSNR, see
   * `perfectPlanes`.
   */
  output: Scores;
  input?: Scores;
  /** Planes, counted from 0, in which the output or the first input equals the ground truth exactly. */
  perfectPlanes: { output: number[]; input: number[] };
  detail: { output: Detail; input?: Detail };
  /**
   * Means over the planes that no input equals. The name is that of the chosen image, if it is the same for all planes.
   */
  baseline?: BaselineScores;
  /**
   * Output minus baseline, mean over the planes that no input equals; undefined without an input or without such a
   * plane.
   */
  gain?: BaselineGain;
  againstBaseline?: AgainstBaseline;
  /** Computed from the mean squared error over all planes. */
  psnrNoiseFree: OfEach<number | undefined>;
  planes: PlaneScores[];
  warnings: Warning[];
}

/**
 * Compares plane with plane. An input of one plane is compared with every plane, since the whole output was made from
 * it.
 * @param stacks.input the image from which the output was made; `inputs` where it was made from several planes
 * @throws image.unfit for stacks whose planes do not belong together by number (see `requirePairable`), NaN,
 * planes smaller than 11 x 11, a ground truth without contrast; usage for a range of 0 or less; interrupted
 */
export async function compareStacks(
  stacks: { output: Stack; truth: Stack; input?: Stack | undefined; inputs?: readonly GivenStack[] | undefined },
  options: CompareOptions = {},
): Promise<Comparison> {
  const { output, truth, input } = stacks;
  const inputs = stacks.inputs ?? (input ? [{ stack: input }] : []);
  requirePairable(["the output", output], ["the ground truth", truth]);
  for (const { stack } of inputs) {
    requirePairable(["the input", stack], ["the ground truth", truth], { planes: stack.depth !== 1 });
  }
  const range = resolveRange(truth, options.dataRange ?? "signal");
  const noise = noiseOf(truth);
  const planes: PlaneScores[] = [];
  const errors: OfEach<number>[] = [];
  for (let plane = 0; plane < truth.depth; plane++) {
    throwIfAborted(options.signal);
    const given = inputs.map(({ stack, distances }) => ({
      plane: planeOf(stack, stack.depth === 1 ? 0 : plane),
      // A single input is not interpolated, so its distance does not matter.
      distance: inputs.length === 1 ? 0 : distances?.[plane],
    }));
    const target = planeOf(truth, plane);
    const scoring = scorePlane(plane, planeOf(output, plane), target, given, range.dataRange);
    const one = await breatheThrough(scoring, options.signal);
    const error = eachOf(one, (psnr) => range.dataRange ** 2 / 10 ** (psnr / 10));
    const variance = noise?.(target);
    errors.push(error);
    planes.push({ ...one, psnrNoiseFree: withoutNoise(error, variance, range.dataRange) });
    options.onProgress?.({ done: plane + 1, total: truth.depth });
    await breathe(options.signal);
  }
  const scoresOfInputs = planes.flatMap((one) => one.input ?? []);
  const variances = planes.map(({ plane }) => noise?.(planeOf(truth, plane)));
  const variance = variances.every((one) => one !== undefined) ? mean(variances) : undefined;
  const gain = meanGain(planes);
  const baseline = meanBaseline(planes);
  const known = planes.flatMap(({ detail }) => detail.input ?? []);
  const perfectPlanes = { output: perfectOf(planes, "output"), input: perfectOf(planes, "input") };
  return {
    ...range,
    ssimWindow: SSIM_DESCRIPTION,
    output: meanScores(planes.map((one) => one.output)),
    ...(inputs.length > 0 && { input: meanScores(scoresOfInputs) }),
    perfectPlanes,
    detail: {
      output: meanDetail(planes.map(({ detail }) => detail.output)),
      ...(known.length > 0 && { input: meanDetail(known) }),
    },
    ...(baseline && { baseline }),
    ...(gain && { gain, againstBaseline: againstBaseline(gain) }),
    psnrNoiseFree: withoutNoise(meanError(errors), variance, range.dataRange),
    planes,
    warnings: [...unitWarnings(output, truth), ...perfectWarnings(perfectPlanes, planes.length)],
  };
}

type GivenPlanes = Parameters<typeof bestRecordedSteps>[0];

/** Scores one plane, and yields between images so that the caller can stay responsive. */
function* scorePlane(
  plane: number,
  output: Plane,
  target: Plane,
  given: GivenPlanes,
  dataRange: number,
): Generator<void, Omit<PlaneScores, "psnrNoiseFree">> {
  const detailOf = detailAgainst(target);
  yield;
  const scores = score(output, target, { dataRange });
  yield;
  const one = { plane, output: scores, detail: { output: detailOf(output) } };
  if (given.length === 0) return one;
  yield;
  const { image: _, ...baseline } = yield* bestRecordedSteps(given, target, dataRange);
  const first = given[0].plane;
  yield;
  const input = score(first, target, { dataRange });
  yield;
  return { ...one, input, detail: { ...one.detail, input: detailOf(first) }, baseline };
}

/** Applies a function to the PSNR of each, here to get mean squared errors in counts squared. */
function eachOf(
  { output, input, baseline }: Omit<PlaneScores, "psnrNoiseFree">,
  of: (psnr: number) => number,
): OfEach<number> {
  return {
    output: of(output.psnr),
    ...(input && { input: of(input.psnr) }),
    ...(baseline && { baseline: of(baseline.psnr.value) }),
  };
}

function withoutNoise(error: OfEach<number>, variance: number | undefined, range: number): OfEach<number | undefined> {
  const of = (one: number): number | undefined =>
    variance === undefined ? undefined : noiseFreePsnr(one, variance, range);
  return {
    output: of(error.output),
    ...(error.input !== undefined && { input: of(error.input) }),
    ...(error.baseline !== undefined && { baseline: of(error.baseline) }),
  };
}

const perfectOf = (planes: readonly PlaneScores[], of: "output" | "input"): number[] =>
  planes.filter((one) => one[of]?.psnr === Number.POSITIVE_INFINITY).map(({ plane }) => plane);

function perfectWarnings(perfect: Comparison["perfectPlanes"], depth: number): Warning[] {
  return (["output", "input"] as const).flatMap((name) => {
    const count = perfect[name].length;
    if (count === 0) return [];
    if (count === depth)
      return warningsOf("equals_truth", [
        `The ${name} equals the ground truth exactly, so its PSNR is infinite (null in JSON).`,
      ]);
    const [equals, they] = count === 1 ? ["equals", "it is"] : ["equal", "they are"];
    return warningsOf("equals_truth", [
      `${count} of ${depth} planes of the ${name} ${equals} the ground truth exactly (${listOfPlanes(perfect[name])}); ${they} left out of the mean PSNR.`,
    ]);
  });
}

const listOfPlanes = (planes: readonly number[]): string =>
  planes.length <= 8 ? planes.join(", ") : `${planes.slice(0, 8).join(", ")}, ...`;

function meanError(errors: readonly OfEach<number>[]): OfEach<number> {
  const of = (key: keyof OfEach<number>): number[] => errors.flatMap((one) => one[key] ?? []);
  return {
    output: mean(of("output")),
    ...(of("input").length > 0 && { input: mean(of("input")) }),
    ...(of("baseline").length > 0 && { baseline: mean(of("baseline")) }),
  };
}

function meanDetail(all: readonly Detail[]): Detail {
  return {
    mean: meanOfFinite(all.map((one) => one.mean)),
    bands: all[0].bands.map((_, i) => meanOfFinite(all.map(({ bands }) => bands[i]))),
    contrast: meanOfFinite(all.map((one) => one.contrast)),
    contrasts: all[0].contrasts.map((_, i) => meanOfFinite(all.map(({ contrasts }) => contrasts[i]))),
  };
}

/**
 * The planes to compare with the baseline. Where an input equals the ground truth, its PSNR is infinite and nothing had
 * to be restored.
 */
const withBaseline = (planes: readonly PlaneScores[]) =>
  planes.flatMap(({ baseline, ...one }) =>
    baseline && Number.isFinite(baseline.psnr.value) ? [{ ...one, baseline }] : [],
  );

function meanBaseline(planes: readonly PlaneScores[]): Comparison["baseline"] {
  const some = withBaseline(planes);
  if (some.length === 0) return planes.find(({ baseline }) => baseline)?.baseline;
  const of = (key: keyof BaselineScores): BestScore => {
    const names = [...new Set(some.map(({ baseline }) => baseline[key].name))];
    const name = names.length === 1 ? names[0] : "the best of each plane";
    return { value: mean(some.map(({ baseline }) => baseline[key].value)), name };
  };
  return { psnr: of("psnr"), ssim: of("ssim"), detail: of("detail"), contrast: of("contrast") };
}

function meanGain(planes: readonly PlaneScores[]): BaselineGain | undefined {
  const some = withBaseline(planes).filter(({ output }) => Number.isFinite(output.psnr));
  if (some.length === 0) return undefined;
  return {
    psnr: mean(some.map(({ output, baseline }) => output.psnr - baseline.psnr.value)),
    ssim: mean(some.map(({ output, baseline }) => output.ssim - baseline.ssim.value)),
    detail: mean(some.map(({ detail, baseline }) => detail.output.mean - baseline.detail.value)),
    contrast: mean(some.map(({ detail, baseline }) => detail.output.contrast - baseline.contrast.value)),
  };
}

function resolveRange(truth: Stack, chosen: DataRange): { dataRange: number; dataRangeOf: string } {
  if (typeof chosen === "number") return { dataRange: chosen, dataRangeOf: "given" };
  if (chosen === "signal") {
    const all = { data: truth.data, height: truth.depth * truth.height, width: truth.width };
    return { dataRange: signalRange(all), dataRangeOf: "percentiles 0.1 to 99.9 of the ground truth" };
  }
  const dataRange = typeRange(truth.dtype);
  if (dataRange !== undefined) return { dataRange, dataRangeOf: `the whole range of ${truth.dtype}` };
  throw new ParfocalError(
    "usage",
    "The ground truth is float32, a type without a fixed range. Give `data_range signal`, or `data_range <your range in counts>`.",
    { option: "data_range", got: chosen, expected: "signal or a number" },
  );
}

/**
 * Warns where output and ground truth seem to have different units, such as 0..1 and counts, since scores are then
 * meaningless.
 */
function unitWarnings(output: Stack, truth: Stack): Warning[] {
  const span = ({ data }: Stack) => {
    const { min, max } = extent(data);
    return max - min;
  };
  const ratio = span(output) / span(truth);
  if (ratio > 0.1 && ratio < 10) return [];
  return warningsOf("different_units", [
    `The output spans ${span(output).toPrecision(3)} counts and the ground truth ${span(truth).toPrecision(3)}. They do not seem to have the same unit, so no score except pearson is meaningful.`,
  ]);
}
