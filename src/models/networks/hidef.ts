import { z } from "zod";
import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { relu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add, sub } from "../../graph/operators/elementwise.ts";
import { concat } from "../../graph/operators/movement.ts";
import { maxPool } from "../../graph/operators/pooling.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import { convUpsampled } from "../../graph/operators/upsampled-convolution.ts";
import type { Tensors } from "../../run/runtime.ts";
import { commonInfo } from "./common-info.ts";
import { constantParameters, type Parameters } from "./parameters.ts";

/**
 * HIDEF: an in-line hologram, back-propagated by the angular spectrum to the approximate distance of the specimen,
 * becomes the in-focus field without its twin image. The input and output of the U-Net are the real and imaginary parts
 * of the field. Since it was trained on fields at wrong distances, it also focuses every part of the field by itself.
 * After Wu, Rivenson, et al., "Extended depth-of-field in holographic imaging using deep-learning-based autofocusing
 * and phase recovery", Optica 5, 704 (2018), arXiv 1803.08138; the widths are Parfocal's own.
 */
export const hidefArchitecture = z.strictObject({
  /** Channels of every level, from the full image down, with 2x2 maximum pooling between levels. */
  channels: z.array(z.int().positive()).min(2),
});

export type HidefArchitecture = z.infer<typeof hidefArchitecture>;

/** `published`: 8.6 M parameters, a U-Net of the usual widths. `small`: 1.05 M, trained in minutes on a laptop. */
export const hidefPresets: Record<"published" | "small", HidefArchitecture> = {
  published: { channels: [32, 64, 128, 256, 512] },
  small: { channels: [16, 32, 64, 96, 128] },
};

export const hidefInfo = z.object({
  ...commonInfo,
  task: z.literal("hologram"),
  method: z.literal("hidef"),
  architecture: hidefArchitecture,
  /** Range of distances from the hologram to the specimen that the model was trained on, um along the light. */
  distance_range: z.tuple([z.number(), z.number()]),
  /** Largest error of the distance that the model was trained on, um. */
  distance_error: z.number().nonnegative(),
});

/** Image sizes must be multiples of this. */
export const hidefAlignment = ({ channels }: HidefArchitecture): number => 2 ** (channels.length - 1);

/**
 * @param x `[n, 2, h, w]`: real and imaginary part of the back-propagated hologram, mean intensity 1, phase of the
 *   empty field 0; h and w multiples of {@link hidefAlignment}
 * @param form "training" runs the upsampling convolutions on the small image; "portable" uses plain operators only, for
 *   any image size. Both give the same numbers.
 * @returns `[n, 2, h, w]`, the in-focus field; an untrained network returns the field unchanged
 */
export function hidefNetwork(
  x: Value,
  { channels }: HidefArchitecture,
  parameters: Parameters,
  form: "training" | "portable",
): Value {
  const level = (input: Value, width: number, name: string): Value =>
    layer(layer(input, width, `${name}/conv1`, parameters), width, `${name}/conv2`, parameters);
  // An empty field becomes 0, so that the zero padding of convolutions looks like empty field.
  let h = sub(x, x.graph.constant(Float32Array.of(1, 0), [1, 2, 1, 1]));
  const skips: Value[] = [];
  channels.forEach((width, i) => {
    if (i > 0) h = maxPool(h, [2, 2]);
    h = level(h, width, `down${i}`);
    skips.push(h);
  });
  for (let i = channels.length - 2; i >= 0; i--) {
    const up = upsample(h, channels[i], `up${i}/conv0`, parameters, form);
    h = level(concat([up, skips[i]], 1), channels[i], `up${i}`);
  }
  const weights = parameters("last/weights", [2, channels[0], 3, 3], 0);
  return add(x, conv(h, weights, { bias: parameters("last/bias", [2], 0) }));
}

function layer(x: Value, channels: number, name: string, parameters: Parameters): Value {
  const weights = parameters(`${name}/weights`, [channels, x.shape[1], 3, 3], "he");
  return relu(conv(x, weights, { bias: parameters(`${name}/bias`, [channels], 0) }));
}

/** Doubles height and width: nearest-neighbour upsampling, then a 3x3 convolution. */
function upsample(
  x: Value,
  channels: number,
  name: string,
  parameters: Parameters,
  form: "training" | "portable",
): Value {
  const weights = parameters(`${name}/weights`, [channels, x.shape[1], 3, 3], "he");
  const bias = parameters(`${name}/bias`, [channels], 0);
  return form === "training" ? convUpsampled(x, weights, bias) : conv(upsampleNearest(x, [2, 2]), weights, { bias });
}

/**
 * The trained model as ONNX, with its weights: input `field`, output `focused`, extents "batch", "y" and "x" variable.
 */
export function exportHidef(architecture: HidefArchitecture, weights: Tensors): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * hidefAlignment(architecture);
  const field = graph.input("field", [1, 2, size, size]);
  graph.output("focused", hidefNetwork(field, architecture, constantParameters(graph, weights), "portable"));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { field: open, focused: open } });
}
