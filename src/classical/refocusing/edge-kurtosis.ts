/**
 * The sparsity of the edges of a field. In focus, edges are thin and sparse; out of focus, each spreads into fringes.
 * The measure combines amplitude and phase, but along one direction of the complex plane only: at the recorded plane
 * the field of an in-line hologram is real, elsewhere it is not, and a real random number has a higher kurtosis (3)
 * than the length of a complex one (2), which is why a plain measure of the gradient's length finds the focus at 0.
 *
 * The idea of measuring sparsity of the gradient is Zhang, Wang, Wu, Tamamitsu & Ozcan's, Opt. Lett. 42, 3824 (2017).
 */
import type { ComplexField } from "../../optics/imaging/complex-field.ts";

/**
 * Logarithm of the kurtosis of the length of a gradient: a combination of the gradient of the amplitude and of the
 * amplitude times that of the phase, which keeps most of the contrast.
 */
export function edgeKurtosis({ real, imag, height, width }: ComplexField): number {
  const count = Math.max(0, (height - 2) * (width - 2));
  const [ay, ax, py, px] = Array.from({ length: 4 }, () => new Float32Array(count));
  let [amplitude, phase, both, c] = [0, 0, 0, 0];
  for (let y = 1; y + 1 < height; y++) {
    for (let x = 1; x + 1 < width; x++, c++) {
      const i = y * width + x;
      const length = Math.sqrt(real[i] * real[i] + imag[i] * imag[i]) || 1e-12;
      const [u, v] = [real[i] / length, imag[i] / length];
      const [rx, ix] = [real[i + 1] - real[i - 1], imag[i + 1] - imag[i - 1]];
      const [ry, iy] = [real[i + width] - real[i - width], imag[i + width] - imag[i - width]];
      ax[c] = u * rx + v * ix;
      ay[c] = u * ry + v * iy;
      px[c] = u * ix - v * rx;
      py[c] = u * iy - v * ry;
      amplitude += ax[c] * ax[c] + ay[c] * ay[c];
      phase += px[c] * px[c] + py[c] * py[c];
      both += ax[c] * px[c] + ay[c] * py[c];
    }
  }
  const angle = 0.5 * Math.atan2(2 * both, amplitude - phase);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  let [second, fourth] = [0, 0];
  for (let i = 0; i < count; i++) {
    const square = (ax[i] * cos + px[i] * sin) ** 2 + (ay[i] * cos + py[i] * sin) ** 2;
    second += square;
    fourth += square * square;
  }
  return second > 0 ? Math.log((fourth * count) / (second * second)) : 0;
}
