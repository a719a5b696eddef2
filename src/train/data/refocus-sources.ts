/** Training data of refocusing: pairs of planes at a distance. */
import { ParfocalError } from "../../errors.ts";
import { cropPlanes } from "../../image/crop.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { requirePairable } from "../../image/pairable.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import { normalisationOf, normalise } from "../../models/apply/normalisation.ts";
import type { CommonConfig } from "../common-config.ts";
import type { TrainingInput } from "../training-method.ts";
import { type IndexedSource, indexSource } from "./draw-batch.ts";
import type { PairSource } from "./pairs.ts";
import { checkPixelSizes } from "./same-pixel-size.ts";
import type { Box } from "./split-region.ts";
import { type Preparation, splitSources, type TrainingSources, trainingSources } from "./training-sources.ts";

/** The configuration keys that define the pairs of a stack. */
export type RefocusDataConfig = CommonConfig & {
  /** Positions of the input planes, um from the first one. */
  input_offsets: readonly number[];
  /** um */
  distance_range: readonly [number, number];
  /**
   * Whether the network returns its input planes unchanged whatever its weights are, so that they need not be trained
   * on.
   */
  gives_back?: boolean;
};

/**
 * Checks, normalises and splits stacks with one pixel size. Yields now and then: see breathe.ts.
 * @throws calibration.missing without z step or pixel size; image.unfit for NaN, constant or too thin stacks; usage for
 *   parts that do not fit
 */
export function refocusSources(
  input: Pick<TrainingInput, "samples" | "fields">,
  config: RefocusDataConfig,
): Generator<void, TrainingSources<PairSource, IndexedSource>> {
  return trainingSources(input, config, preparation(config));
}

/** Splits recorded stacks into the parts for training and validation; throws what {@link refocusSources} throws. */
export const splitStacks = (
  stacks: readonly NamedStack[],
  config: RefocusDataConfig,
): Generator<void, { train: PairSource[]; validation: PairSource[] }> =>
  splitSources(stacks, config, preparation(config));

const preparation = (config: RefocusDataConfig): Preparation<PairSource, IndexedSource> => ({
  whole: (sample) => pairSource(sample, config),
  cut: crop,
  index: (source) => indexSource(source, !config.gives_back),
  together: checkPixelSizes,
});

function* pairSource({ name, stack, target }: NamedStack, config: RefocusDataConfig): Generator<void, PairSource> {
  const { depth, height, width, zStep, pixelSize } = stack;
  const missing = (what: string, option: string): never => {
    throw new ParfocalError(
      "calibration.missing",
      `${name} has ${depth} planes, but its ${what} is not known. Give \`${option} <your ${what}>\` (um).`,
      {
        path: name,
        what,
        option,
      },
    );
  };
  const unfit = (detail: string, advice: string): never => {
    throw new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  };
  if (depth < 2) unfit("it has a single plane", "refocusing is trained on z-stacks of several planes");
  if (zStep === undefined) return missing("z step", "z_step");
  if (pixelSize === undefined) return missing("pixel size", "pixel_size");
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  const offsets = config.input_offsets.map((offset) => {
    const planes = Math.round(offset / zStep);
    if (Math.abs(planes * zStep - offset) <= 0.25 * zStep && (offset === 0 || planes !== 0)) return planes;
    throw new ParfocalError(
      "usage",
      `${name}: no two planes are ${offset} um apart, since its z step is ${zStep} um. Choose input_offsets that are multiples of the z step.`,
      {
        option: "input_offsets",
        got: offset,
      },
    );
  });
  const [near, far] = config.distance_range.map((distance) => distance / zStep);
  const distances: number[] = [];
  for (let d = Math.ceil(near - 1e-3); d <= Math.floor(far + 1e-3); d++) distances.push(d);
  const span = Math.max(...offsets) - Math.min(...offsets);
  const reached = (d: number): number => Math.max(d, ...offsets) - Math.min(d, ...offsets);
  if (!distances.some((d) => d !== 0)) {
    unfit(
      `at its z step of ${zStep} um no plane is within the distance_range of ${config.distance_range.join(" to ")} um`,
      "widen distance_range",
    );
  }
  if (depth < span + 2) {
    unfit(
      `${depth} planes at a z step of ${zStep} um are too few for input planes ${span * zStep} um apart`,
      "choose smaller input_offsets",
    );
  }
  if (!distances.some((d) => d !== 0 && reached(d) < depth)) {
    unfit(
      `its ${depth} planes at a z step of ${zStep} um have no pair within the distance_range of ${config.distance_range.join(" to ")} um`,
      "choose a distance_range that fits into the stack",
    );
  }
  yield;
  const data = yield* normalisedCounts(stack.data, config, name);
  const targetData = target && (yield* targetCounts(name, stack, target, config));
  return {
    name,
    data,
    ...(targetData && { target: targetData }),
    depth,
    height,
    width,
    offsets,
    distances,
    zStep,
    pixelSize: (pixelSize.y + pixelSize.x) / 2,
  };
}

/** The target, normalised by its own percentiles. */
function* targetCounts(name: string, stack: Stack, target: Stack, config: CommonConfig): Generator<void, Float32Array> {
  requirePairable([name, stack], ["its target", target]);
  refuseNonFinite(target.data, { path: `the target of ${name}`, width: target.width, height: target.height, z: 0 });
  yield;
  return yield* normalisedCounts(target.data, config, `the target of ${name}`);
}

function* normalisedCounts(
  counts: Float32Array,
  { norm_pmin, norm_pmax }: CommonConfig,
  name: string,
): Generator<void, Float32Array> {
  const normalisation = normalisationOf(counts, norm_pmin, norm_pmax, name);
  yield;
  const data = new Float32Array(counts.length);
  normalise(counts, normalisation, data);
  return data;
}

function crop(source: PairSource, { rows, columns }: Box): PairSource {
  const cut = (data: Float32Array): Float32Array => cropPlanes(data, source, rows, columns);
  const { data, target } = source;
  const [height, width] = [rows, columns].map(([start, end]) => end - start);
  return { ...source, data: cut(data), ...(target && { target: cut(target) }), height, width };
}
