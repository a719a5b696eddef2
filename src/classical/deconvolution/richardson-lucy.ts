/**
 * Richardson-Lucy deconvolution, the maximum of the Poisson likelihood by expectation maximisation:
 *
 *     x <- x / (1 - lambda curvature(x)) * H^T M (d / (H x + b)) / alpha
 *
 * Sources: Richardson, J. Opt. Soc. Am. 62, 55 (1972); Lucy, Astron. J. 79, 745 (1974); edges (alpha, M) by Bertero &
 * Boccacci (2005), see forward-model.ts; total variation (lambda) by Dey et al. (2006), see total-variation.ts;
 * acceleration by Biggs & Andrews, Appl. Opt. 36, 1766 (1997). Four real transforms an iteration.
 */
import { breathe, breatheThrough } from "../../array/breathe.ts";
import { darkLevel, type Edges, evenEstimate, type ForwardModel, forwardModelSteps } from "./forward-model.ts";
import { curvature } from "./total-variation.ts";
import type { PsfVolume, Volume } from "./volume.ts";

export interface RichardsonLucyOptions {
  /** Number of iterations, 1 or more. */
  iterations: number;
  /** Default `extend`. */
  edges?: Edges | undefined;
  /** lambda, 0 (none, the default) to below 1 / (2 axes); Dey et al. recommend 0.002. */
  totalVariation?: number | undefined;
  /** b, light in every pixel that is not blurred by the PSF; in the unit of the image, default 0. */
  background?: number | undefined;
  /** Whether each iteration starts from a point ahead on the way of the last two; default false. */
  acceleration?: boolean | undefined;
  /** Pixel size / z step, 1 by default: how the z axis counts in the total variation. */
  steepness?: number | undefined;
  /** Awaited after every iteration, with the estimate on hand where it is asked for. */
  afterIteration?: ((iteration: number, estimate: () => Float32Array) => Promise<void> | void) | undefined;
  /** Checked between planes, and between iterations. */
  signal?: AbortSignal | undefined;
}

/**
 * @param image values >= 0 in any unit that is proportional to photons, `b` included
 * @returns the estimate in the unit of the image, `[z, y, x]` of the image's size; its sum is that of the light in the
 * image
 * @throws interrupted
 */
export async function richardsonLucy(
  image: Volume,
  psf: PsfVolume,
  options: RichardsonLucyOptions,
): Promise<Float32Array> {
  const { iterations, edges = "extend", totalVariation = 0, background = 0, acceleration = false, signal } = options;
  const model = await breatheThrough(forwardModelSteps(image, psf, edges), signal);
  const { convolution, gain, grid } = model;
  const dark = darkLevel(image);
  const estimate = evenEstimate(model, image, background);
  const work = new Float32Array(estimate.length);
  const bend = totalVariation > 0 ? new Float32Array(estimate.length) : undefined;
  const epsilon = 1e-3 * estimate[0];
  const ahead = acceleration ? createExtrapolation(estimate) : undefined;

  for (let k = 1; k <= iterations; k++) {
    await breatheThrough(convolution.steps("factor", estimate, work), signal);
    divideImageBy(model, image.data, work, background, dark);
    await breatheThrough(convolution.steps("conjugate", work, work), signal);
    if (bend) {
      await breathe(signal);
      curvature(estimate, bend, grid, { epsilon, steepness: options.steepness ?? 1 });
      for (let i = 0; i < work.length; i++) work[i] /= 1 - totalVariation * bend[i];
    }
    if (ahead) {
      for (let i = 0; i < work.length; i++) work[i] = Math.max(0, work[i] * gain[i]);
      ahead.advance(estimate, work);
    } else {
      multiplyUpdate(model, estimate, work);
    }
    await options.afterIteration?.(k, () => model.cutOut(ahead?.best ?? estimate));
  }
  return model.cutOut(ahead?.best ?? estimate);
}

/** prediction <- d / (prediction + b) in the image, 0 outside. */
function divideImageBy(
  model: ForwardModel,
  image: Float32Array,
  prediction: Float32Array,
  background: number,
  dark: number,
): void {
  const { width } = model.field;
  model.eachRow((inImage, onGrid) => {
    for (let x = 0; x < width; x++) {
      const expected = prediction[onGrid + x] + background;
      prediction[onGrid + x] = image[inImage + x] / Math.max(expected, dark);
    }
  });
  model.clearOutside(prediction);
}

/** estimate <- estimate x update x gain, in one pass; where nothing is estimated outside the image, only inside it. */
function multiplyUpdate(
  { edges, gain, field, eachRow }: ForwardModel,
  estimate: Float32Array,
  update: Float32Array,
): void {
  if (edges === "extend") {
    for (let i = 0; i < estimate.length; i++) estimate[i] *= Math.max(0, update[i] * gain[i]);
    return;
  }
  eachRow((_, start) => {
    for (let i = start; i < start + field.width; i++) estimate[i] *= Math.max(0, update[i]);
  });
}

/**
 * Biggs & Andrews: with x(k) the results of the iterations, each starts from y = x(k) + a (x(k) - x(k-1)), where
 * a = g(k-1) . g(k-2) / g(k-2) . g(k-2) (their eq. 10) and g = x - y is what an iteration changed; 0 <= a < 1.
 */
function createExtrapolation(start: Float32Array) {
  const best = start.slice();
  const change = new Float32Array(start.length);
  let first = true;
  return {
    /** x(k) of the last iteration. */
    best,
    /** @param y where the iteration started; becomes where the next one starts. @param factor of its update */
    advance(y: Float32Array, factor: Float32Array): void {
      let [dot, square] = [0, 0];
      for (let i = 0; i < y.length; i++) {
        const changed = y[i] * (factor[i] - 1);
        dot += changed * change[i];
        square += change[i] * change[i];
        change[i] = changed;
      }
      const a = first || square === 0 ? 0 : Math.min(0.999, Math.max(0, dot / square));
      for (let i = 0; i < y.length; i++) {
        const x = y[i] + change[i];
        const next = x + a * (x - best[i]);
        // What has become 0 stays 0: an extrapolation alone must not decide that.
        y[i] = Math.max(next, 0.1 * x);
        best[i] = x;
      }
      first = false;
    },
  };
}
