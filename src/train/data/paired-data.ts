/** Training data of image-to-image networks: stacks with their targets, such as optical sections or confocal images. */
import { ParfocalError } from "../../errors.ts";
import { cropPlanes } from "../../image/crop.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { requirePairable } from "../../image/pairable.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import { checkRegistered } from "../../metrics/unregistered.ts";
import { type Normalisation, normalisationOf, normalise } from "../../models/apply/normalisation.ts";
import type { Warning } from "../../warning.ts";
import type { CommonConfig } from "../common-config.ts";
import type { TrainingInput } from "../training-method.ts";
import { contentSums } from "./content.ts";
import { isSameStack } from "./repeated-samples.ts";
import { checkPixelSizes } from "./same-pixel-size.ts";
import type { Box } from "./split-region.ts";
import { type Preparation, type TrainingSources, trainingSources } from "./training-sources.ts";

/** A stack and its target, or a region of both, ready to draw patches from. */
export interface PairedSource {
  name: string;
  /** `[depth, height, width]`, normalised by the percentiles of the whole stack. */
  data: Float32Array;
  /** The target: of the same shape, normalised by its own percentiles. */
  target: Float32Array;
  depth: number;
  height: number;
  width: number;
  /** um */
  pixelSize: number;
  zStep?: number;
  /** The normalisations, to convert both back to counts. */
  scales: { input: Normalisation; target: Normalisation };
}

/** The sources of patches, and warnings about the pairs. */
export interface PairedSources extends TrainingSources<PairedSource, IndexedPair> {
  warnings: Warning[];
}

/** A source with tables for drawing from it, computed once. */
export interface IndexedPair {
  source: PairedSource;
  /** Summed-area tables of the signal of the two kinds of images, `[height + 1, width + 1]`. */
  content: { input: Float64Array; target: Float64Array };
}

export interface PairedDataOptions {
  /** Number of planes in the input of the network; default 1. */
  planes?: number | undefined;
  /** Whether inputs and targets must show the same place; default true. CycleGAN is trained without. */
  registered?: boolean | undefined;
}

/**
 * Checks, normalises and splits pairs of stacks with one pixel size; simulated fields join during the training.
 * Simulated fields are registered by construction, which is not checked. Yields now and then: see breathe.ts.
 *
 * @throws calibration.missing without pixel size; image.unfit for a stack without target or with one of another size,
 *   NaN, constant images, inputs and targets that are not registered (see {@link checkRegistered}), fewer planes than
 *   the network takes; usage for parts that do not fit
 */
export function* pairedSources(
  input: TrainingInput,
  config: CommonConfig,
  { planes = 1, registered = true }: PairedDataOptions = {},
): Generator<void, PairedSources> {
  const preparation: Preparation<PairedSource, IndexedPair> = {
    whole: (sample) => pairedSource(sample, config, { planes, registered }),
    cut,
    index: (source) => ({
      source,
      content: { input: contentSums(source), target: contentSums({ ...source, data: source.target }) },
    }),
    together: checkPixelSizes,
  };
  const sources = yield* trainingSources(input, config, preparation);
  const warnings: Warning[] = [];
  for (const { name, stack, target } of input.samples) {
    if (!target || !isSameStack(stack, target)) continue;
    warnings.push({
      code: "identical_target",
      text: `${name}: its target has the same pixels, so that there is nothing to learn. Give the image that the network should compute, such as an optical section.`,
    });
  }
  for (const { name, stack, target } of registered ? input.samples : []) {
    const doubt = target && (yield* checkRegistered(name, stack, target));
    if (doubt !== undefined) warnings.push({ code: "unregistered", text: doubt });
  }
  return { ...sources, warnings };
}

function* pairedSource(
  { name, stack, target }: NamedStack,
  config: CommonConfig,
  { planes, registered }: { planes: number; registered: boolean },
): Generator<void, PairedSource> {
  const { depth, height, width, zStep, pixelSize } = stack;
  if (!target) throw unfit(name, "it has no target", "give a target for every stack with `target` or `target_channel`");
  // Where input and target need not show the same place, their z steps may differ.
  requirePairable([name, stack], ["its target", registered ? target : { ...target, zStep: undefined }]);
  if (depth < planes) {
    throw unfit(name, `it has ${depth} plane${depth === 1 ? "" : "s"}`, `the network needs ${planes} or more`);
  }
  if (pixelSize === undefined) {
    const message = `${name}: its pixel size is not known. Give \`pixel_size <your pixel size>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { path: name, what: "pixel size", option: "pixel_size" });
  }
  const inputImage = yield* normalised(stack, config, name);
  const targetImage = yield* normalised(target, config, `the target of ${name}`);
  return {
    name,
    data: inputImage.data,
    target: targetImage.data,
    depth,
    height,
    width,
    pixelSize: (pixelSize.y + pixelSize.x) / 2,
    ...(zStep === undefined ? {} : { zStep }),
    scales: { input: inputImage.scale, target: targetImage.scale },
  };
}

function* normalised(
  { data: counts, height, width }: Stack,
  { norm_pmin, norm_pmax }: CommonConfig,
  name: string,
): Generator<void, { data: Float32Array; scale: Normalisation }> {
  refuseNonFinite(counts, { path: name, width, height, z: 0 });
  yield;
  const scale = normalisationOf(counts, norm_pmin, norm_pmax, name);
  yield;
  const data = new Float32Array(counts.length);
  normalise(counts, scale, data);
  return { data, scale };
}

function unfit(name: string, detail: string, advice: string): ParfocalError {
  return new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
}

function cut(source: PairedSource, { rows, columns }: Box): PairedSource {
  const [height, width] = [rows, columns].map(([start, end]) => end - start);
  const data = cropPlanes(source.data, source, rows, columns);
  return { ...source, data, target: cropPlanes(source.target, source, rows, columns), height, width };
}
