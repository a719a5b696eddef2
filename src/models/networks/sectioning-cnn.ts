import { z } from "zod";
import type { Value } from "../../graph/graph.ts";
import { relu } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add } from "../../graph/operators/elementwise.ts";
import type { Parameters } from "./parameters.ts";
import { sectionInfo } from "./section-info.ts";

/**
 * A plain convolutional network from widefield image to optical section that learns from patches of one registered pair
 * of images. After Zhang, Chen, et al., "Deep learning optical-sectioning method", Optics Express 26, 30762 (2018),
 * whose layers are not published in detail: here the receptive field widens by dilation (Yu & Koltun, ICLR 2016), so
 * that the network sees the out-of-focus light around a pixel at full resolution.
 */
export const sectioningCnnArchitecture = z.strictObject({
  /** Channels of every layer. */
  channels: z.int().positive(),
  /** Dilation of each 3x3 convolution, pixels, from the first layer to the last. */
  dilations: z.array(z.int().positive()).min(1),
});

export type SectioningCnnArchitecture = z.infer<typeof sectioningCnnArchitecture>;

/** The description of a model of the sectioning CNN. */
export const sectioningCnnInfo = z.object({
  ...sectionInfo,
  method: z.literal("sectioning-cnn"),
  architecture: sectioningCnnArchitecture,
});

/** `published`: 0.30 M parameters; the authors' widths are not known. `small`: 32 k. */
export const sectioningCnnPresets: Record<"published" | "small", SectioningCnnArchitecture> = {
  published: { channels: 64, dilations: [1, 1, 2, 4, 8, 16, 8, 4, 1] },
  small: { channels: 24, dilations: [1, 2, 4, 8, 16, 8, 1] },
};

/**
 * @param x `[n, 1, h, w]`, normalised, of any size
 * @returns `[n, 1, h, w]`, normalised; an untrained network returns the image unchanged
 */
export function sectioningCnn(
  x: Value,
  { channels, dilations }: SectioningCnnArchitecture,
  parameters: Parameters,
): Value {
  let h = x;
  dilations.forEach((dilation, i) => {
    const weights = parameters(`layer${i}/weights`, [channels, h.shape[1], 3, 3], "he");
    const bias = parameters(`layer${i}/bias`, [channels], 0);
    h = relu(conv(h, weights, { bias, dilations: [dilation, dilation] }));
  });
  const last = parameters("last/weights", [1, channels, 3, 3], 0);
  return add(conv(h, last, { bias: parameters("last/bias", [1], 0) }), x);
}
