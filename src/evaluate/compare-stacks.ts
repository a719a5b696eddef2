/** Scores of an output against its truth, plane by plane, beside those of the untouched input. */
import { extent } from "../array/statistics.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import { planeOf, type Stack } from "../image/image.ts";
import { meanScores, type Scores, score, signalRange, typeRange } from "./metrics.ts";
import { SSIM_DESCRIPTION } from "./ssim.ts";

/**
 * - `signal`: what the truth uses between its percentiles 0.1 and 99.9, over all its planes
 * - `type`: 255 or 65535, the range of the truth's pixel type; against it every blur of a camera that does not fill
 *   16 bits looks perfect
 * - or a number, in counts
 */
export type DataRange = "signal" | "type" | number;

export interface CompareOptions {
  /** Default `signal`. */
  dataRange?: DataRange | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface PlaneScores {
  /** From 0. */
  plane: number;
  output: Scores;
  input?: Scores;
}

export interface Comparison {
  /** The range that PSNR, SSIM and MS-SSIM were computed with, counts, and where it comes from. */
  dataRange: number;
  dataRangeOf: string;
  /** Window and constants of SSIM. */
  ssimWindow: string;
  /** Means over the planes. */
  output: Scores;
  input?: Scores;
  planes: PlaneScores[];
  warnings: string[];
}

/**
 * Compares plane with plane. An input of one plane stands beside every plane: it is what the output was made of.
 * @throws image.unfit for stacks of other sizes or numbers of planes, NaN, planes under 11 x 11, a truth without
 * contrast; usage for a range of 0 or less; interrupted
 */
export async function compareStacks(
  stacks: { output: Stack; truth: Stack; input?: Stack | undefined },
  options: CompareOptions = {},
): Promise<Comparison> {
  const { output, truth, input } = stacks;
  checkDepth("output", output, truth);
  if (input && input.depth !== 1) checkDepth("input", input, truth);
  const range = resolveRange(truth, options.dataRange ?? "signal");
  const planes: PlaneScores[] = [];
  for (let plane = 0; plane < truth.depth; plane++) {
    throwIfAborted(options.signal);
    const target = planeOf(truth, plane);
    const one: PlaneScores = { plane, output: score(planeOf(output, plane), target, range) };
    if (input) one.input = score(planeOf(input, input.depth === 1 ? 0 : plane), target, range);
    planes.push(one);
    options.onProgress?.({ done: plane + 1, total: truth.depth });
    // Lets the caller's events through: an abort, a drawn gauge.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  const inputs = planes.flatMap((one) => one.input ?? []);
  return {
    ...range,
    ssimWindow: SSIM_DESCRIPTION,
    output: meanScores(planes.map((one) => one.output)),
    ...(input && { input: meanScores(inputs) }),
    planes,
    warnings: unitWarnings(output, truth),
  };
}

function resolveRange(truth: Stack, chosen: DataRange): { dataRange: number; dataRangeOf: string } {
  if (typeof chosen === "number") return { dataRange: chosen, dataRangeOf: "given" };
  if (chosen === "signal") {
    const all = { data: truth.data, height: truth.depth * truth.height, width: truth.width };
    return { dataRange: signalRange(all), dataRangeOf: "percentiles 0.1 to 99.9 of the truth" };
  }
  const dataRange = typeRange(truth.dtype);
  if (dataRange !== undefined) return { dataRange, dataRangeOf: `the whole range of ${truth.dtype}` };
  throw new ParfocalError(
    "usage",
    "The truth is float32, whose type has no range; give --data-range signal or a number of counts.",
    { option: "--data-range", got: chosen, expected: "signal or a number" },
  );
}

function checkDepth(name: string, stack: Stack, truth: Stack): void {
  if (stack.depth === truth.depth) return;
  const detail = `the ${name} has ${stack.depth} planes and the truth ${truth.depth}`;
  throw new ParfocalError(
    "image.unfit",
    `The stacks cannot be compared: ${detail}; give the planes that belong together.`,
    { detail },
  );
}

/** An output in 0..1 beside a truth in counts scores badly for no fault of its picture. */
function unitWarnings(output: Stack, truth: Stack): string[] {
  const span = ({ data }: Stack) => {
    const { min, max } = extent(data);
    return max - min;
  };
  const ratio = span(output) / span(truth);
  if (ratio > 0.1 && ratio < 10) return [];
  return [
    `The output spans ${span(output).toPrecision(3)} and the truth ${span(truth).toPrecision(3)}: they do not seem to be in the same counts, and no score but pearson means anything.`,
  ];
}
