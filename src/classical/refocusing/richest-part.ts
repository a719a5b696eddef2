/** The square of a field in which neighbouring pixels differ most. */
import type { ComplexField } from "../../optics/imaging/complex-field.ts";

/** @param side pixels; a field that is not larger along an axis is kept whole along it */
export function richestPart(field: ComplexField, side: number): ComplexField {
  const [height, width] = [Math.min(side, field.height), Math.min(side, field.width)];
  if (height === field.height && width === field.width) return field;
  // Sums over all pixels above and to the left.
  const pitch = field.width + 1;
  const sums = new Float64Array((field.height + 1) * pitch);
  const { real, imag } = field;
  for (let y = 0; y < field.height; y++) {
    let row = 0;
    for (let x = 0; x < field.width; x++) {
      const i = y * field.width + x;
      if (x > 0) row += (real[i] - real[i - 1]) ** 2 + (imag[i] - imag[i - 1]) ** 2;
      sums[(y + 1) * pitch + x + 1] = sums[y * pitch + x + 1] + row;
    }
  }
  const stride = 16;
  let best = { y: 0, x: 0, sum: -1 };
  for (const y of starts(field.height - height, stride)) {
    for (const x of starts(field.width - width, stride)) {
      const [a, b] = [y * pitch + x, (y + height) * pitch + x];
      const sum = sums[b + width] - sums[b] - sums[a + width] + sums[a];
      if (sum > best.sum) best = { y, x, sum };
    }
  }
  const cut = (data: Float32Array | Float64Array): Float32Array => {
    const out = new Float32Array(height * width);
    for (let y = 0; y < height; y++) {
      const from = (best.y + y) * field.width + best.x;
      out.set(data.subarray(from, from + width), y * width);
    }
    return out;
  };
  return { real: cut(real), imag: cut(imag), height, width };
}

/** 0, stride, ... and the last. */
function starts(last: number, stride: number): number[] {
  const all = Array.from({ length: Math.floor(last / stride) + 1 }, (_, i) => i * stride);
  return all[all.length - 1] === last ? all : [...all, last];
}
