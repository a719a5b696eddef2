/** The discriminators of COMI and of CycleGAN: they give one score for every patch of an image. */
import type { Value } from "../../graph/graph.ts";
import { leakyRelu, tanh } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { instanceNorm } from "../../graph/operators/normalisation.ts";
import type { Parameters } from "./parameters.ts";
import { batchStatistics, type Norm } from "./running-norm.ts";

/**
 * COMI's discriminator: 4x4 convolutions of 64, 64, 128 and 256 channels (stride 2), 512 and 1 (stride 1), batch
 * normalisation, leaky ReLU 0.2, then two dense layers for every patch (their width and tanh as in DeblurGAN's code, on
 * which COMI's is based; no sigmoid is applied to the score, so that its gradient never vanishes).
 *
 * @param picture `[n, 1, h, w]`, normalised; h and w multiples of 16
 * @param channels of the first convolution; 64 in the paper
 * @returns `[n, 1, h / 16, w / 16]`: scores, towards 1 for a recorded patch, towards 0 for a generated one
 */
export function comiDiscriminator(picture: Value, channels: number, parameters: Parameters): Value {
  const strided = [channels, channels, 2 * channels, 4 * channels];
  const features = convolutions(picture, strided, 8 * channels, parameters, batchStatistics(parameters));
  const hidden = 16 * channels;
  const dense = (h: Value, width: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [width, h.shape[1], 1, 1], "glorot");
    return conv(h, weights, { bias: parameters(`${name}/bias`, [width], 0) });
  };
  return dense(tanh(dense(features, hidden, "dense1")), 1, "dense2");
}

/**
 * The 70x70 PatchGAN of Isola et al. (CVPR 2017) as CycleGAN uses it: 4x4 convolutions of 64, 128 and 256 channels
 * (stride 2), 512 and 1 (stride 1), instance normalisation, leaky ReLU 0.2.
 *
 * @param picture `[n, 1, h, w]`, normalised; h and w multiples of 8
 * @param channels of the first convolution; 64 in the paper
 * @returns `[n, 1, h / 8, w / 8]`: scores, towards 1 for a recorded patch, towards 0 for a generated one
 */
export function cycleGanDiscriminator(picture: Value, channels: number, parameters: Parameters): Value {
  const norm: Norm = (x, name) => {
    const c = [x.shape[1]];
    return instanceNorm(x, parameters(`${name}/scale`, c, 1), parameters(`${name}/shift`, c, 0));
  };
  return convolutions(picture, [channels, 2 * channels, 4 * channels], 8 * channels, parameters, norm);
}

/**
 * Convolutions of stride 2, one of stride 1 and one to a single channel; the first and the last without normalisation.
 */
function convolutions(
  picture: Value,
  strided: readonly number[],
  last: number,
  parameters: Parameters,
  norm: Norm,
): Value {
  const convolve = (h: Value, width: number, name: string, stride: number): Value => {
    const weights = parameters(`${name}/weights`, [width, h.shape[1], 4, 4], "glorot");
    const pads = stride === 2 ? [1, 1, 1, 1] : [1, 1, 2, 2];
    return conv(h, weights, { bias: parameters(`${name}/bias`, [width], 0), strides: [stride, stride], pads });
  };
  let h = leakyRelu(convolve(picture, strided[0], "conv1", 2), 0.2);
  [...strided.slice(1), last].forEach((width, i) => {
    const name = `conv${i + 2}`;
    const stride = i < strided.length - 1 ? 2 : 1;
    h = leakyRelu(norm(convolve(h, width, name, stride), `${name}/norm`), 0.2);
  });
  return convolve(h, 1, `conv${strided.length + 2}`, 1);
}
