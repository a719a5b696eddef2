import type { Value } from "../value.ts";
import { flip, insertZeros, pad, reshape, slice, transpose } from "./movement.ts";

export interface ConvOptions {
  /** One number per output channel. */
  bias?: Value;
  /** One number per spatial axis, default 1. */
  strides?: readonly number[];
  /** "same" (default: output as large as the input, odd kernels, stride 1), "valid", or begins then ends per axis. */
  pads?: "same" | "valid" | readonly number[];
  dilations?: readonly number[];
  group?: number;
}

/**
 * Convolution (cross-correlation, as everywhere in deep learning) of `[n, c, ...spatial]` with weights
 * `[out, c / group, ...kernel]` over 1 to 3 spatial axes.
 */
export function conv(x: Value, weights: Value, options: ConvOptions = {}): Value {
  const rank = x.shape.length - 2;
  const ones = new Array<number>(rank).fill(1);
  const dilations = options.dilations ?? ones;
  const half = weights.shape.slice(2).map((k, i) => ((k - 1) * (dilations[i] ?? 1)) / 2);
  const pads =
    options.pads === "valid"
      ? [...ones, ...ones].map(() => 0)
      : options.pads === undefined || options.pads === "same"
        ? [...half.map(Math.floor), ...half.map(Math.ceil)]
        : options.pads;
  const inputs = options.bias ? [x, weights, options.bias] : [x, weights];
  const attributes = { strides: options.strides ?? ones, pads, dilations, group: options.group ?? 1 };
  return x.graph.add("Conv", inputs, attributes);
}

/**
 * Transposed convolution: the adjoint of {@link conv} with the same strides, weights `[in, out, ...kernel]`. Zeros go
 * between the pixels, then a convolution with the flipped kernel: WebGPU and several consumers of ONNX files have no
 * ConvTranspose in 3D. `pads` are those of the convolution whose adjoint this is; `outputPads` add to the far end.
 */
export function convTranspose(
  x: Value,
  weights: Value,
  options: {
    bias?: Value;
    strides: readonly number[];
    pads: readonly number[];
    outputPads?: readonly number[];
    dilations?: readonly number[];
    group?: number;
  },
): Value {
  const rank = x.shape.length - 2;
  const { strides, pads, group = 1 } = options;
  const dilations = options.dilations ?? strides.map(() => 1);
  let spread = x;
  for (let i = 0; i < rank; i++) spread = insertZeros(spread, i + 2, strides[i]);
  const reach = weights.shape.slice(2).map((k, i) => (k - 1) * dilations[i]);
  const before = reach.map((r, i) => r - pads[i]);
  const after = reach.map((r, i) => r - pads[rank + i] + (options.outputPads?.[i] ?? 0));
  // A forward padding wider than the kernel's reach means that the border is cut off here; after padding, since with
  // strides the cut may take everything that was there.
  if ([...before, ...after].some((n) => n < 0)) {
    const rest = (extents: readonly number[]): number[] => [0, 0, ...extents.map((n) => Math.max(0, n))];
    spread = pad(spread, rest(before), rest(after));
    const ranges = before.map((n, i) => ({
      axis: i + 2,
      start: Math.max(0, -n),
      end: spread.shape[i + 2] + Math.min(0, after[i]),
    }));
    spread = slice(spread, ranges);
    before.fill(0);
    after.fill(0);
  }
  return conv(spread, adjointWeights(weights, group), {
    ...(options.bias ? { bias: options.bias } : {}),
    pads: [...before, ...after],
    dilations,
    group,
  });
}

/** Weights `[o, c / group, ...k]` as their adjoint needs them: `[c, o / group, ...k]`, flipped in space. */
function adjointWeights(weights: Value, group: number): Value {
  const [o, c, ...kernel] = weights.shape;
  const spatial = kernel.map((_, i) => i + 2);
  const flipped = kernel.some((k) => k > 1) ? flip(weights, spatial) : weights;
  if (group === 1) return transpose(flipped, [1, 0, ...spatial]);
  const grouped = reshape(flipped, [group, o / group, c, ...kernel]);
  return reshape(transpose(grouped, [0, 2, 1, ...spatial.map((axis) => axis + 1)]), [group * c, o / group, ...kernel]);
}
