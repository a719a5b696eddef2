/**
 * Richardson-Lucy by gradient consensus (RLGC): iterations that stop automatically, voxel by voxel.
 *
 * In each iteration the photons of the image are split into two independent halves d1 and d2 by binomial splitting.
 * Each half gives a gradient for the estimate. Where the gradients agree, the change is supported by the specimen;
 * where they disagree, it would fit noise:
 *
 *     r1 = H^T M (2 d1 / (H x + b)) / alpha,  r2 likewise,
 *     C  = H^T H ((r1 - 1) (r2 - 1)),
 *     x <- x (r1 + r2) / 2   where C >= 0,   x as it was elsewhere.
 *
 * (r1 + r2) / 2 is the step of Richardson-Lucy for the whole image. Iterations end when hardly any voxel changes, when
 * no voxel changes visibly, or when the Kullback-Leibler divergence of the prediction from the halves stops falling.
 *
 * Source: Manton & York, "Richardson-Lucy gradient consensus" (2023), https://zenodo.org/records/10278919, and Manton's
 * program https://github.com/jdmanton/rlgc (the equations above); stopping by the divergence follows later programs
 * that cite his. The limits below are our own. Splitting photons goes back to A. G. York. Edges as in forward-model.ts.
 * Eight real transforms an iteration.
 */
import { breatheThrough } from "../../array/breathe.ts";
import type { Random } from "../../array/random.ts";
import { darkLevel, type Edges, evenEstimate, forwardModelSteps } from "./forward-model.ts";
import { halfOf } from "./split-counts.ts";
import type { PsfVolume, Volume } from "./volume.ts";

export interface ConsensusOptions {
  /** Maximum number of iterations; default 200. */
  iterations?: number | undefined;
  edges?: Edges | undefined;
  /** b, photons in every pixel that are not blurred by the PSF; default 0. */
  background?: number | undefined;
  /** Awaited after every iteration. */
  afterIteration?: ((iteration: number, state: ConsensusState) => Promise<void> | void) | undefined;
  /** Checked between planes. */
  signal?: AbortSignal | undefined;
}

export interface ConsensusState {
  /** Share of the voxels that changed. */
  updated: number;
  /** The largest change of a voxel, relative to the brightest voxel. */
  change: number;
  /** The current estimate. */
  estimate(): Float32Array;
}

export interface ConsensusResult {
  /** The estimate in photons, `[z, y, x]` of the image's size. */
  data: Float32Array;
  iterations: number;
  /**
   * `agreement`: the halves agree in hardly any voxel; `settled`: changes are negligible; `divergence`: the divergence
   * of the prediction from the halves stopped falling; `limit`: the maximum number of iterations.
   */
  stoppedBy: "agreement" | "settled" | "divergence" | "limit";
}

/** Minimum share of updated voxels, and minimum change relative to the brightest voxel, to continue. */
const minUpdated = 0.01;
const minChange = 0.002;

/**
 * Maximum number of iterations without a new minimum of the divergence from either half. Other programs end with the
 * first rise of both. The divergences fluctuate, since each iteration splits anew: at high counts, when progress is
 * slow, two rises by chance came early and cost up to 0.9 dB.
 */
const maxStalled = 3;

/**
 * @param image whole numbers of photons, 0 or more (counts less offset, divided by the gain, rounded)
 * @param random splits the photons
 */
export async function consensus(
  image: Volume,
  psf: PsfVolume,
  random: Random,
  options: ConsensusOptions = {},
): Promise<ConsensusResult> {
  const { iterations = 200, edges = "extend", background = 0, signal } = options;
  const model = await breatheThrough(forwardModelSteps(image, psf, edges), signal);
  const { convolution, gain } = model;
  const dark = darkLevel(image);
  const estimate = evenEstimate(model, image, background);
  const first = new Float32Array(estimate.length);
  const second = new Float32Array(estimate.length);
  const agreement = new Float32Array(estimate.length);
  const { width } = image;
  let voxels = 0;
  for (let i = 0; i < gain.length; i++) if (gain[i] > 0) voxels++;

  const divergence = createPatience();

  for (let k = 1; ; k++) {
    await breatheThrough(convolution.steps("factor", estimate, first), signal);
    model.clearOutside(first);
    const fit = createDivergence();
    model.eachRow((inImage, onGrid) => {
      for (let x = 0; x < width; x++) {
        const count = image.data[inImage + x];
        const half = halfOf(count, random);
        const expected = first[onGrid + x] + background;
        fit.add(expected, half, count - half);
        const scale = 2 / Math.max(expected, dark);
        first[onGrid + x] = half * scale;
        second[onGrid + x] = (count - half) * scale;
      }
    });
    if (divergence.hasSettled(fit.values())) {
      return { data: model.cutOut(estimate), iterations: k - 1, stoppedBy: "divergence" };
    }
    if (k > 1) model.clearOutside(second);
    await breatheThrough(convolution.steps("conjugate", first, first), signal);
    await breatheThrough(convolution.steps("conjugate", second, second), signal);
    for (let i = 0; i < gain.length; i++) {
      if (gain[i] === 0) {
        agreement[i] = 0;
        continue;
      }
      first[i] *= gain[i];
      second[i] *= gain[i];
      agreement[i] = (first[i] - 1) * (second[i] - 1);
    }
    await breatheThrough(convolution.steps("power", agreement, agreement), signal);
    let [updated, largest, brightest] = [0, 0, 0];
    for (let i = 0; i < gain.length; i++) {
      if (gain[i] > 0 && agreement[i] >= 0) {
        updated++;
        const old = estimate[i];
        const next = 0.5 * old * (first[i] + second[i]);
        estimate[i] = Math.max(next, 0);
        largest = Math.max(largest, Math.abs(estimate[i] - old));
      }
      brightest = Math.max(brightest, estimate[i]);
    }
    const state = { updated: updated / voxels, change: largest / brightest, estimate: () => model.cutOut(estimate) };
    await options.afterIteration?.(k, state);
    const stoppedBy =
      state.updated < minUpdated
        ? "agreement"
        : state.change < minChange
          ? "settled"
          : k >= iterations
            ? "limit"
            : undefined;
    if (stoppedBy) return { data: model.cutOut(estimate), iterations: k, stoppedBy };
  }
}

/** ln(n + 10^-4), the logarithm of a count that may be 0, as a table because counts recur. */
const logarithms = Float64Array.from({ length: 4096 }, (_, n) => Math.log(n + 1e-4));
const logarithm = (count: number) => (count < 4096 ? logarithms[count] : Math.log(count));

/** Kullback-Leibler divergences of a prediction from two halves of the photons, each scaled to sum 1. */
function createDivergence() {
  let [sum, own, cross1, cross2, sum1, sum2] = [0, 0, 0, 0, 0, 0];
  return {
    add(expected: number, half1: number, half2: number): void {
      if (expected > 0) {
        sum += expected;
        own += expected * Math.log(expected);
        cross1 += expected * logarithm(half1);
        cross2 += expected * logarithm(half2);
      }
      sum1 += half1;
      sum2 += half2;
    },
    values(): readonly [number, number] {
      const of = (cross: number, total: number) => (own - cross) / sum + Math.log(total / sum);
      return [of(cross1, sum1), of(cross2, sum2)];
    },
  };
}

/** Detects that neither of two numbers has reached a new minimum for some time. */
function createPatience() {
  const lowest = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  let waited = 0;
  return {
    hasSettled(values: readonly [number, number]): boolean {
      waited++;
      for (const [i, value] of values.entries()) {
        if (value < lowest[i]) [lowest[i], waited] = [value, 0];
      }
      return waited >= maxStalled;
    },
  };
}
