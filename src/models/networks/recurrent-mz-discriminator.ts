/** The discriminator of Recurrent-MZ in adversarial training. */
import type { Value } from "../../graph/graph.ts";
import { leakyRelu, sigmoid } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add } from "../../graph/operators/elementwise.ts";
import { matMul } from "../../graph/operators/matmul.ts";
import { reshape } from "../../graph/operators/movement.ts";
import { reduceMean } from "../../graph/operators/reduction.ts";
import type { Parameters } from "./parameters.ts";

/** Image sizes must be multiples of this. */
export const recurrentMzDiscriminatorAlignment = 32;

const slope = 0.3;

/**
 * The discriminator: a 3x3 convolution, five blocks that double the channels (16, then 32 to 512 in the published one),
 * each of a 3x3 convolution and one of stride 2 that halves the size, a global mean, and two fully connected layers, of
 * which the first has as many units as the first convolution; after the network that the authors published.
 *
 * @param image `[n, 1, h, w]`, h and w multiples of {@link recurrentMzDiscriminatorAlignment}
 * @param channels of the first convolution; published 16
 * @returns scores `[n, 1]` in (0, 1): 1 for a recorded image
 */
export function recurrentMzDiscriminator(image: Value, channels: number, parameters: Parameters): Value {
  const layer = (x: Value, width: number, stride: 1 | 2, name: string): Value => {
    const weights = parameters(`${name}/weights`, [width, x.shape[1], 3, 3], "glorot");
    const bias = parameters(`${name}/bias`, [width], 0);
    return leakyRelu(conv(x, weights, { bias, strides: [stride, stride], pads: [1, 1, 1, 1] }), slope);
  };
  const dense = (x: Value, width: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [x.shape[1], width], "glorot");
    return add(matMul(x, weights), parameters(`${name}/bias`, [width], 0));
  };
  let h = layer(image, channels, 1, "first");
  for (let block = 0; block < 5; block++) {
    const width = channels * 2 ** (block + 1);
    h = layer(layer(h, width, 1, `d${block}/conv1`), width, 2, `d${block}/conv2`);
  }
  const features = reshape(reduceMean(h, [2, 3]), [image.shape[0], h.shape[1]]);
  return sigmoid(dense(leakyRelu(dense(features, channels, "dense1"), slope), 1, "dense2"));
}
