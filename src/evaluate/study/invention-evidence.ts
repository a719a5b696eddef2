/** Whether outputs hold structures that nothing recorded explains. */
import { Random } from "../../array/random.ts";
import { type Plane, planeOf } from "../../image/image.ts";
import { fitIntensity } from "../intensity-fit.ts";
import type { Candidate } from "./candidate.ts";
import type { EveryPlane, Outcome } from "./every-plane.ts";
import { cropPlane, type Subject } from "./subject.ts";
import { findPlanted, unexplainedLight } from "./unexplained-light.ts";

export interface InventionEvidence {
  /** Of the bright structures of all outputs, those that nothing explains. */
  share: number;
  spots: number;
  /** Outputs that were looked at. */
  outputs: number;
  /** How well planted spots are found: see {@link findPlanted}. */
  auc: number;
  detectable: number;
  /** What must explain them, for sentences and for the picture's column. */
  against: string;
  referenceName: string;
  /** The output with most of it. */
  worst: { plane: number; output: Plane; reference: Plane; map: Plane };
}

/** Outputs that are looked at, evenly spread over z. */
const most = 6;

/**
 * Refocused planes are held against the plane recorded there, sections against the truth.
 * Sections without a truth are held against the stack itself: light of a plane that no plane of the stack within reach explains.
 */
export function inventionEvidence(
  { task }: Pick<Candidate, "task">,
  { stack, truth, sharpest, region }: Pick<Subject, "stack" | "truth" | "sharpest" | "region">,
  { outcomes }: EveryPlane,
): InventionEvidence | undefined {
  const judged = outcomes.filter(({ inRange, distance }) => inRange && (task === "section" || distance !== 0));
  const chosen = spread(judged, most);
  if (chosen.length === 0) return undefined;
  const cut = (plane: Plane): Plane => cropPlane(plane, region);
  const known = ({ plane }: Outcome): Plane =>
    cut(planeOf(task === "section" ? (truth ?? stack) : stack, task === "section" ? plane : sharpest));
  const random = new Random(1);
  const found = chosen.map((one) => {
    const reference = known(one);
    const output = task === "section" ? fitIntensity(cut(one.output), reference) : cut(one.output);
    return { one, output, reference, ...unexplainedLight(output, reference) };
  });
  const planted = found.slice(0, 3).map(({ output, reference }) => findPlanted(output, reference, random));
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const spots = found.reduce((sum, one) => sum + one.spots.length, 0);
  const structures = found.reduce((sum, one) => sum + one.structures, 0);
  const worst = found.reduce((a, b) => (b.spots.length > a.spots.length ? b : a));
  const against = task === "refocus" ? "the plane recorded there" : truth ? "the truth" : "the recorded plane";
  return {
    share: structures === 0 ? 0 : spots / structures,
    spots,
    outputs: found.length,
    auc: mean(planted.map(({ auc }) => auc)),
    detectable: Math.max(...planted.map(({ detectable }) => detectable)),
    against,
    referenceName: task === "section" && truth ? "Truth" : "Recorded",
    worst: { plane: worst.one.plane, output: worst.output, reference: worst.reference, map: worst.map },
  };
}

function spread<T>(all: readonly T[], count: number): T[] {
  if (all.length <= count) return [...all];
  return Array.from({ length: count }, (_, i) => all[Math.round((i * (all.length - 1)) / (count - 1))]);
}
