import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { relu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add } from "../../graph/operators/elementwise.ts";
import { concat, depthToSpace, slice } from "../../graph/operators/movement.ts";
import { maxPool } from "../../graph/operators/pooling.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import { convUpsampled } from "../../graph/operators/upsampled-convolution.ts";
import type { Parameters } from "./parameters.ts";
import { sectionInfo } from "./section-info.ts";
import type { NetworkForm } from "./strided-convolution.ts";

/**
 * The U-Net: Ronneberger, Fischer, Brox, "U-Net: convolutional networks for biomedical image segmentation", MICCAI
 * 2015, arXiv 1505.04597; here with one linear output channel for image-to-image translation, and without dropout.
 */
export const unetArchitecture = z.strictObject({
  /**
   * Channels of both 3x3 convolutions of every level, from the full image down, with 2x2 maximum pooling between
   * levels.
   */
  channels: z.array(z.int().positive()).min(2),
  /**
   * "valid": convolutions use real pixels only, and the output is smaller than the image, as published; skip
   * connections are cropped. "same": the image is padded with zeros. "valid" needs `upsampling` "transposed".
   */
  padding: z.enum(["valid", "same"]),
  /**
   * How the decoder doubles the size: the published 2x2 up-convolution, or nearest-neighbour upsampling and a 3x3
   * convolution (no checkerboard artefacts).
   */
  upsampling: z.enum(["transposed", "nearest"]),
  /** Adds the image to the output, so that an untrained network returns it unchanged. */
  residual: z.boolean(),
});

export type UnetArchitecture = z.infer<typeof unetArchitecture>;

/** The description of a model of the U-Net. */
export const unetInfo = z.object({ ...sectionInfo, method: z.literal("unet"), architecture: unetArchitecture });

/** `published`: 31.0 M parameters, 572^2 to 388^2. `small`: 0.54 M, trained in minutes on a laptop. */
export const unetPresets: Record<"published" | "small", UnetArchitecture> = {
  published: { channels: [64, 128, 256, 512, 1024], padding: "valid", upsampling: "transposed", residual: false },
  small: { channels: [16, 32, 64, 128], padding: "same", upsampling: "nearest", residual: true },
};

/** Image sizes must be multiples of this. */
export const unetAlignment = ({ channels }: Pick<UnetArchitecture, "channels">): number => 2 ** (channels.length - 1);

/**
 * Pixels that "valid" convolutions remove on each side of an image, including the outer `validOffset` pixels that are
 * cropped first: 94 for five levels.
 */
export const unetMargin = (architecture: Pick<UnetArchitecture, "channels">): number =>
  6 * unetAlignment(architecture) - 2;

/**
 * Images for "valid" networks are cropped by this many pixels on each side compared with those for "same" networks. The
 * windows of all maximum poolings are then at the same positions, and the numbers are the same away from the edges.
 */
export const validOffset = 2;

/**
 * The U-Net.
 *
 * @param x `[n, c, h, w]`, normalised; h and w multiples of {@link unetAlignment}, or for `padding` "valid" in training
 *   multiples minus 2 x {@link validOffset}
 * @param form "training" pads as the architecture says and runs the upsampling convolutions on the small image;
 *   "portable" always pads with zeros, for tiles that overlap by {@link unetMargin} and whose edges are discarded
 * @returns `[n, 1, h, w]`, or for "valid" training smaller by 2 x ({@link unetMargin} - {@link validOffset})
 */
export function unet(x: Value, architecture: UnetArchitecture, parameters: Parameters, form: NetworkForm): Value {
  const h = unetFeatures(x, architecture, parameters, form);
  // A residual network starts as the identity.
  const weights = parameters("last/weights", [1, h.shape[1], 1, 1], architecture.residual ? 0 : "he");
  const y = conv(h, weights, { bias: parameters("last/bias", [1], 0) });
  return architecture.residual ? add(y, croppedTo(slice(x, [{ axis: 1, start: 0, end: 1 }]), y)) : y;
}

/** The U-Net without its last convolution: `[n, channels[0], ...]`. */
function unetFeatures(
  x: Value,
  { channels, padding, upsampling }: Omit<UnetArchitecture, "residual">,
  parameters: Parameters,
  form: NetworkForm,
): Value {
  const pads = padding === "valid" && form === "training" ? "valid" : "same";
  const layer = (input: Value, width: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [width, input.shape[1], 3, 3], "he");
    return relu(conv(input, weights, { pads, bias: parameters(`${name}/bias`, [width], 0) }));
  };
  const level = (input: Value, width: number, name: string): Value =>
    layer(layer(input, width, `${name}/conv1`), width, `${name}/conv2`);
  const skips: Value[] = [];
  let h = x;
  channels.forEach((width, i) => {
    if (i > 0) h = maxPool(h, [2, 2]);
    h = level(h, width, `down${i}`);
    skips.push(h);
  });
  for (let i = channels.length - 2; i >= 0; i--) {
    const up = doubled(h, channels[i], `up${i}/conv0`, upsampling, parameters, form);
    h = level(concat([croppedTo(skips[i], up), up], 1), channels[i], `up${i}`);
  }
  return h;
}

/** Doubles height and width. */
function doubled(
  x: Value,
  channels: number,
  name: string,
  upsampling: UnetArchitecture["upsampling"],
  parameters: Parameters,
  form: NetworkForm,
): Value {
  const c = x.shape[1];
  if (upsampling === "transposed") {
    // The windows of a 2x2 up-convolution do not overlap: each pixel becomes four, by four 1x1 convolutions.
    const weights = parameters(`${name}/weights`, [4 * channels, c, 1, 1], "he");
    const bias = parameters(`${name}/bias`, [channels], 0);
    return depthToSpace(conv(x, weights, { bias: concat([bias, bias, bias, bias], 0) }), 2);
  }
  const weights = parameters(`${name}/weights`, [channels, c, 3, 3], "he");
  const bias = parameters(`${name}/bias`, [channels], 0);
  return form === "training" ? convUpsampled(x, weights, bias) : conv(upsampleNearest(x, [2, 2]), weights, { bias });
}

/** Crops the middle of an image to the size of another. */
function croppedTo(x: Value, { shape }: Value): Value {
  const ranges = [2, 3].flatMap((axis) => {
    const start = (x.shape[axis] - shape[axis]) / 2;
    return start === 0 ? [] : [{ axis, start, end: start + shape[axis] }];
  });
  return ranges.length === 0 ? x : slice(x, ranges);
}
