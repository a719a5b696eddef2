/** Criteria that are used to find the focus of a field, larger in focus, and were not taken: what each finds of one intensity. */
import { amplitudeOf, type ComplexField, intensityOf } from "../../src/optics/imaging/complex-field.ts";

/** Lengths of the gradients of the complex field and of its amplitude, of all pixels with four neighbours. */
function gradients(field: ComplexField) {
  const { real, imag, height, width } = field;
  const amplitude = amplitudeOf(field).data;
  const count = (height - 2) * (width - 2);
  const [complex, flat] = [new Float32Array(count), new Float32Array(count)];
  let laplacian = 0;
  let c = 0;
  for (let y = 1; y + 1 < height; y++) {
    for (let i = y * width + 1; i < (y + 1) * width - 1; i++, c++) {
      const [rx, ry] = [real[i + 1] - real[i - 1], real[i + width] - real[i - width]];
      const [ix, iy] = [imag[i + 1] - imag[i - 1], imag[i + width] - imag[i - width]];
      complex[c] = Math.sqrt(rx * rx + ry * ry + ix * ix + iy * iy);
      const [ax, ay] = [amplitude[i + 1] - amplitude[i - 1], amplitude[i + width] - amplitude[i - width]];
      flat[c] = Math.sqrt(ax * ax + ay * ay);
      const around = amplitude[i - 1] + amplitude[i + 1] + amplitude[i - width] + amplitude[i + width];
      laplacian += (around - 4 * amplitude[i]) ** 2 / count;
    }
  }
  return { complex, flat, laplacian };
}

function tamura(values: Float32Array): number {
  let [sum, square] = [0, 0];
  for (const value of values) [sum, square] = [sum + value, square + value * value];
  const mean = sum / values.length;
  return Math.sqrt(Math.sqrt(Math.max(0, square / values.length - mean * mean)) / mean);
}

function gini(values: Float32Array): number {
  const sorted = values.slice().sort();
  let [ranked, sum] = [0, 0];
  sorted.forEach((value, i) => {
    ranked += (i + 1) * value;
    sum += value;
  });
  return (2 * ranked) / (values.length * sum) - (values.length + 1) / values.length;
}

function entropy(values: Float32Array): number {
  const most = values.reduce((a, b) => Math.max(a, b), 0);
  const bins = new Float64Array(256);
  for (const value of values) bins[Math.min(255, Math.floor((value / most) * 256))]++;
  return bins.reduce((sum, n) => (n > 0 ? sum - (n / values.length) * Math.log2(n / values.length) : sum), 0);
}

/** Variance of the amplitude over the square of its mean. */
function normalisedVariance(field: ComplexField): number {
  const values = amplitudeOf(field).data;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length / mean ** 2;
}

/** Every criterion of one field, by name. */
export function judge(field: ComplexField): Record<string, number> {
  const { complex, flat, laplacian } = gradients(field);
  const variance = normalisedVariance(field);
  return {
    "variance of the amplitude, maximum (Dubois, amplitude)": variance,
    "variance of the amplitude, minimum (Dubois, phase)": -variance,
    "Tamura of the intensity": tamura(intensityOf(field).data),
    "Tamura of the complex gradient": tamura(complex),
    "Tamura of the amplitude's gradient": tamura(flat),
    "Gini of the complex gradient": gini(complex),
    "edge entropy, minimum": -entropy(flat),
    "Laplacian of the amplitude": laplacian,
  };
}
