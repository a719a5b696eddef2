import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { relu, tanh } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add, mul } from "../../graph/operators/elementwise.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import { convUpsampled } from "../../graph/operators/upsampled-convolution.ts";
import type { Parameters } from "./parameters.ts";
import type { Norm } from "./running-norm.ts";
import { sectionInfo } from "./section-info.ts";

/**
 * The residual generator that COMI and CycleGAN share. COMI: C. Zhang et al., "Correction of out-of-focus microscopic
 * images by deep learning", Computational and Structural Biotechnology Journal 20, 1957 (2022); the numbers are those
 * of the authors' published code. CycleGAN: J.-Y. Zhu, T. Park, P. Isola, A. Efros, "Unpaired image-to-image
 * translation using cycle-consistent adversarial networks", ICCV 2017, after the paper: nearest-neighbour upsampling
 * and 3x3 convolutions replace its transposed convolutions, which cause checkerboard artefacts, and zero padding
 * replaces its reflection padding.
 */
export const comiArchitecture = z.strictObject({
  /** Channels of the first 7x7 convolution; each of the two convolutions of stride 2 after it doubles them. */
  width: z.int().positive(),
  /** Residual blocks of two 3x3 convolutions at a quarter of the size. */
  blocks: z.int().positive(),
  /**
   * The normalisation after every convolution but the last: "layer" (all channels together, COMI), "instance" (each
   * channel by itself, CycleGAN) or "none"; see frozen-norm.ts.
   */
  normalisation: z.enum(["layer", "instance", "none"]),
  /** Adds the input to the output, so that an untrained network returns the image unchanged. */
  residual: z.boolean(),
  /** The values to which 0 and 1 of the normalised image are mapped for the network. */
  range: z.tuple([z.number(), z.number()]),
});

export type ComiArchitecture = z.infer<typeof comiArchitecture>;

/** The description of a model of COMI, which restores in-focus images from out-of-focus ones. */
export const comiInfo = z.object({
  ...sectionInfo,
  method: z.literal("comi"),
  architecture: comiArchitecture,
});

/** The description of a model of CycleGAN. */
export const cycleGanInfo = z.object({
  ...sectionInfo,
  method: z.literal("cycle-gan"),
  architecture: comiArchitecture,
});

// No normalisation: on widefield to confocal tissue it scored higher in the same number of steps (19.7 dB against 17.9
// with "layer"; 20.2 dB against 19.3 with "instance"), and unpaired training with "instance" broke down at this
// learning rate when its statistics were frozen.
const smallGenerator: ComiArchitecture = {
  width: 16,
  blocks: 6,
  normalisation: "none",
  residual: true,
  range: [0, 1],
};

/** `published`: 11.4 M parameters for each of the two generators. `small`: 0.5 M, trained in minutes on a laptop. */
export const comiPresets: Record<"published" | "small", ComiArchitecture> = {
  published: { width: 64, blocks: 9, normalisation: "layer", residual: true, range: [-1, 1] },
  small: smallGenerator,
};

/**
 * `published`: 11.4 M parameters for each of the two generators, without adding the input. `small`: the same as COMI's.
 */
export const cycleGanPresets: Record<"published" | "small", ComiArchitecture> = {
  published: { width: 64, blocks: 9, normalisation: "instance", residual: false, range: [-1, 1] },
  small: smallGenerator,
};

/** Image sizes must be multiples of this. */
export const comiAlignment = 4;

/**
 * One generator: a 7x7 convolution, two 3x3 convolutions of stride 2, residual blocks, twice nearest-neighbour
 * upsampling with a 3x3 convolution, a 7x7 convolution to one channel, tanh, and the input added if `residual` is set.
 *
 * @param x `[n, 1, h, w]`, normalised to 0..1; h and w multiples of {@link comiAlignment}
 * @param norm the normalisation of `architecture.normalisation`; not called where that is "none"
 * @param form "training" runs the upsampling convolutions on the small image (4/9 of the arithmetic); "portable" uses
 *   plain operators only, for any image size. Both give the same numbers.
 * @returns `[n, 1, h, w]`, normalised
 */
export function comiGenerator(
  x: Value,
  architecture: ComiArchitecture,
  parameters: Parameters,
  norm: Norm,
  form: "training" | "portable",
): Value {
  const { width, blocks, normalisation, residual, range } = architecture;
  const plain = normalisation === "none";
  const bias = (channels: number, name: string): Value => parameters(`${name}/bias`, [channels], 0);
  const normalised = (y: Value, name: string): Value => (plain ? y : norm(y, `${name}/norm`));
  const convolve = (h: Value, channels: number, size: number, name: string, strided = false): Value => {
    const weights = parameters(`${name}/weights`, [channels, h.shape[1], size, size], plain ? "he" : "glorot");
    const options = strided ? { strides: [2, 2], pads: [1, 1, 1, 1] } : {};
    return normalised(conv(h, weights, { ...options, bias: bias(channels, name) }), name);
  };
  const upsample = (h: Value, channels: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [channels, h.shape[1], 3, 3], plain ? "he" : "glorot");
    const biases = bias(channels, name);
    const y =
      form === "training"
        ? convUpsampled(h, weights, biases)
        : conv(upsampleNearest(h, [2, 2]), weights, { bias: biases });
    return normalised(y, name);
  };
  const block = (h: Value, name: string): Value => {
    const inner = relu(convolve(h, 4 * width, 3, `${name}/conv1`));
    if (!plain) return add(h, convolve(inner, 4 * width, 3, `${name}/conv2`));
    // Without normalisation a residual branch starts at zero, so that signals do not grow from block to block (Fixup,
    // Zhang et al. 2019).
    const weights = parameters(`${name}/conv2/weights`, [4 * width, 4 * width, 3, 3], 0);
    return add(h, conv(inner, weights, { bias: bias(4 * width, `${name}/conv2`) }));
  };

  const gain = range[1] - range[0];
  let seen = x;
  if (gain !== 1) seen = mul(seen, gain);
  if (range[0] !== 0) seen = add(seen, range[0]);
  let h = relu(convolve(seen, width, 7, "first"));
  h = relu(convolve(h, 2 * width, 3, "down1", true));
  h = relu(convolve(h, 4 * width, 3, "down2", true));
  for (let i = 0; i < blocks; i++) h = block(h, `block${i}`);
  h = relu(upsample(h, 2 * width, "up1"));
  h = relu(upsample(h, width, "up2"));
  const last = parameters("last/weights", [1, width, 7, 7], residual ? 0 : "glorot");
  const y = tanh(conv(h, last, { bias: bias(1, "last") }));
  if (residual) return add(gain === 1 ? y : mul(y, 1 / gain), x);
  const shifted = range[0] === 0 ? y : add(y, -range[0]);
  return gain === 1 ? shifted : mul(shifted, 1 / gain);
}
