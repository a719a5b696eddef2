import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { leakyRelu, relu, sigmoid } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add } from "../../graph/operators/elementwise.ts";
import { matMul } from "../../graph/operators/matmul.ts";
import { concat, pad, reshape, slice } from "../../graph/operators/movement.ts";
import { averagePool, maxPool } from "../../graph/operators/pooling.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import { convTransposed2, convUpsampled } from "../../graph/operators/upsampled-convolution.ts";
import { commonInfo } from "./common-info.ts";
import type { Parameters } from "./parameters.ts";
import { coarsePixel } from "./plane-filters.ts";

/** How a network starts from its recorded planes. */
const recordedBaseOptions = z.strictObject({
  /**
   * Width s of the gate, um, see `recordedBase`; undefined: a seventh of the smallest gap between two planes, or of the
   * range.
   */
  gate_width: z.number().positive().optional(),
  /** Number of distances at which linear filters are fitted, 2 or more; 0 for no filters. */
  filter_nodes: z
    .int()
    .nonnegative()
    .refine((count) => count !== 1, "expected 2 or more distances, or 0 for no filters"),
  /** Whether the network varies the filters across the image: it gives a weight for every band of every plane. */
  local_filters: z.boolean(),
});

/**
 * Deep-Z: virtual refocusing by a U-Net whose input is the image and, as one more channel, the refocusing distance of
 * every pixel (the digital propagation matrix). Wu, Rivenson, et al., "Three-dimensional virtual refocusing of
 * fluorescence microscopy images using deep learning", Nature Methods 16, 1323 (2019), arXiv 1901.11252; the generator
 * follows the graph that the authors published with their plugin.
 */
export const deepZArchitecture = z.strictObject({
  /**
   * Channels of the two convolutions of every level on the way down; a 2x2 maximum pooling follows each but the last.
   */
  down: z.array(z.tuple([z.int().positive(), z.int().positive()])).min(2),
  /** Channels of every level on the way up, from the smallest image to the largest: one fewer than `down`. */
  up: z.array(z.int().positive()).min(1),
  /**
   * How the decoder doubles the size: the published 3x3 transposed convolution of stride 2, or nearest-neighbour
   * upsampling and a 3x3 convolution.
   */
  upsampling: z.enum(["transposed", "nearest"]),
  /** Adds the first input plane to the output, so that an untrained network returns the image unchanged. */
  residual: z.boolean(),
  /**
   * Takes all recorded planes as the starting point instead, weighted by their distances, see `deepZRefocus`; null or
   * undefined in recursive networks and in models of earlier versions.
   */
  recorded_base: recordedBaseOptions.nullable().optional(),
  /** Refocusing distance that is 1 in the distance channel, um. */
  distance_scale: z.number().positive(),
  /** Initial value of the biases. */
  bias: z.number(),
});

export type DeepZArchitecture = z.infer<typeof deepZArchitecture>;

/**
 * How well a model of one input plane knows the direction of defocus, measured on held-out stacks: the probability that
 * the focus lies at positive distances is 1 / (1 + exp(-(gain s + bias))), where s is a statistic of its outputs to
 * both sides.
 */
const directionCalibration = z.object({
  gain: z.number(),
  bias: z.number(),
  /** Regions that it was measured on, and the share of them whose direction was right when fitted on other fields. */
  regions: z.int(),
  accuracy: z.number(),
});

export type DirectionCalibration = z.infer<typeof directionCalibration>;

/** The description of a model of Deep-Z. Lengths in um. */
export const deepZInfo = z.object({
  ...commonInfo,
  task: z.literal("refocus"),
  method: z.literal("deep-z"),
  architecture: deepZArchitecture,
  /** Positions of the input planes, relative to the first of them. */
  input_offsets: z.array(z.number()).min(1),
  /** Range of refocusing distances that the model was trained on: z(target) - z(first input plane). */
  distance_range: z.tuple([z.number(), z.number()]),
  z_step: z.number().positive(),
  /** Only for models of one input plane. */
  direction: directionCalibration.optional(),
});

/** `published`: 77.8 M parameters, as in the authors' graph. `small`: 0.54 M, trained in minutes on a laptop. */
export const deepZPresets: Record<"published" | "small", DeepZArchitecture> = {
  published: {
    down: [
      [25, 48],
      [72, 96],
      [144, 192],
      [288, 384],
      [576, 768],
      [1152, 1536],
    ],
    up: [768, 384, 192, 96, 48],
    upsampling: "transposed",
    residual: false,
    distance_scale: 10,
    bias: 0.1,
  },
  small: {
    down: [
      [16, 16],
      [32, 32],
      [64, 64],
      [128, 128],
    ],
    up: [64, 32, 16],
    upsampling: "nearest",
    residual: true,
    recorded_base: { filter_nodes: 21, local_filters: true },
    distance_scale: 10,
    bias: 0,
  },
};

/** Image sizes must be multiples of this. */
export function deepZAlignment({ down, recorded_base }: DeepZArchitecture): number {
  const own = 2 ** (down.length - 1);
  return recorded_base ? Math.max(own, coarsePixel) : own;
}

/**
 * The generator.
 *
 * @param x `[n, planes + 1, h, w]`: the input planes, normalised, then the distance channel (um / `distance_scale`); h
 *   and w multiples of {@link deepZAlignment}
 * @param form "training" runs the upsampling convolutions on the small image (4/9 of the arithmetic); "portable" uses
 *   plain operators only, for any image size. Both give the same numbers.
 * @param outputs channels of the output: 1, or more for a network that also predicts filters
 * @returns `[n, outputs, h, w]`: the refocused plane, normalised, or the correction to the recorded planes
 */
export function deepZGenerator(
  x: Value,
  architecture: DeepZArchitecture,
  parameters: Parameters,
  form: "training" | "portable",
  outputs = 1,
): Value {
  const layer = (input: Value, channels: number, name: string): Value =>
    relu(convolve(input, channels, name, architecture.bias, parameters));

  const skips: Value[] = [];
  let h = x;
  architecture.down.forEach(([first, second], level) => {
    const inner = layer(layer(h, first, `down${level}/conv1`), second, `down${level}/conv2`);
    h = add(inner, padChannels(h, second));
    if (level < architecture.down.length - 1) {
      skips.push(h);
      h = maxPool(h, [2, 2]);
    }
  });
  architecture.up.forEach((channels, i) => {
    const level = architecture.up.length - 1 - i;
    const up = upsample(h, channels, `up${level}/conv0`, architecture, parameters, form);
    const joined = concat([up, skips[level]], 1);
    const middle = architecture.upsampling === "transposed" ? Math.round(1.5 * channels) : channels;
    h = add(layer(layer(joined, middle, `up${level}/conv1`), channels, `up${level}/conv2`), up);
  });
  const { residual, recorded_base, bias } = architecture;
  const withoutBase = !residual && !recorded_base;
  const weights = parameters("last/weights", [outputs, h.shape[1], 3, 3], withoutBase ? "glorot" : 0);
  const y = conv(h, weights, { bias: parameters("last/bias", [outputs], withoutBase ? bias : 0) });
  return residual && !recorded_base ? add(y, slice(x, [{ axis: 1, start: 0, end: 1 }])) : y;
}

/** 3x3 "same" convolution with bias. */
function convolve(x: Value, channels: number, name: string, bias: number, parameters: Parameters): Value {
  const weights = parameters(`${name}/weights`, [channels, x.shape[1], 3, 3], "glorot");
  return conv(x, weights, { bias: parameters(`${name}/bias`, [channels], bias) });
}

/** Doubles height and width; no activation follows. */
function upsample(
  x: Value,
  channels: number,
  name: string,
  { upsampling, bias }: DeepZArchitecture,
  parameters: Parameters,
  form: "training" | "portable",
): Value {
  const c = x.shape[1];
  const biases = parameters(`${name}/bias`, [channels], bias);
  if (upsampling === "transposed") {
    return convTransposed2(x, parameters(`${name}/weights`, [c, channels, 3, 3], "glorot"), biases);
  }
  const weights = parameters(`${name}/weights`, [channels, c, 3, 3], "glorot");
  return form === "training"
    ? convUpsampled(x, weights, biases)
    : conv(upsampleNearest(x, [2, 2]), weights, { bias: biases });
}

/** Appends channels of zeros, or takes the first channels where `channels` is smaller than the number present. */
function padChannels(x: Value, channels: number): Value {
  const missing = channels - x.shape[1];
  if (missing < 0) return slice(x, [{ axis: 1, start: 0, end: channels }]);
  return missing === 0 ? x : pad(x, [0, 0, 0, 0], [0, missing, 0, 0]);
}

/**
 * The discriminator: six blocks of two 3x3 convolutions with leaky ReLU (slope 0.1), each halving the size and doubling
 * the channels from `channels`, a global mean and two fully connected layers; after the paper (the widths of the dense
 * layers are not published).
 *
 * @param image `[n, 1, h, w]`, h and w multiples of 64
 * @returns scores `[n, 1]` in (0, 1): 1 for a recorded image
 */
export function deepZDiscriminator(image: Value, channels: number, parameters: Parameters): Value {
  const layer = (input: Value, width: number, name: string): Value =>
    leakyRelu(convolve(input, width, name, 0, parameters), 0.1);
  let h = image;
  for (let block = 0; block < 6; block++) {
    const width = channels * 2 ** block;
    h = layer(layer(h, width, `d${block}/conv1`), width, `d${block}/conv2`);
    h = averagePool(h, [2, 2]);
  }
  const n = image.shape[0];
  const features = reshape(reduceMean(h, [2, 3]), [n, h.shape[1]]);
  const dense = (input: Value, width: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [input.shape[1], width], "glorot");
    return add(matMul(input, weights), parameters(`${name}/bias`, [width], 0));
  };
  return sigmoid(dense(leakyRelu(dense(features, channels * 2, "dense1"), 0.1), 1, "dense2"));
}
