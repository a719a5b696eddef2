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
 * Recurrent-MZ: a plane anywhere in a volume from any number of recorded planes, at any positions, in any order. Every
 * plane comes with its own distance to the wanted one; one encoder looks at each, and convolutional GRUs gather over
 * the planes what the decoder needs. After Huang, Chen, Luo, Rivenson, Ozcan, "Recurrent neural network-based
 * volumetric fluorescence microscopy", Light: Science & Applications 10, 62 (2021), and the network that the authors
 * published.
 */
export const recurrentMzArchitecture = z.strictObject({
  /** Channels of the two 3x3 convolutions of every level; a 2x2 maximum follows each. */
  channels: z.array(z.int().positive()).min(1),
  /** Channels of the two convolutions in the middle, on the smallest image. */
  middle: z.int().positive(),
  /** Channels of the recurrent states: of every level, then of the middle. */
  hidden: z.array(z.int().positive()).min(2),
  /** Convolutional GRUs on top of each other at every level. */
  recurrent_layers: z.int().positive(),
  /**
   * What the recurrent block adds to: the features of the last plane, or their mean over the planes, whose order does
   * not matter.
   */
  shortcut: z.enum(["last", "mean"]),
  /** Adds to every block's output its input, with channels of zeros where it has fewer. */
  residual_blocks: z.boolean(),
  /**
   * Shows the encoder of every plane, as two more channels, the plane nearest to the target and its distance: what
   * changes from one plane to another tells on which side of focus things lie, and so is seen at once, not only after
   * the recurrent blocks.
   */
  nearest_beside: z.boolean(),
  batch_norm: z.boolean(),
  /** Of the leaky ReLU below zero. */
  slope: z.number().nonnegative(),
  /** Adds the input plane that lies nearest to the target, so that an untrained network gives that. */
  residual: z.boolean(),
  /**
   * Adds instead all input planes, weighted by their distances, and lets what the network adds vanish at every one of
   * them, see `recordedBase`: um from a given plane at which half of it counts. undefined in the published network and
   * models of earlier versions.
   */
  gate_width: z.number().positive().optional(),
  /** Micrometres that a distance channel shows as 1. */
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

/** What a model of Recurrent-MZ says of itself. Lengths in um. */
export const recurrentMzInfo = z.object({
  ...commonInfo,
  task: z.literal("refocus"),
  method: z.literal("recurrent-mz"),
  architecture: recurrentMzArchitecture,
  /** Numbers of input planes that were trained; the file itself takes 1 to the second, Parfocal any. */
  plane_counts: z.tuple([z.int().positive(), z.int().positive()]),
  /** Where the input planes were, relative to the first of them. */
  plane_range: z.tuple([z.number(), z.number()]),
  /** Refocusing distances that were trained: z(target) - z(first input plane). */
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
  /**
   * `[n, planes, 1, 1]`, 1 for a plane that is there, 0 for one that is to be passed over; undefined: all are there.
   */
  present?: Value | undefined;
}

/** Where the weights come from, and in which form the network is built. */
export interface RecurrentMzBuild {
  parameters: Parameters;
  /** Used where the architecture has batch normalisation. */
  norm: Norm;
  /**
   * "training" runs the upsampling convolutions on the small image; "portable" uses plain operators only. The numbers
   * are the same.
   */
  form: "training" | "portable";
}

/**
 * The network.
 * @returns `[n, 1, h, w]`, the plane wanted, normalised
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
  /** One image of features for all planes. */
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
  const fromNothing = !residual && gateWidth === undefined;
  const weights = parameters("last/weights", [1, h.shape[1], 3, 3], fromNothing ? "glorot" : 0);
  const y = conv(h, weights, { bias: parameters("last/bias", [1], 0) });
  if (gateWidth !== undefined) {
    const part = (plane: Value, start: number): Value => slice(plane, [{ axis: 1, start, end: start + 1 }]);
    const given = planes.map((plane, i) => ({ image: part(plane, 0), away: abs(part(plane, 1)), present: there?.[i] }));
    const { base, gate } = recordedBase(given, gateWidth / scale);
    return add(base, mul(gate, y));
  }
  return residual ? add(y, slice(nearest, [{ axis: 1, start: 0, end: 1 }])) : y;
}

/** All planes share statistics. In a finished model these are numbers, and planes need not be brought together. */
function normalise(features: readonly Value[], norm: Norm, name: string, form: RecurrentMzBuild["form"]): Value[] {
  if (form === "portable" || features.length === 1) return features.map((feature) => norm(feature, name));
  const together = norm(concat(features, 0), name);
  const n = features[0].shape[0];
  return features.map((_, i) => slice(together, [{ axis: 0, start: i * n, end: (i + 1) * n }]));
}

/** Appends channels of zeros; with fewer channels wanted than there are, takes the first ones. */
function padChannels(x: Value, channels: number): Value {
  const missing = channels - x.shape[1];
  if (missing < 0) return slice(x, [{ axis: 1, start: 0, end: channels }]);
  return missing === 0 ? x : pad(x, [0, 0, 0, 0], [0, missing, 0, 0]);
}

/** The features of the last plane that is there. */
function lastOf(features: readonly Value[], present: readonly Value[] | undefined): Value {
  if (!present) return features[features.length - 1];
  return features.reduce((last, feature, i) => add(last, mul(present[i], sub(feature, last))));
}

/** The mean over the planes that are there. */
function meanOf(features: readonly Value[], present: readonly Value[] | undefined): Value {
  if (features.length === 1) return features[0];
  if (!present) return div(features.reduce(add), features.length);
  return div(features.map((feature, i) => mul(feature, present[i])).reduce(add), present.reduce(add));
}

/**
 * For every pixel the recorded plane that lies nearest to the target and its distance, `[n, 2, h, w]`; of planes
 * equally far, their mean.
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
