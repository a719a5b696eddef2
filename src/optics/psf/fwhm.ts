/** Widths of a bead along x, y and z, as usual for microscopes: full width at half maximum of a fitted Gaussian. */
import { leastSquares } from "../../array/least-squares.ts";
import { mean } from "../../array/statistics.ts";
import type { Stack } from "../../image/image.ts";

/** A Gaussian fitted to one line of pixels. */
export interface GaussianLine {
  /** In samples. */
  centre: number;
  /** Full width at half maximum, 2.3548 sigma, in samples. */
  fwhm: number;
  /** Above the background. */
  height: number;
  background: number;
  /** Share of the line's variance that the Gaussian explains. */
  r2: number;
}

/** height exp(-(i - centre)^2 / (2 sigma^2)) + background by least squares, starting at the largest value. */
export async function fitGaussian(line: ArrayLike<number>): Promise<GaussianLine> {
  const values = Array.from(line);
  const n = values.length;
  const low = [...values].sort((a, b) => a - b)[Math.floor(n / 5)];
  const most = Math.max(...values);
  const top = values.indexOf(most);
  const above = values.filter((v) => v > (low + most) / 2).length;
  const height = most - low || 1;
  const model = ([centre, sigma, h, b]: readonly number[]) =>
    Float64Array.from(values, (v, i) => h * Math.exp(-((i - centre) ** 2) / (2 * sigma * sigma)) + b - v);
  const found = await leastSquares(
    model,
    [
      { value: top, min: -1, max: n, scale: 0.1 },
      { value: Math.max(0.5, above / 2.3548), min: 0.2, max: n, scale: 0.1 },
      { value: height, min: 0, max: 10 * height, scale: 0.1 * height },
      { value: low, min: low - 10 * height, max: most, scale: 0.1 * height },
    ],
    { maxIterations: 60 },
  );
  const [centre, sigma, fitted, background] = found.values;
  const middle = mean(values);
  const spread = values.reduce((sum, v) => sum + (v - middle) ** 2, 0);
  return {
    centre,
    fwhm: 2 * Math.sqrt(2 * Math.LN2) * sigma,
    height: fitted,
    background,
    r2: 1 - found.cost / (spread || 1),
  };
}

/** Minimum number of samples: a Gaussian has four parameters, so that four samples always fit. */
const minSamples = 5;

/** Whether a line of samples contains the width of its Gaussian: it is centred inside, and wider than one sample. */
function isSupported({ centre, fwhm, r2 }: GaussianLine, samples: number): boolean {
  return samples >= minSamples && centre >= 0 && centre <= samples - 1 && fwhm >= 1 && fwhm <= samples - 1 && r2 >= 0.5;
}

/**
 * Gaussians fitted through the brightest voxel of a stack of one bead; along z only if the planes contain its width.
 */
export async function beadWidths(
  stack: Stack,
): Promise<{ x: GaussianLine; y: GaussianLine; z: GaussianLine | undefined }> {
  const { data, depth, height, width } = stack;
  let best = 0;
  for (let i = 1; i < data.length; i++) if (data[i] > data[best]) best = i;
  const z = Math.floor(best / (height * width));
  const y = Math.floor(best / width) % height;
  const x = best % width;
  const line = (count: number, at: (i: number) => number) =>
    fitGaussian(Array.from({ length: count }, (_, i) => data[at(i)]));
  const along = depth < minSamples ? undefined : await line(depth, (i) => (i * height + y) * width + x);
  return {
    x: await line(width, (i) => (z * height + y) * width + i),
    y: await line(height, (i) => (z * height + i) * width + x),
    z: along && isSupported(along, depth) ? along : undefined,
  };
}
