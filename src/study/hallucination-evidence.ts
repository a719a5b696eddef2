/** Whether outputs hold structures that nothing recorded explains. */
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
  /** Of the bright structures of an output, those that nothing explains: mean over the outputs. */
  share: number;
  /** In all outputs together. */
  spots: number;
  /** Outputs that were looked at. */
  outputs: number;
  /** How well planted structures are told from empty places, on one of the outputs; undefined where it has no room for any. */
  planted: HallucinationRoc | undefined;
  /** What must explain them, for sentences and for the picture's column. */
  against: string;
  referenceName: string;
  /** The output with maxOutputs of it. */
  worst: { plane: number; output: Plane; reference: Plane; map: Plane };
}

/** Outputs that are looked at, evenly spread over z. */
const maxOutputs = 6;
const seed = 1;

/**
 * Refocused planes are held against the plane recorded there, sections against the truth of their plane, or without one against the recorded plane:
 * it holds what is in focus as well, under out-of-focus light.
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
  const against = task === "refocus" ? "the plane recorded there" : truth ? "the truth" : "the recorded plane";
  return {
    share: found.reduce((sum, { hallucinatedShare }) => sum + hallucinatedShare, 0) / found.length,
    spots: found.reduce((sum, { spots }) => sum + spots.length, 0),
    outputs: found.length,
    planted,
    against,
    referenceName: task === "section" && truth ? "Truth" : "Recorded",
    worst: { plane: worst.one.plane, output: worst.output, reference: worst.reference, map: worst.z },
  };
}

/** What is found, or undefined where the picture does not allow it: it may be empty, or full of structure. */
function whereFits<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof ParfocalError && error.code === "image.unfit") return undefined;
    throw error;
  }
}
