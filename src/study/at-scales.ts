/** The same image at other scales: cropped as it is, against rescaled before it is given to a model. */
import { resize } from "../array/resample.ts";
import { mean } from "../array/statistics.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { hallucinationMap } from "../metrics/hallucinations.ts";
import { intensityFit, withIntensity } from "../metrics/intensity-fit.ts";
import { psnr } from "../metrics/metrics.ts";
import { type RecordedCandidate, recordedCandidates } from "../metrics/recorded-baseline.ts";
import { type Candidate, canTake, canTravel, givenPlanesOf, type Wanted } from "./candidate.ts";
import { isGiven, isInRange } from "./every-plane.ts";
import { cropPlane, cropToBox, type Subject } from "./subject.ts";

export interface ScaleResult {
  /** Pixels of the image for one of the recorded image. */
  factor: number;
  /** Whether the candidate was told the new pixel size, and so could bring the image to its own. */
  told: boolean;
  input: Plane;
  output: Plane;
  target: Plane | undefined;
  /** PSNR of the output minus that of the best recorded baseline, dB, mean over the planes that were tried; undefined without a target. */
  gain: number | undefined;
  /** The same over the untouched first plane. */
  gainOverInput: number | undefined;
  /** Of the bright structures of the outputs, brought back to the recorded pixels, those that the target does not explain; mean, 0..1. */
  hallucinated: number | undefined;
}

export const scaleFactors = [0.5, 0.71, 1, 1.41, 2] as const;

/** An output that is identical to its target has no end of PSNR; no gain is larger than this, dB. */
const highest = 100;

/** Shortest edge that is still given to a model, pixels. */
const leastEdge = 48;

/**
 * Gives the candidate planes out of focus (for sections: the planes around the sharpest one), rescaled: with and without the correct pixel size. A user who
 * fits an image to a tool that takes 1024 x 1024 pixels only gives the wrong one.
 */
export async function atScales(
  candidate: Candidate,
  subject: Pick<Subject, "stack" | "truth" | "sharpest" | "region" | "dataRange">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<ScaleResult[]> {
  const { stack, truth, sharpest, region, dataRange } = subject;
  const wanted = requests(candidate, stack, sharpest);
  if (wanted.length === 0) return [];
  // None for sections without a truth.
  const references = wanted.flatMap(({ plane }) => {
    const target = candidate.task === "refocus" ? planeOf(stack, sharpest) : truth && planeOf(truth, plane);
    return target ? [cropPlane(target, region)] : [];
  });
  const part = cropToBox(stack, region);
  const found: ScaleResult[] = [];
  for (const factor of scaleFactors) {
    const [height, width] = [region.height, region.width].map((edge) => Math.round(edge * factor));
    if (height < leastEdge || width < leastEdge) continue;
    const scaled = scaledStack(part, height, width);
    const scaledTargets = references.map((reference) => resize(reference, height, width));
    const baselines = bestOfEach(candidate, scaled, wanted, scaledTargets, dataRange);
    for (const told of [false, true]) {
      if (told && (factor === 1 || stack.pixelSize === undefined)) continue;
      const pixelSize = stack.pixelSize && { y: stack.pixelSize.y / factor, x: stack.pixelSize.x / factor };
      const given = told && pixelSize ? { ...scaled, pixelSize } : scaled;
      const outputs = await candidate.make(given, whole, wanted, signal);
      const inputs = wanted.map(({ plane }) => planeOf(scaled, plane));
      const scoresOf = (planes: readonly Plane[]): { psnr: number[]; seen: Plane[] } => {
        if (references.length === 0) return { psnr: [], seen: [] };
        const fit = candidate.task === "section" && intensityFit(planes, scaledTargets);
        const seen = planes.map((one) => (fit ? withIntensity(one, fit) : one));
        return { seen, psnr: seen.map((one, i) => Math.min(highest, psnr(one, scaledTargets[i], dataRange))) };
      };
      const [before, after] = [scoresOf(inputs), scoresOf(outputs)];
      const hallucinated = after.seen.map((one, i) => {
        const output = resize(one, region.height, region.width);
        return hallucinationMap({ output, reference: references[i] }).hallucinatedShare;
      });
      found.push({
        factor,
        told,
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
 * PSNR of the best recorded baseline of each wanted plane; for sections with the gain and offset that suit each smoothing best, as outputs get theirs.
 */
function bestOfEach(
  candidate: Candidate,
  scaled: Stack,
  wanted: readonly Wanted[],
  targets: readonly Plane[],
  dataRange: number,
): number[] {
  if (targets.length === 0) return [];
  const images = wanted.map((one): RecordedCandidate[] => {
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
      ...images[i].map(({ image }, k) => Math.min(highest, psnr(withIntensity(image, fits[k]), target, dataRange))),
    ),
  );
}

const meanOfSome = (values: readonly number[]): number | undefined => (values.length === 0 ? undefined : mean(values));

/** A plane from below and one from above focus, about half of the range away; the sharpest plane and its neighbours for sections. */
function requests(candidate: Candidate, stack: Stack & { zStep: number }, sharpest: number): Wanted[] {
  const { zStep } = stack;
  const inside = (plane: number): boolean => canTake(candidate, stack, plane);
  if (candidate.task === "section") {
    return [sharpest, sharpest - 2, sharpest + 2].filter(inside).map((plane) => ({ plane, distance: 0 }));
  }
  const fits = ({ plane, distance }: Wanted): boolean =>
    inside(plane) &&
    isInRange(candidate, distance) &&
    canTravel(candidate, distance) &&
    !isGiven(candidate, distance, zStep);
  const all = Array.from({ length: stack.depth }, (_, plane) => ({ plane, distance: (sharpest - plane) * zStep }));
  const possible = all.filter(fits);
  const [low, high] = candidate.range ?? [-4 * zStep, 4 * zStep];
  return [high, low].flatMap((end): Wanted[] => {
    const off = ({ distance }: Wanted): number => Math.abs(distance - end / 2);
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
