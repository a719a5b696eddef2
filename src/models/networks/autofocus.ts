import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { hardSwish, relu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add } from "../../graph/operators/elementwise.ts";
import { commonInfo } from "./common-info.ts";
import type { Initial, Parameters } from "./parameters.ts";

/**
 * Single-shot autofocus: estimates from one image how far each region is from focus. After Liao, Zhang, Chen & Xu,
 * "Deep learning-based single-shot autofocus method for digital microscopy", Biomedical Optics Express 13, 314 (2022),
 * which regresses the defocus of a patch by a modified MobileNetV3 (Howard et al., ICCV 2019). Here the network is
 * fully convolutional and gives four numbers for every cell of 32 x 32 pixels, so that an image of any size gives a
 * map. Two parts of MobileNetV3 are left out: squeeze-and-excitation, whose mean over the whole image would make a cell
 * depend on the image's size, and batch normalisation.
 */
export const autofocusArchitecture = z.strictObject({
  /** The first convolution: its channels, side and stride. */
  stem: z.strictObject({ channels: z.int().positive(), kernel: z.int().positive(), stride: z.int().positive() }),
  /**
   * Inverted residual blocks: channels inside (0: depthwise and pointwise only), channels out, side of the depthwise
   * kernel, stride.
   */
  blocks: z
    .array(
      z.strictObject({
        expand: z.int().nonnegative(),
        channels: z.int().positive(),
        kernel: z.int().positive(),
        stride: z.union([z.literal(1), z.literal(2)]),
      }),
    )
    .min(1),
  /** Channels of the last hidden layer. */
  head: z.int().positive(),
  /** Defocus that corresponds to a network output of 1, um. */
  distance_scale: z.number().positive(),
});

export type AutofocusArchitecture = z.infer<typeof autofocusArchitecture>;

/** Side of a cell that gets its own estimate, pixels. */
export const autofocusCell = 32;

const block = (expand: number, channels: number, kernel: number, stride: 1 | 2) => ({
  expand,
  channels,
  kernel,
  stride,
});

/**
 * `published`: the widths, kernels and strides of MobileNetV3-Large, 1.5 M parameters. `small`: 0.1 M parameters, for
 * live use: its first convolution has 8 x 8 windows at stride 4, so that all later layers compute on a sixteenth of the
 * pixels.
 */
export const autofocusPresets: Record<"published" | "small", AutofocusArchitecture> = {
  published: {
    stem: { channels: 16, kernel: 3, stride: 2 },
    blocks: [
      block(16, 16, 3, 1),
      block(64, 24, 3, 2),
      block(72, 24, 3, 1),
      block(72, 40, 5, 2),
      block(120, 40, 5, 1),
      block(120, 40, 5, 1),
      block(240, 80, 3, 2),
      block(200, 80, 3, 1),
      block(184, 80, 3, 1),
      block(184, 80, 3, 1),
      block(480, 112, 3, 1),
      block(672, 112, 3, 1),
      block(672, 160, 5, 2),
      block(960, 160, 5, 1),
      block(960, 160, 5, 1),
    ],
    head: 960,
    distance_scale: 1,
  },
  small: {
    stem: { channels: 16, kernel: 8, stride: 4 },
    blocks: [block(0, 48, 3, 2), block(0, 96, 3, 2), block(0, 128, 3, 1), block(0, 128, 3, 2), block(0, 128, 3, 1)],
    head: 128,
    distance_scale: 1,
  },
};

/** The description of an autofocus model. Lengths in um. */
export const autofocusInfo = z.object({
  ...commonInfo,
  task: z.literal("autofocus"),
  method: z.literal("autofocus"),
  architecture: autofocusArchitecture,
  /** Smallest and largest defocus that the model was trained on. */
  distance_range: z.tuple([z.number(), z.number()]),
  z_step: z.number().positive(),
});

export type AutofocusInfo = z.infer<typeof autofocusInfo>;

/** The product of the strides, which must be {@link autofocusCell}. */
export const autofocusStride = ({ stem, blocks }: AutofocusArchitecture): number =>
  blocks.reduce((product, { stride }) => product * stride, stem.stride);

/**
 * The network.
 *
 * @param image `[n, 1, h, w]`, each plane normalised by its own percentiles; h and w multiples of {@link autofocusCell}
 * @returns `[n, 4, h / 32, w / 32]`, for each cell: q, of which m = log(1 + exp(q)) is the distance from focus over
 *   `distance_scale`; t, the logarithm of the odds of being above focus; s, the logarithm of the scale of the error of
 *   m; c, the logarithm of the odds that the cell contains structure
 */
export function autofocusNetwork(
  image: Value,
  { stem, blocks, head }: AutofocusArchitecture,
  parameters: Parameters,
): Value {
  const layer = (
    x: Value,
    channels: number,
    kernel: number,
    stride: number,
    name: string,
    { depthwise = false, start = "he" as Initial } = {},
  ): Value => {
    const group = depthwise ? channels : 1;
    const weights = parameters(`${name}/weights`, [channels, x.shape[1] / group, kernel, kernel], start);
    const bias = parameters(`${name}/bias`, [channels], 0);
    // Padding is the same on both sides, so that strided convolutions treat the image symmetrically.
    const before = Math.floor((kernel - stride) / 2);
    const pads = [before, before, kernel - stride - before, kernel - stride - before];
    return conv(x, weights, { bias, strides: [stride, stride], pads, group });
  };
  let x = hardSwish(layer(image, stem.channels, stem.kernel, stem.stride, "stem"));
  blocks.forEach(({ expand, channels, kernel, stride }, i) => {
    const name = `block${i}`;
    const wide = expand > 0 ? hardSwish(layer(x, expand, 1, 1, `${name}/expand`)) : x;
    const seen = layer(wide, wide.shape[1], kernel, stride, `${name}/depthwise`, { depthwise: true });
    const residual = stride === 1 && channels === x.shape[1];
    // Without expansion the pointwise layer is the one with the nonlinearity, as in the first version of MobileNet.
    // Residual branches start at zero, which replaces a normalisation (Zhang, Dauphin & Ma, ICLR 2019).
    const start = residual && expand > 0 ? 0 : "he";
    const narrow = layer(expand > 0 ? hardSwish(seen) : seen, channels, 1, 1, `${name}/project`, { start });
    const out = expand > 0 ? narrow : relu(narrow);
    x = residual ? add(x, out) : out;
  });
  const hidden = hardSwish(layer(x, head, 1, 1, "head/hidden"));
  const weights = parameters("head/weights", [4, head, 1, 1], "glorot");
  return conv(hidden, weights, { bias: parameters("head/bias", [4], 0) });
}
