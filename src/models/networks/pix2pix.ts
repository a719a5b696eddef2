import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { leakyRelu, relu, tanh } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add, mul, sub } from "../../graph/operators/elementwise.ts";
import { concat } from "../../graph/operators/movement.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import { convUpsampled } from "../../graph/operators/upsampled-convolution.ts";
import type { Initial, Parameters } from "./parameters.ts";
import type { Norm } from "./running-norm.ts";
import { sectionInfo } from "./section-info.ts";
import { type NetworkForm, stridedConvolution, transposedConvolution } from "./strided-convolution.ts";

/**
 * pix2pix: translates one kind of image into another by a U-Net that is trained against a patch discriminator. Isola,
 * Zhu, Zhou, Efros, "Image-to-image translation with conditional adversarial networks", CVPR 2017, arXiv 1611.07004;
 * for optical sectioning, in 2-D and over sub-stacks in 3-D, after Zhuge et al., Biomedical Optics Express 2021.
 *
 * Every level halves the image by a 4x4 convolution of stride 2; batch normalisation follows each level but the first
 * and the last; the activations are leaky ReLU 0.2 in the encoder and ReLU in the decoder. In 3-D, kernels have three
 * planes, and the number of planes does not change.
 */
export const pix2pixArchitecture = z.strictObject({
  /** 2: planes, 3: sub-stacks. */
  dimensions: z.union([z.literal(2), z.literal(3)]),
  /**
   * Channels of a convolution of side 3 at full size before the first level, and of another after the last; 0: none, as
   * published.
   */
  stem: z.int().nonnegative(),
  /** Channels of every level of the encoder. */
  down: z.array(z.int().positive()).min(2),
  /**
   * How the decoder doubles the size: 4x4 transposed convolution, or nearest-neighbour upsampling and a convolution of
   * side 3 (no checkerboard artefacts; the only choice in 3-D).
   */
  upsampling: z.enum(["transposed", "nearest"]),
  /** Number of decoder blocks, counted from the smallest image, with dropout of one half in training. */
  dropout: z.int().nonnegative(),
  /**
   * "tanh" keeps the output within the normalised 0..1, as published; "residual" adds the input, and the output is
   * unbounded.
   */
  output: z.enum(["tanh", "residual"]),
});

export type Pix2pixArchitecture = z.infer<typeof pix2pixArchitecture>;

/** The description of a model of pix2pix. */
export const pix2pixInfo = z.object({
  ...sectionInfo,
  method: z.literal("pix2pix"),
  architecture: pix2pixArchitecture,
});

/** The description of a model of pix2pix over sub-stacks. */
export const pix2pix3dInfo = z.object({
  ...sectionInfo,
  method: z.literal("pix2pix-3d"),
  architecture: pix2pixArchitecture,
  /** Planes of a sub-stack, an odd number; the output is its middle plane, which has neighbours on both sides. */
  planes: z.int().positive(),
});

const published: Pix2pixArchitecture = {
  dimensions: 2,
  stem: 0,
  down: [64, 128, 256, 512, 512, 512, 512, 512],
  upsampling: "transposed",
  dropout: 3,
  output: "tanh",
};

/** `published`: U-Net-256 of 54.4 M parameters. `small`: trained in minutes on a laptop. */
export const pix2pixPresets: Record<"published" | "small", Pix2pixArchitecture> = {
  published,
  small: {
    dimensions: 2,
    stem: 16,
    down: [32, 64, 128, 128],
    upsampling: "nearest",
    dropout: 1,
    output: "residual",
  },
};

/**
 * The presets for sub-stacks; the authors' widths in 3-D are not known, so that `published` has those of 2-D down to
 * 1/32 of the size.
 */
export const pix2pix3dPresets: Record<"published" | "small", Pix2pixArchitecture> = {
  published: { ...published, dimensions: 3, down: [64, 128, 256, 512, 512], upsampling: "nearest" },
  small: {
    dimensions: 3,
    stem: 8,
    down: [16, 32, 64, 64],
    upsampling: "nearest",
    dropout: 1,
    output: "residual",
  },
};

/** Image heights and widths must be multiples of this. */
export const pix2pixAlignment = ({ down }: Pix2pixArchitecture): number => 2 ** down.length;

/** How pix2pix initialises its weights. */
const initial: Initial = { mean: 0, deviation: 0.02 };

export interface Pix2pixLayers {
  parameters: Parameters;
  norm: Norm;
  form: NetworkForm;
  /** Applied to the output of the first decoder blocks; in training it multiplies by a dropout mask. */
  dropout?: (x: Value, block: number) => Value;
}

/**
 * The generator.
 *
 * @param x `[n, 1, h, w]` or `[n, 1, d, h, w]`, normalised; h and w multiples of {@link pix2pixAlignment}
 * @returns of the same shape, normalised
 */
export function pix2pixGenerator(x: Value, architecture: Pix2pixArchitecture, layers: Pix2pixLayers): Value {
  const { stem, down, output } = architecture;
  const { parameters, norm, form, dropout } = layers;
  // Published networks take inputs in -1..1.
  const centred = output === "tanh" ? sub(mul(x, 2), 1) : x;
  const wide = (input: Value, channels: number, name: string): Value =>
    norm(conv(input, parameters(`${name}/weights`, [channels, input.shape[1], ...threes(x)], initial)), `${name}/norm`);

  let h = centred;
  const skips: Value[] = [];
  if (stem > 0) {
    h = wide(h, stem, "stem");
    skips.push(h);
  }
  down.forEach((channels, level) => {
    const name = `down${level}`;
    const active = level === 0 && stem === 0 ? h : leakyRelu(h, 0.2);
    const weights = parameters(`${name}/weights`, [channels, h.shape[1], ...stridedKernel(x)], initial);
    const plain = level === down.length - 1 || (level === 0 && stem === 0);
    h = stridedConvolution(active, weights, undefined, form);
    if (!plain) h = norm(h, `${name}/norm`);
    if (level < down.length - 1) skips.push(h);
  });
  for (let block = 0; skips.length > 0; block++) {
    const skip = skips.pop() as Value;
    h = norm(doubled(relu(h), skip.shape[1], `up${block}`, architecture, layers), `up${block}/norm`);
    if (dropout && block < architecture.dropout) h = dropout(h, block);
    h = concat([skip, h], 1);
  }
  if (stem === 0) {
    const y = doubled(relu(h), 1, "last", architecture, layers, parameters("last/bias", [1], 0));
    return finish(y);
  }
  const merged = relu(wide(relu(h), stem, "merge"));
  const weights = parameters("last/weights", [1, stem, ...threes(x)], output === "residual" ? 0 : initial);
  return finish(conv(merged, weights, { bias: parameters("last/bias", [1], 0) }));

  function finish(y: Value): Value {
    return output === "tanh" ? mul(add(tanh(y), 1), 0.5) : add(x, y);
  }
}

const threes = (x: Value): number[] => x.shape.slice(2).map(() => 3);
const stridedKernel = (x: Value): number[] => (x.shape.length === 5 ? [3, 4, 4] : [4, 4]);

/** Doubles height and width. */
function doubled(
  x: Value,
  channels: number,
  name: string,
  { upsampling }: Pix2pixArchitecture,
  { parameters, form }: Pix2pixLayers,
  bias?: Value,
): Value {
  const c = x.shape[1];
  if (upsampling === "transposed") {
    return transposedConvolution(x, parameters(`${name}/weights`, [c, channels, 4, 4], initial), bias, form);
  }
  const weights = parameters(`${name}/weights`, [channels, c, ...threes(x)], initial);
  if (form === "training" && x.shape.length === 4) return convUpsampled(x, weights, bias);
  return conv(upsampleNearest(x, x.shape.length === 5 ? [1, 2, 2] : [2, 2]), weights, bias ? { bias } : {});
}
