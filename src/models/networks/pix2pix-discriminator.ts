import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { leakyRelu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { concat } from "../../graph/operators/movement.ts";
import { averagePool } from "../../graph/operators/pooling.ts";
import type { Initial, Parameters } from "./parameters.ts";
import { batchStatistics } from "./running-norm.ts";
import { stridedConvolution } from "./strided-convolution.ts";

/**
 * PatchGAN: a discriminator that scores every patch of a picture by itself (Isola et al., CVPR 2017). The published
 * one, with 64, 128, 256 and 512 channels, has a receptive field of 70x70 pixels.
 */
export const patchGanArchitecture = z.strictObject({
  /**
   * Channels of its 4x4 convolutions, of stride 2 except the last, of stride 1; one more convolution gives the score.
   */
  channels: z.array(z.int().positive()).min(2),
  /**
   * Side of the squares of pixels that are averaged before the first layer: above 1 the camera noise, which cannot be
   * predicted, counts less.
   */
  pool: z.int().positive(),
});

export type PatchGanArchitecture = z.infer<typeof patchGanArchitecture>;

/** `published`: 2.77 M parameters, patches of 70x70 pixels. `small`: patches of 34x34 pixels. */
export const patchGanPresets: Record<"published" | "small", PatchGanArchitecture> = {
  published: { channels: [64, 128, 256, 512], pool: 1 },
  small: { channels: [24, 48, 96], pool: 2 },
};

const initial: Initial = { mean: 0, deviation: 0.02 };

/**
 * @param picture `[n, 1, h, w]` or `[n, 1, d, h, w]`, recorded or generated, normalised
 * @param condition of the same shape: the input image that belongs to the picture
 * @returns scores `[n, 1, ...]`, one for each patch, before a sigmoid: above 0 for recorded
 */
export function patchGan(
  picture: Value,
  condition: Value,
  { channels, pool }: PatchGanArchitecture,
  parameters: Parameters,
): Value {
  const norm = batchStatistics(parameters);
  const depth = picture.shape.length === 5;
  const kernel = depth ? [3, 4, 4] : [4, 4];
  const weights = (h: Value, count: number, name: string): Value =>
    parameters(`${name}/weights`, [count, h.shape[1], ...kernel], initial);
  const bias = (count: number, name: string): Value => parameters(`${name}/bias`, [count], 0);
  const same = { pads: kernel.flatMap(() => [1, 1]) };

  let h = concat([condition, picture], 1);
  if (pool > 1) h = averagePool(h, depth ? [1, pool, pool] : [pool, pool]);
  channels.forEach((count, i) => {
    const name = `conv${i}`;
    const first = i === 0 ? bias(count, name) : undefined;
    h =
      i < channels.length - 1
        ? stridedConvolution(h, weights(h, count, name), first, "training")
        : conv(h, weights(h, count, name), same);
    h = leakyRelu(i === 0 ? h : norm(h, `${name}/norm`), 0.2);
  });
  return conv(h, weights(h, 1, "score"), { ...same, bias: bias(1, "score") });
}
