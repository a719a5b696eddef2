import { Random } from "../src/array/random.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Value } from "../src/graph/graph.ts";
import { relu } from "../src/graph/operators/activations.ts";
import { conv } from "../src/graph/operators/convolution.ts";
import { add } from "../src/graph/operators/elementwise.ts";
import { concat, slice } from "../src/graph/operators/movement.ts";
import { maxPool } from "../src/graph/operators/pooling.ts";
import { upsampleNearest } from "../src/graph/operators/resizing.ts";
import { convUpsampled } from "../src/graph/operators/upsampled-convolution.ts";
import {
  constantParameters,
  initialWeights,
  type Parameters,
  trainableParameters,
} from "../src/models/networks/parameters.ts";
import type { Program } from "../src/run/runtime.ts";
import { adamUpdate, initialMoments } from "../src/train/adam.ts";
import { maeLoss } from "../src/train/losses.ts";

/**
 * The U-Net that training and inference are measured with: 32 filters, 4 levels, 3x3 convolutions with bias and ReLU, maximum
 * pooling, nearest upsampling, concatenation, 1x1 at the end: 1.95 M parameters. bench/unet_torch.py is the same network.
 */
const filters = 32;

function unet(x: Value, parameters: Parameters, form: "training" | "portable"): Value {
  const layer = (input: Value, channels: number, name: string): Value => {
    const weights = parameters(`${name}/weights`, [channels, input.shape[1], 3, 3], "he");
    return relu(conv(input, weights, { bias: parameters(`${name}/bias`, [channels], 0) }));
  };
  const skips: Value[] = [];
  let h = x;
  for (let level = 0; level < 3; level++) {
    h = layer(layer(h, filters << level, `down${level}/a`), filters << level, `down${level}/b`);
    skips.push(h);
    h = maxPool(h, [2, 2]);
  }
  h = layer(layer(h, filters << 3, "middle/a"), filters << 3, "middle/b");
  for (let level = 2; level >= 0; level--) {
    const channels = filters << level;
    const below = h.shape[1];
    const name = `up${level}/a`;
    const weights = parameters(`${name}/weights`, [channels, below + channels, 3, 3], "he");
    const bias = parameters(`${name}/bias`, [channels], 0);
    if (form === "portable") h = relu(conv(concat([upsampleNearest(h, [2, 2]), skips[level]], 1), weights, { bias }));
    else {
      // A convolution of a concatenation is the sum of two convolutions: the upsampled half never exists at full size.
      const upper = convUpsampled(h, slice(weights, [{ axis: 1, start: 0, end: below }]));
      const lower = slice(weights, [{ axis: 1, start: below, end: below + channels }]);
      h = relu(add(upper, conv(skips[level], lower, { bias })));
    }
    h = layer(h, channels, `up${level}/b`);
  }
  return conv(h, parameters("last/weights", [1, filters, 1, 1], "he"), { bias: parameters("last/bias", [1], 0) });
}

/** One training step with MAE and Adam: inputs `image`, `target` `[batch, 1, size, size]`, `rate`, `correction`. */
export function unetTraining(batch: number, size: number): Program {
  const graph = new Graph();
  const image = graph.input("image", [batch, 1, size, size]);
  const target = graph.input("target", [batch, 1, size, size]);
  const scalars = { rate: graph.input("rate", []), correction: graph.input("correction", []) };
  const { parameters, values, specs } = trainableParameters(graph);
  const loss = maeLoss(unet(image, parameters, "training"), target);
  graph.output("loss", loss);
  adamUpdate(graph, values, gradients(loss, [...values.values()]), scalars);
  const weights = initialWeights(specs, new Random(1));
  return { graphs: { step: graph }, state: { ...weights, ...initialMoments(weights) } };
}

/** The network with constant weights: `image` `[1, 1, size, size]` to `output`. */
export function unetInference(size: number): Program {
  const asked = new Graph();
  const { parameters, specs } = trainableParameters(asked);
  unet(asked.input("image", [1, 1, 16, 16]), parameters, "portable");
  const graph = new Graph();
  const weights = constantParameters(graph, initialWeights(specs, new Random(1)));
  graph.output("output", unet(graph.input("image", [1, 1, size, size]), weights, "training"));
  return { graphs: { predict: graph } };
}
