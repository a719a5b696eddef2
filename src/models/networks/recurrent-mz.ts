import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { leakyRelu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { abs, add, div, greater, indicator, minimum, mul, sub } from "../../graph/operators/elementwise.ts";
import { concat, pad, slice } from "../../graph/operators/movement.ts";
import { maxPool } from "../../graph/operators/pooling.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import { convUpsampled } from "../../graph/operators/upsampled-convolution.ts";
import { commonInfo } from "./common-info.ts";
import { convGru } from "./conv-gru.ts";
import type { Parameters } from "./parameters.ts";
import { recordedBase } from "./recorded-base.ts";
import type { Norm } from "./running-norm.ts";

/**
 * Recurrent-MZ: computes a plane anywhere in a volume from any number of recorded planes, at any positions, in any
 * order. Every recorded plane comes with its distance to the target plane. One encoder processes each plane, and
 * convolutional GRUs collect the features over the planes for the decoder. After Huang, Chen, Luo, Rivenson, Ozcan,
 * "Recurrent neural network-based volumetric fluorescence microscopy", Light: Science & Applications 10, 62 (2021), and
 * the network that the authors published.
 */
export const recurrentMzArchitecture = z.strictObject({
  /** Channels of the two 3x3 convolutions of every level; a 2x2 maximum pooling follows each. */
  channels: z.array(z.int().positive()).min(1),
  /** Channels of the two convolutions of the bottleneck, on the smallest image. */
  middle: z.int().positive(),
  /** Channels of the recurrent states: of every level, then of the bottleneck. */
  hidden: z.array(z.int().positive()).min(2),
  /** Convolutional GRUs on top of each other at every level. */
  recurrent_layers: z.int().positive(),
  /**
   * What the output of the recurrent block is added to: the features of the last plane, or their mean over the planes,
   * which does not depend on their order.
   */
  shortcut: z.enum(["last", "mean"]),
  /** Adds to every block's output its input, with channels of zeros where it has fewer. */
  residual_blocks: z.boolean(),
  /**
   * Gives the encoder of every plane two more channels: the plane nearest to the target and its distance. The change
   * from one plane to another shows on which side of focus a structure lies; this way the encoder can use it, not only
   * the recurrent blocks.
   */
  nearest_beside: z.boolean(),
  batch_norm: z.boolean(),
  /** Slope of the leaky ReLU below zero. */
  slope: z.number().nonnegative(),
  /** Adds the input plane nearest to the target, so that an untrained network returns that plane. */
  residual: z.boolean(),
  /**
   * Takes all input planes, weighted by their distances, as the starting point instead, with a correction that vanishes
   * at each of them, see `recordedBase`. The value is the distance from a recorded plane at which the correction counts
   * half, um. Undefined in the published network and in models of earlier versions.
   */
  gate_width: z.number().positive().optional(),
  /** Distance that is 1 in a distance channel, um. */
  distance_scale: z.number().positive(),
});

export type RecurrentMzArchitecture = z.infer<typeof recurrentMzArchitecture>;

/** `published`: five levels from 16 channels. `small`: 0.9 M parameters, trained in minutes on a laptop. */
export const recurrentMzPresets: Record<"published" | "small", RecurrentMzArchitecture> = {
  published: {
    channels: [16, 32, 64, 128, 256],
    middle: 512,
    hidden: [16, 32, 64, 128, 256, 512],
    recurrent_layers: 2,
    shortcut: "last",
    residual_blocks: false,
    nearest_beside: false,
    batch_norm: true,
    slope: 0.3,
    residual: false,
    distance_scale: 10,
  },
  small: {
    channels: [16, 32, 64],
    middle: 128,
    hidden: [8, 16, 32, 64],
    recurrent_layers: 1,
    shortcut: "mean",
    residual_blocks: true,
    nearest_beside: true,
    batch_norm: false,
    slope: 0.3,
    residual: true,
    gate_width: 0.3,
    distance_scale: 10,
  },
};

/** The description of a model of Recurrent-MZ. Lengths in um. */
export const recurrentMzInfo = z.object({
  ...commonInfo,
  task: z.literal("refocus"),
  method: z.literal("recurrent-mz"),
  architecture: recurrentMzArchitecture,
  /**
   * Smallest and largest number of input planes in training; the ONNX file takes 1 to the largest, Parfocal any number.
   */
  plane_counts: z.tuple([z.int().positive(), z.int().positive()]),
  /** Range of the positions of the input planes in training, relative to the first of them. */
  plane_range: z.tuple([z.number(), z.number()]),
  /** Range of refocusing distances that the model was trained on: z(target) - z(first input plane). */
  distance_range: z.tuple([z.number(), z.number()]),
  z_step: z.number().positive(),
});

export type RecurrentMzInfo = z.infer<typeof recurrentMzInfo>;

/** Image sizes must be multiples of this. */
export const recurrentMzAlignment = ({ channels }: RecurrentMzArchitecture): number => 2 ** channels.length;

export interface RecurrentMzInput {
  /**
   * `[n, 2 planes, h, w]`: for each plane the image, normalised, then per pixel z(target) - z(plane) in um /
   * `distance_scale`; h and w multiples of {@link recurrentMzAlignment}.
   */
  image: Value;
  /** `[n, planes, 1, 1]`, 1 for a plane that is present, 0 for one that is left out; undefined: all are present. */
  present?: Value | undefined;
}

/** Where the weights come from, and in which form the network is built. */
export interface RecurrentMzBuild {
  parameters: Parameters;
  /** Used where the architecture has batch normalisation. */
  norm: Norm;
  /**
   * "training" runs the upsampling convolutions on the small image; "portable" uses plain operators only. Both give the
   * same numbers.
   */
  form: "training" | "portable";
}

/**
 * The network.
 * @returns `[n, 1, h, w]`, the target plane, normalised
 */
export function recurrentMzNetwork(
  { image, present }: RecurrentMzInput,
  architecture: RecurrentMzArchitecture,
  { parameters, norm, form }: RecurrentMzBuild,
): Value {
  const { channels, middle, hidden, recurrent_layers, shortcut, residual_blocks, batch_norm, slope, residual } =
    architecture;
  const count = image.shape[1] / 2;
  const each = (x: Value, size: number): Value[] =>
    Array.from({ length: count }, (_, i) => slice(x, [{ axis: 1, start: i * size, end: (i + 1) * size }]));
  const planes = each(image, 2);
  const there = present && each(present, 1);

  /** 3x3 convolution, normalisation, leaky ReLU: the same for every plane. */
  const layer = (inputs: readonly Value[], width: number, name: string): Value[] => {
    const weights = parameters(`${name}/weights`, [width, inputs[0].shape[1], 3, 3], "he");
    const bias = batch_norm ? {} : { bias: parameters(`${name}/bias`, [width], 0) };
    const features = inputs.map((input) => conv(input, weights, bias));
    return (batch_norm ? normalise(features, norm, name, form) : features).map((feature) => leakyRelu(feature, slope));
  };
  const block = (inputs: readonly Value[], width: number, name: string): Value[] => {
    const inner = layer(layer(inputs, width, `${name}/conv1`), width, `${name}/conv2`);
    return residual_blocks ? inner.map((x, i) => add(x, padChannels(inputs[i], width))) : inner;
  };
  /** Combines the features of all planes into one image of features. */
  const gather = (features: readonly Value[], level: number): Value => {
    let states: readonly Value[] = features;
    for (let i = 0; i < recurrent_layers; i++) {
      states = convGru(states, hidden[level], there, `gru${level}/layer${i}`, parameters);
    }
    const width = features[0].shape[1];
    const weights = parameters(`gru${level}/out/weights`, [width, hidden[level], 1, 1], "glorot");
    const gathered = conv(states[count - 1], weights, { bias: parameters(`gru${level}/out/bias`, [width], 0) });
    return add(gathered, shortcut === "last" ? lastOf(features, there) : meanOf(features, there));
  };

  const nearest = nearestPlane(planes, there);
  let inputs = architecture.nearest_beside ? planes.map((plane) => concat([plane, nearest], 1)) : planes;
  const skips = channels.map((width, level) => {
    const features = block(inputs, width, `down${level}`);
    inputs = features.map((feature) => maxPool(feature, [2, 2]));
    return gather(features, level);
  });
  let h = gather(block(inputs, middle, "middle"), channels.length);
  for (let level = channels.length - 1; level >= 0; level--) {
    const width = channels[level];
    const weights = parameters(`up${level}/conv0/weights`, [width, h.shape[1], 3, 3], "glorot");
    const bias = parameters(`up${level}/conv0/bias`, [width], 0);
    const up =
      form === "training" ? convUpsampled(h, weights, bias) : conv(upsampleNearest(h, [2, 2]), weights, { bias });
    [h] = block([concat([up, skips[level]], 1)], width, `up${level}`);
  }
  const { gate_width: gateWidth, distance_scale: scale } = architecture;
  const withoutBase = !residual && gateWidth === undefined;
  const weights = parameters("last/weights", [1, h.shape[1], 3, 3], withoutBase ? "glorot" : 0);
  const y = conv(h, weights, { bias: parameters("last/bias", [1], 0) });
  if (gateWidth !== undefined) {
    const part = (plane: Value, start: number): Value => slice(plane, [{ axis: 1, start, end: start + 1 }]);
    const given = planes.map((plane, i) => ({ image: part(plane, 0), away: abs(part(plane, 1)), present: there?.[i] }));
    const { base, gate } = recordedBase(given, gateWidth / scale);
    return add(base, mul(gate, y));
  }
  return residual ? add(y, slice(nearest, [{ axis: 1, start: 0, end: 1 }])) : y;
}

/**
 * All planes share their statistics. In a finished model these are constants, and the planes need not be concatenated.
 */
function normalise(features: readonly Value[], norm: Norm, name: string, form: RecurrentMzBuild["form"]): Value[] {
  if (form === "portable" || features.length === 1) return features.map((feature) => norm(feature, name));
  const together = norm(concat(features, 0), name);
  const n = features[0].shape[0];
  return features.map((_, i) => slice(together, [{ axis: 0, start: i * n, end: (i + 1) * n }]));
}

/** Appends channels of zeros, or takes the first channels where `channels` is smaller than the number present. */
function padChannels(x: Value, channels: number): Value {
  const missing = channels - x.shape[1];
  if (missing < 0) return slice(x, [{ axis: 1, start: 0, end: channels }]);
  return missing === 0 ? x : pad(x, [0, 0, 0, 0], [0, missing, 0, 0]);
}

/** The features of the last plane that is present. */
function lastOf(features: readonly Value[], present: readonly Value[] | undefined): Value {
  if (!present) return features[features.length - 1];
  return features.reduce((last, feature, i) => add(last, mul(present[i], sub(feature, last))));
}

/** The mean over the planes that are present. */
function meanOf(features: readonly Value[], present: readonly Value[] | undefined): Value {
  if (features.length === 1) return features[0];
  if (!present) return div(features.reduce(add), features.length);
  return div(features.map((feature, i) => mul(feature, present[i])).reduce(add), present.reduce(add));
}

/**
 * For every pixel the recorded plane nearest to the target and its distance, `[n, 2, h, w]`; the mean where several are
 * equally near.
 */
function nearestPlane(planes: readonly Value[], present: readonly Value[] | undefined): Value {
  if (planes.length === 1) return planes[0];
  const far = 1e6;
  const distances = planes.map((plane, i) => {
    const distance = abs(slice(plane, [{ axis: 1, start: 1, end: 2 }]));
    return present ? add(distance, mul(sub(1, present[i]), far)) : distance;
  });
  const least = distances.reduce(minimum);
  const chosen = distances.map((distance) => sub(1, indicator(greater(distance, least))));
  return div(planes.map((plane, i) => mul(plane, chosen[i])).reduce(add), chosen.reduce(add));
}
