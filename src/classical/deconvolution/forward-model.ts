/**
 * The forward model of a camera and its adjoint: d = M H x + b, where H blurs, M crops the field of view out of a
 * larger specimen, and b is a uniform background.
 *
 * Source of the edges: Bertero & Boccacci, Astron. Astrophys. 437, 369 (2005), "A simple method for the reduction of
 * boundary effects in the Richardson-Lucy approach to image deconvolution": the specimen is estimated on a grid larger
 * than the image, and each update is divided by alpha = H^T M 1, the share of a voxel's light that fell into the image;
 * voxels of a smaller share than a threshold are left empty. Light from outside the image is then modelled and does not
 * cause ringing.
 */
import { type Convolution, convolutionSteps } from "./convolution.ts";
import { type Extent, type PsfVolume, type Volume, voxelsOf } from "./volume.ts";
import { workingGrid } from "./working-grid.ts";

/**
 * The assumption beyond the image. `extend`: structures that are estimated together with those of the image (Bertero &
 * Boccacci). `zero`: nothing, as in scikit-image; this is wrong for most images, whose edges then ring or become
 * bright.
 */
export type Edges = "extend" | "zero";

export interface ForwardModel {
  readonly convolution: Convolution;
  readonly grid: Extent;
  readonly edges: Edges;
  /** Size of the image, which lies at index 0 of the grid. */
  readonly field: Extent;
  /** Factor of the updates on the grid: 1 / alpha, or 0 where nothing is estimated. */
  readonly gain: Float32Array;
  /** Calls `visit` for every row of the image: where it starts in the image, and where on the grid. */
  eachRow(visit: (inImage: number, onGrid: number) => void): void;
  /** Sets everything outside the image to 0. */
  clearOutside(volume: Float32Array): void;
  /** The part of a volume on the grid that lies in the image. */
  cutOut(volume: Float32Array): Float32Array;
}

/** Minimum share of the light of a voxel that falls into the image; other voxels stay empty. */
const leastShare = 0.001;

/** As work that yields between planes. */
export function* forwardModelSteps(field: Extent, psf: PsfVolume, edges: Edges): Generator<void, ForwardModel> {
  const grid = workingGrid(field, psf, edges);
  const convolution = yield* convolutionSteps(psf, grid);
  const { depth, height, width } = field;
  const eachRow: ForwardModel["eachRow"] = (visit) => {
    for (let z = 0; z < depth; z++) {
      for (let y = 0; y < height; y++) visit((z * height + y) * width, (z * grid.height + y) * grid.width);
    }
  };
  const gain = new Float32Array(voxelsOf(grid));
  eachRow((_, at) => gain.fill(1, at, at + width));
  if (edges === "extend") {
    yield* convolution.steps("conjugate", gain, gain);
    for (let i = 0; i < gain.length; i++) gain[i] = gain[i] > leastShare ? 1 / gain[i] : 0;
  }
  return {
    convolution,
    grid,
    edges,
    field,
    gain,
    eachRow,
    clearOutside(volume) {
      const plane = grid.height * grid.width;
      for (let z = 0; z < depth; z++) {
        for (let y = 0; y < height; y++) {
          const row = z * plane + y * grid.width;
          volume.fill(0, row + width, row + grid.width);
        }
        volume.fill(0, z * plane + height * grid.width, (z + 1) * plane);
      }
      volume.fill(0, depth * plane);
    },
    cutOut(volume) {
      const out = new Float32Array(voxelsOf(field));
      eachRow((inImage, onGrid) => out.set(volume.subarray(onGrid, onGrid + width), inImage));
      return out;
    },
  };
}

/**
 * The estimate that iterations start from: even light of the image's mean wherever something is estimated. A
 * multiplicative method does not depend on its height after the first step.
 */
export function evenEstimate(model: ForwardModel, image: Volume, background: number): Float32Array {
  let sum = 0;
  for (let i = 0; i < image.data.length; i++) sum += image.data[i];
  const level = Math.max(sum / image.data.length - background, 1e-3 * (sum / image.data.length), 1e-30);
  const estimate = new Float32Array(model.gain.length);
  for (let i = 0; i < estimate.length; i++) if (model.gain[i] > 0) estimate[i] = level;
  return estimate;
}

/** Below this a prediction counts as dark: the rounding of a float32 transform. */
export function darkLevel(image: Volume): number {
  let sum = 0;
  for (let i = 0; i < image.data.length; i++) sum += image.data[i];
  return Math.max((1e-6 * sum) / image.data.length, 1e-30);
}
