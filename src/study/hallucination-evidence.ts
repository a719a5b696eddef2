/** Measures whether outputs contain structures that no recorded plane explains. */
import { evenly } from "../array/evenly.ts";
import { Random } from "../array/random.ts";
import { ParfocalError } from "../errors.ts";
import { type Plane, planeOf } from "../image/image.ts";
import { type HallucinationRoc, hallucinationRoc } from "../metrics/hallucination-roc.ts";
import { hallucinationMap } from "../metrics/hallucinations.ts";
import { fitIntensity } from "../metrics/intensity-fit.ts";
import type { Candidate } from "./candidate.ts";
import { type EveryPlane, isJudged, type Outcome } from "./every-plane.ts";
import { cropPlane, type StudiedStack } from "./studied-stack.ts";

export interface HallucinationEvidence {
  /** Share of the bright structures of an output that the reference does not explain, 0..1; mean over the outputs. */
  share: number;
  /** Number of hallucinated places in all outputs together. */
  spots: number;
  /** Number of outputs that were examined. */
  outputs: number;
  /**
   * How well planted structures are distinguished from empty places, on one of the outputs; undefined where it has no
   * room for any.
   */
  planted: HallucinationRoc | undefined;
  /** The reference, as named in sentences and in the heading of the figure. */
  against: string;
  referenceName: string;
  /** The output with the largest share of hallucinated structures. */
  worst: { plane: number; output: Plane; reference: Plane; map: Plane };
}

/** Largest number of outputs that are examined, evenly distributed over z. */
const maxOutputs = 6;
const seed = 1;

/**
 * Compares refocused planes with the plane recorded at the target height, and sections with the ground truth of their
 * plane. Without a ground truth, sections are compared with the recorded plane, which also contains all structure in
 * focus, under out-of-focus light.
 */
export function hallucinationEvidence(
  { task }: Pick<Candidate, "task">,
  { stack, truth, sharpest, region }: Pick<StudiedStack, "stack" | "truth" | "sharpest" | "region">,
  { outcomes }: EveryPlane,
): HallucinationEvidence | undefined {
  const judged = outcomes.filter(isJudged);
  const chosen = evenly(judged, maxOutputs);
  if (chosen.length === 0) return undefined;
  const cut = (plane: Plane): Plane => cropPlane(plane, region);
  const known = ({ plane }: Outcome): Plane =>
    cut(planeOf(task === "section" ? (truth ?? stack) : stack, task === "section" ? plane : sharpest));
  const found = chosen.map((one) => {
    const reference = known(one);
    const output = task === "section" ? fitIntensity(cut(one.output), reference) : cut(one.output);
    return { one, output, reference, ...hallucinationMap({ output, reference }) };
  });
  const worst = found.reduce((a, b) => (b.hallucinatedShare > a.hallucinatedShare ? b : a));
  const { output, reference } = found[found.length >> 1];
  const contrasts = [0.1, 0.3, 1];
  const planted = whereFits(() =>
    hallucinationRoc({ output, reference, random: new Random(seed), contrasts, count: 16 }),
  );
  const against =
    task === "refocus" ? "the recorded sharpest plane" : truth ? "the ground truth" : "the recorded plane";
  return {
    share: found.reduce((sum, { hallucinatedShare }) => sum + hallucinatedShare, 0) / found.length,
    spots: found.reduce((sum, { spots }) => sum + spots.length, 0),
    outputs: found.length,
    planted,
    against,
    referenceName: task === "section" && truth ? "Ground truth" : "Recorded",
    worst: { plane: worst.one.plane, output: worst.output, reference: worst.reference, map: worst.z },
  };
}

/** The result, or undefined where the image does not allow it because it is empty or full of structure. */
function whereFits<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof ParfocalError && error.code === "image.unfit") return undefined;
    throw error;
  }
}
