/** Applies a candidate to rescaled images, with and without the correct pixel size. */
import { resize } from "../array/resample.ts";
import { mean } from "../array/statistics.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { hallucinationMap } from "../metrics/hallucinations.ts";
import { intensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import { psnr } from "../metrics/metrics.ts";
import { type RecordedCandidate, recordedCandidates } from "../metrics/recorded-baseline.ts";
import { type Candidate, canTake, canTravel, givenPlanesOf, type PlaneRequest } from "./candidate.ts";
import { isGiven, isInRange } from "./every-plane.ts";
import { cropPlane, cropToBox, type StudiedStack } from "./studied-stack.ts";

export interface ScaleResult {
  /** Number of pixels along an edge, divided by that of the recorded image. */
  factor: number;
  /** Whether the candidate was given the new pixel size, and so could resample the image to its own. */
  withPixelSize: boolean;
  input: Plane;
  output: Plane;
  target: Plane | undefined;
  /**
   * PSNR of the output minus that of the best recorded baseline, dB, mean over the tested planes; undefined without a
   * target.
   */
  gain: number | undefined;
  /** The same gain over the first input plane, unchanged, dB. */
  gainOverInput: number | undefined;
  /**
   * Mean share of the bright structures of the outputs, resampled to the recorded pixels, that the target does not
   * explain, 0..1.
   */
  hallucinated: number | undefined;
}

const scaleFactors = [0.5, 0.71, 1, 1.41, 2] as const;

/** The PSNR of an output that is identical to its target is infinite. Every PSNR is limited to this, dB. */
const maxPsnr = 100;

/** Shortest edge of a rescaled image, pixels. */
const minEdge = 48;

/**
 * Applies the candidate to rescaled planes out of focus (for sections: the planes around the sharpest one), with and
 * without the correct pixel size. The pixel size is wrong, for example, if a user resizes an image for a tool that only
 * takes 1024 x 1024 pixels.
 */
export async function atScales(
  candidate: Candidate,
  studied: Pick<StudiedStack, "stack" | "truth" | "sharpest" | "region" | "dataRange">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<ScaleResult[]> {
  const { stack, truth, sharpest, region, dataRange } = studied;
  const requests = requestsAround(candidate, stack, sharpest);
  if (requests.length === 0) return [];
  // There are no targets for sections without a ground truth.
  const references = requests.flatMap(({ plane }) => {
    const target = candidate.task === "refocus" ? planeOf(stack, sharpest) : truth && planeOf(truth, plane);
    return target ? [cropPlane(target, region)] : [];
  });
  const part = cropToBox(stack, region);
  const found: ScaleResult[] = [];
  for (const factor of scaleFactors) {
    const [height, width] = [region.height, region.width].map((edge) => Math.round(edge * factor));
    if (height < minEdge || width < minEdge) continue;
    const scaled = scaledStack(part, height, width);
    const scaledTargets = references.map((reference) => resize(reference, height, width));
    const baselines = bestOfEach(candidate, scaled, requests, scaledTargets, dataRange);
    for (const withPixelSize of [false, true]) {
      if (withPixelSize && (factor === 1 || stack.pixelSize === undefined)) continue;
      const pixelSize = stack.pixelSize && { y: stack.pixelSize.y / factor, x: stack.pixelSize.x / factor };
      const given = withPixelSize && pixelSize ? { ...scaled, pixelSize } : scaled;
      const outputs = await candidate.make(given, whole, requests, signal);
      const inputs = requests.map(({ plane }) => planeOf(scaled, plane));
      const scoresOf = (planes: readonly Plane[]): { psnr: number[]; seen: Plane[] } => {
        if (references.length === 0) return { psnr: [], seen: [] };
        const fit = candidate.task === "section" && intensityFit(planes, scaledTargets);
        const seen = planes.map((one) => (fit ? withIntensity(one, fit) : one));
        return { seen, psnr: seen.map((one, i) => Math.min(maxPsnr, psnr(one, scaledTargets[i], dataRange))) };
      };
      const [before, after] = [scoresOf(inputs), scoresOf(outputs)];
      const hallucinated = after.seen.map((one, i) => {
        const output = resize(one, region.height, region.width);
        return hallucinationMap({ output, reference: references[i] }).hallucinatedShare;
      });
      found.push({
        factor,
        withPixelSize,
        input: inputs[0],
        output: outputs[0],
        target: scaledTargets[0],
        gain: meanOfSome(after.psnr.map((value, i) => value - baselines[i])),
        gainOverInput: meanOfSome(after.psnr.map((value, i) => value - before.psnr[i])),
        hallucinated: meanOfSome(hallucinated),
      });
    }
  }
  return found;
}

/**
 * PSNR of the best recorded baseline for each request, dB. For sections, each smoothing gets the gain and offset that
 * fit best, as outputs do.
 */
function bestOfEach(
  candidate: Candidate,
  scaled: Stack,
  requests: readonly PlaneRequest[],
  targets: readonly Plane[],
  dataRange: number,
): number[] {
  if (targets.length === 0) return [];
  const images = requests.map((one): RecordedCandidate[] => {
    const given = givenPlanesOf(candidate, scaled, one);
    return recordedCandidates(given.map(({ index, distance }) => ({ plane: planeOf(scaled, index), distance })));
  });
  const fits = images[0].map((_, k) =>
    candidate.task === "section"
      ? intensityFit(
          images.map((own) => own[k].image),
          targets,
        )
      : { gain: 1, offset: 0 },
  );
  return targets.map((target, i) =>
    Math.max(
      ...images[i].map(({ image }, k) => Math.min(maxPsnr, psnr(withIntensity(image, fits[k]), target, dataRange))),
    ),
  );
}

const meanOfSome = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : mean(values));

/**
 * One plane below and one above focus, at about half of the range; for sections the sharpest plane and two planes near
 * it.
 */
function requestsAround(candidate: Candidate, stack: Stack & { zStep: number }, sharpest: number): PlaneRequest[] {
  const { zStep } = stack;
  const inside = (plane: number): boolean => canTake(candidate, stack, plane);
  if (candidate.task === "section") {
    return [sharpest, sharpest - 2, sharpest + 2].filter(inside).map((plane) => ({ plane, distance: 0 }));
  }
  const fits = ({ plane, distance }: PlaneRequest): boolean =>
    inside(plane) &&
    isInRange(candidate, distance) &&
    canTravel(candidate, distance) &&
    !isGiven(candidate, distance, zStep);
  const all = Array.from({ length: stack.depth }, (_, plane) => ({ plane, distance: (sharpest - plane) * zStep }));
  const possible = all.filter(fits);
  const [low, high] = candidate.range ?? [-4 * zStep, 4 * zStep];
  return [high, low].flatMap((end): PlaneRequest[] => {
    const off = ({ distance }: PlaneRequest): number => Math.abs(distance - end / 2);
    const side = possible.filter(({ distance }) => Math.sign(distance) === Math.sign(end));
    return side.length === 0 ? [] : [side.reduce((a, b) => (off(b) < off(a) ? b : a))];
  });
}

function scaledStack(stack: Stack, height: number, width: number): Stack {
  if (height === stack.height && width === stack.width) return stack;
  const data = new Float32Array(stack.depth * height * width);
  for (let z = 0; z < stack.depth; z++) data.set(resize(planeOf(stack, z), height, width).data, z * height * width);
  return { ...stack, data, height, width };
}
