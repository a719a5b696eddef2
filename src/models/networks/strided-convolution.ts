/**
 * The strided and transposed convolutions by which pix2pix and DCGAN halve and double an image: kernels of 4, stride 2,
 * padding 1. They come in two forms that give the same numbers: "portable" uses plain operators only, for any image
 * size; "training" works on blocks of 2x2 pixels as channels, so that the gradients are those of convolutions of stride
 * 1 (no zeros between pixels, no slice per weight).
 */
import type { Value } from "../../graph/graph.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { concat, depthToSpace, flip, pad, reshape, slice, transpose } from "../../graph/operators/movement.ts";

export type NetworkForm = "training" | "portable";

/**
 * `[n, c, h, w] -> [n, o, h / 2, w / 2]` with weights `[o, c, 4, 4]`; or, in 3-D, `[n, c, d, h, w] -> [n, o, d, h / 2,
 * w / 2]` with `[o, c, 3, 4, 4]`: the number of planes stays the same. h and w are even.
 */
export function stridedConvolution(x: Value, weights: Value, bias: Value | undefined, form: NetworkForm): Value {
  const own = bias ? { bias } : {};
  const depth = x.shape.length === 5;
  if (form === "portable") {
    return depth
      ? conv(x, weights, { ...own, strides: [1, 2, 2], pads: [1, 1, 1, 1, 1, 1] })
      : conv(x, weights, { ...own, strides: [2, 2], pads: [1, 1, 1, 1] });
  }
  const edges = x.shape.map((_, i) => (i < x.shape.length - 2 ? 0 : 1));
  const blocks = spaceToChannels(pad(x, edges, edges));
  const kernels = spaceToChannels(weights);
  return conv(blocks, kernels, { ...own, pads: depth ? [1, 0, 0, 1, 0, 0] : "valid" });
}

/** `[n, c, ..., 2h, 2w] -> [n, 4c, ..., h, w]`. */
function spaceToChannels(x: Value): Value {
  const [n, c, ...spatial] = x.shape;
  const between = spatial.slice(0, -2);
  const [h, w] = spatial.slice(-2).map((extent) => extent / 2);
  const split = reshape(x, [n, c, ...between, h, 2, w, 2]);
  const k = between.length;
  const order = [0, 1, k + 3, k + 5, ...between.map((_, i) => i + 2), k + 2, k + 4];
  return reshape(transpose(split, order), [n, 4 * c, ...between, h, w]);
}

/**
 * Transposed convolution `[n, c, h, w] -> [n, o, 2h, 2w]` with weights `[c, o, 4, 4]`, built from operators that every
 * runtime and importer supports.
 *
 * Output p sums w[k] x[j] over 2j + k - 1 = p: output 2i is w3 x[i-1] + w1 x[i], output 2i+1 is w2 x[i] + w0 x[i+1]:
 * every second of the flipped weights.
 */
export function transposedConvolution(x: Value, weights: Value, bias: Value | undefined, form: NetworkForm): Value {
  const [n, , h, w] = x.shape;
  const o = weights.shape[1];
  const flipped = flip(transpose(weights, [1, 0, 2, 3]), [2, 3]);
  const kernel = (py: number, px: number): Value =>
    slice(flipped, [
      { axis: 2, start: py, end: 4, step: 2 },
      { axis: 3, start: px, end: 4, step: 2 },
    ]);
  if (form === "portable") {
    // One 3x3 convolution holds the four 2x2 kernels, each at the position of its pixels.
    const placed = [0, 1].flatMap((py) =>
      [0, 1].map((px) => pad(kernel(py, px), [0, 0, py, px], [0, 0, 1 - py, 1 - px])),
    );
    const own = bias ? { bias: concat([bias, bias, bias, bias], 0) } : {};
    return depthToSpace(conv(x, concat(placed, 0), own), 2);
  }
  const rows = [0, 1].map((py) => {
    const columns = [0, 1].map((px) => {
      const y = conv(x, kernel(py, px), { ...(bias ? { bias } : {}), pads: [1 - py, 1 - px, py, px] });
      return reshape(y, [n, o, h, 1, w, 1]);
    });
    return concat(columns, 5);
  });
  return reshape(concat(rows, 3), [n, o, 2 * h, 2 * w]);
}
