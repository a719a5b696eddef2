/**
 * How much several models for the same task disagree.
 *
 * What this cannot show: agreement does not prove that the outputs are right. Models that were trained on the same data
 * share their faults, and agree where all of them are wrong.
 *
 * Sources: Lakshminarayanan, Pritzel and Blundell, "Simple and scalable predictive uncertainty estimation using deep
 * ensembles", NeurIPS 2017; disagreement: Weigert, Schmidt, et al., Nat. Methods 15, 1090 (2018).
 */
import { evenly } from "../array/evenly.ts";
import { mean as meanOf, moments } from "../array/statistics.ts";
import type { Plane } from "../image/image.ts";
import { pearson } from "../metrics/metrics.ts";
import type { Candidate, PlaneRequest } from "./candidate.ts";
import { type EveryPlane, isJudged } from "./every-plane.ts";
import { errorsOf, joined, maxPlanes, rowOf, type SpreadMap, spreadMaps, targetOf, typicalMap } from "./spread-map.ts";
import { cropPlane, type StudiedStack } from "./studied-stack.ts";

/** The disagreement of models for the same task. */
export interface EnsembleSpread {
  task: Candidate["task"];
  /** The names of two or more models. */
  names: string[];
  /** Planes that at least two of the models made within their range, counted from 0. */
  planes: number[];
  /** Standard deviation between models, root mean square over pixels and planes, divided by the data range. */
  spread: number;
  against: "truth" | "sharpest plane" | undefined;
  /**
   * Root mean square error of the models' mean, divided by the data range. If it is much larger than the spread, the
   * models make the same mistakes.
   */
  error: number | undefined;
  /**
   * Pearson's correlation of the standard deviation and the absolute error of the mean over all pixels; NaN where
   * models agree everywhere.
   */
  correlation: number | undefined;
  /** The plane that is shown: `output` is the mean, `spread` the standard deviation. */
  typical: SpreadMap & { outputs: { name: string; output: Plane }[] };
}

/** The part of a candidate's study that an ensemble needs. */
export interface EnsembleMember {
  candidate: Pick<Candidate, "name" | "kind" | "task">;
  every: Pick<EveryPlane, "outcomes" | "dataRange">;
}

/**
 * Compares the outputs that all models for one task have already made, in the region. Classical methods are left out.
 * Sections have counts of their own and are first brought to mean 0 and standard deviation 1, all planes of a model
 * together. (A fit to the models' mean would shrink an output the more, the less it agrees, and so hide the
 * disagreement.) The standard deviation between models is that of a sample (divided by n - 1); for two models it is
 * their difference divided by the square root of 2.
 * @returns undefined for fewer than two models, or where no two of them made the same plane
 */
export function ensembleSpread(
  task: Candidate["task"],
  studied: Pick<StudiedStack, "stack" | "truth" | "sharpest" | "region">,
  studies: readonly EnsembleMember[],
): EnsembleSpread | undefined {
  const models = studies.filter(({ candidate }) => candidate.kind === "model" && candidate.task === task);
  const shared = sharedPlanes(models);
  if (shared.length === 0) return undefined;
  const targets = targetOf({ task }, studied);
  const cut = shared.map(({ outputs }) =>
    outputs.map(({ name, output }) => ({ name, output: cropPlane(output, studied.region) })),
  );
  const names = models
    .map(({ candidate }) => candidate.name)
    .filter((name) => cut.flat().some((one) => one.name === name));
  const standards = new Map(
    names.map((name) => [name, moments(joined(cut.flat().flatMap((one) => (one.name === name ? [one.output] : []))))]),
  );
  const standardised = ({ name, output }: { name: string; output: Plane }): Plane => {
    const { mean = 0, variance = 1 } = standards.get(name) ?? {};
    return { ...output, data: output.data.map((value) => (value - mean) / (Math.sqrt(variance) || 1)) };
  };
  const across = cut.map((made) =>
    acrossModels(made.map((one) => (task === "section" ? standardised(one) : one.output))),
  );
  const uncertain = shared.map(({ plane, distance }, i) => {
    const { mean, deviation } = across[i];
    return { plane, distance, picture: mean, deviation };
  });
  const maps = spreadMaps({ task }, uncertain, targets, models[0].every.dataRange).map((map, i) => ({
    ...map,
    outputs: cut[i],
  }));
  const spread = joined(maps.map((map) => map.spread));
  const error = errorsOf(maps);
  const rms = (values: Float32Array): number => Math.sqrt(meanOf(values.map((value) => value ** 2)));
  const most = Math.max(...maps.map(({ outputs }) => outputs.length));
  const full = shared.filter((_, i) => maps[i].outputs.length === most);
  return {
    task,
    names,
    planes: shared.map(({ plane }) => plane),
    spread: rms(spread),
    against: targets?.name,
    error: targets && rms(error),
    correlation: targets && pearson(rowOf(spread), rowOf(error)),
    typical: typicalMap({ task }, maps, full, studied.sharpest),
  };
}

interface Shared extends PlaneRequest {
  outputs: { name: string; output: Plane }[];
}

/** Planes that at least two models made, with the output of each; at most {@link maxPlanes}. */
function sharedPlanes(models: readonly EnsembleMember[]): Shared[] {
  const found = new Map<number, Shared>();
  for (const { candidate, every } of models) {
    for (const { plane, distance, output } of every.outcomes.filter(isJudged)) {
      const one = found.get(plane) ?? { plane, distance, outputs: [] };
      one.outputs.push({ name: candidate.name, output });
      found.set(plane, one);
    }
  }
  const all = [...found.values()].filter(({ outputs }) => outputs.length > 1).sort((a, b) => a.plane - b.plane);
  return evenly(all, maxPlanes);
}

function acrossModels(pictures: readonly Plane[]): { mean: Plane; deviation: Plane } {
  const [first] = pictures;
  const n = pictures.length;
  const mean = first.data.map((_, i) => pictures.reduce((sum, { data }) => sum + data[i], 0) / n);
  const deviation = first.data.map((_, i) =>
    Math.sqrt(pictures.reduce((sum, { data }) => sum + (data[i] - mean[i]) ** 2, 0) / (n - 1)),
  );
  return { mean: { ...first, data: mean }, deviation: { ...first, data: deviation } };
}
