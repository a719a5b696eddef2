import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { relu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { abs, add, exp, log, mul, neg } from "../../graph/operators/elementwise.ts";
import { concat, slice } from "../../graph/operators/movement.ts";
import { maxPool } from "../../graph/operators/pooling.ts";
import { upsampleNearest } from "../../graph/operators/resizing.ts";
import type { Parameters } from "./parameters.ts";
import { sectionInfo } from "./section-info.ts";

/**
 * CARE: content-aware image restoration by a shallow residual U-Net, which can estimate its uncertainty for every
 * pixel. After Weigert, Schmidt, et al., "Content-aware image restoration: pushing the limits of fluorescence
 * microscopy", Nature Methods 15, 1090 (2018).
 */
export const careArchitecture = z.strictObject({
  /** Side of the convolutions, pixels. */
  kernel: z.union([z.literal(3), z.literal(5)]),
  /** Channels of the first level; every deeper level has twice as many. */
  filters: z.int().positive(),
  /** How many times the image is halved. */
  depth: z.int().positive(),
  /** Adds a second output channel: for every pixel the scale of a Laplace distribution around the first channel. */
  laplace: z.boolean(),
});

export type CareArchitecture = z.infer<typeof careArchitecture>;

/** The description of a model of CARE. */
export const careInfo = z.object({ ...sectionInfo, method: z.literal("care"), architecture: careArchitecture });

/**
 * `published`: 0.92 M parameters. `small`: 0.34 M parameters, one level deeper, since out-of-focus light of a widefield
 * image spreads far.
 */
export const carePresets: Record<"published" | "small", CareArchitecture> = {
  published: { kernel: 5, filters: 32, depth: 2, laplace: false },
  small: { kernel: 3, filters: 16, depth: 3, laplace: false },
};

/** Image sizes must be multiples of this. */
export const careAlignment = ({ depth }: Pick<CareArchitecture, "depth">): number => 2 ** depth;

/**
 * The smallest scale that the network can give. It keeps the likelihood finite where target and output are both dark.
 */
const minScale = 1e-3;

/**
 * @param x `[n, 1, h, w]`, normalised; h and w multiples of {@link careAlignment}
 * @returns `[n, 1, h, w]`, normalised, or with a Laplace head `[n, 2, h, w]`: the median, and the scale, both in the
 *   units of the target: half of the errors are within 0.69 of the scale, nine in ten within 2.30. An untrained network
 *   returns the image unchanged
 */
export function care(x: Value, architecture: CareArchitecture, parameters: Parameters): Value {
  const { kernel, filters, depth, laplace } = architecture;
  const layer = (input: Value, channels: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [channels, input.shape[1], kernel, kernel], "he");
    return relu(conv(input, weights, { bias: parameters(`${name}/bias`, [channels], 0) }));
  };
  const skips: Value[] = [];
  let h = x;
  for (let i = 0; i < depth; i++) {
    h = layer(layer(h, filters * 2 ** i, `down${i}/conv1`), filters * 2 ** i, `down${i}/conv2`);
    skips.push(h);
    h = maxPool(h, [2, 2]);
  }
  h = layer(layer(h, filters * 2 ** depth, "middle/conv1"), filters * 2 ** (depth - 1), "middle/conv2");
  for (let i = depth - 1; i >= 0; i--) {
    h = concat([upsampleNearest(h, [2, 2]), skips[i]], 1);
    h = layer(h, filters * 2 ** i, `up${i}/conv1`);
    h = layer(h, filters * 2 ** Math.max(0, i - 1), `up${i}/conv2`);
  }
  const head = (name: string, weights: number, bias: number): Value =>
    conv(h, parameters(`${name}/weights`, [1, h.shape[1], 1, 1], weights), {
      bias: parameters(`${name}/bias`, [1], bias),
    });
  const median = add(head("last", 0, 0), x);
  // The scale starts at about 0.1, the order of typical errors. It may change by decades, hence the factor 4.
  return laplace ? concat([median, add(softplus(mul(head("scale", 0, -0.55), 4)), minScale)], 1) : median;
}

/** ln(1 + e^x), without overflow. */
const softplus = (x: Value): Value => add(relu(x), log(add(exp(neg(abs(x))), 1)));

/** Median and scale of a Laplace head's output. */
export const laplaceParts = (output: Value): { median: Value; scale: Value } => ({
  median: slice(output, [{ axis: 1, start: 0, end: 1 }]),
  scale: slice(output, [{ axis: 1, start: 1, end: 2 }]),
});
