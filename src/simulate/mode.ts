/**
 * The interface of an imaging mode: the keys that it adds to an image of a recipe, and how its planes are simulated.
 */
import type { z } from "zod";
import type { Random } from "../array/random.ts";
import type { CameraOptions } from "../optics/camera/camera-options.ts";
import type { Imager } from "../optics/imaging/image-volume.ts";
import type { ImagingControl } from "../optics/imaging/pace.ts";
import type { Volume, VolumeGrid } from "../optics/phantom/volume.ts";
import type { PsfModel } from "../optics/psf/psf-model.ts";
import type { RecipeOptics } from "./optics-schema.ts";

/** The setup of an image. */
export interface ModeSetup {
  optics: RecipeOptics;
  /** The box that specimens are drawn in. */
  grid: VolumeGrid;
  /** Imaging of this box with a PSF; images with the same key share the OTFs. */
  detection(model: PsfModel, key: string): Imager;
  /** Widefield imaging of this box. */
  widefield(): Imager;
}

/** The exposures of a specimen; all arrays are `[planes, height, width]` of the whole box. */
export interface Exposed {
  /** Relative intensity of each exposure of the camera. */
  exposures: Float32Array[];
  /** The complex field in each plane, for coherent light: the ground truth of a reconstruction. */
  field?: { real: Float32Array; imag: Float32Array };
  /** Other random or chosen settings, as plain data. */
  details?: Record<string, unknown>;
}

/** Images one specimen after another; PSFs and other shared data are computed once. */
export interface ModeImager {
  /** @param planes focal planes, um from the nominal one */
  expose(volume: Volume, planes: readonly number[], random: Random, control: ImagingControl): Promise<Exposed>;
}

/** The settings of exposures that are needed to compute an image from them. */
export interface ExposureSetting {
  planes: number;
  height: number;
  width: number;
  /** um */
  pixelSize: number;
  optics: RecipeOptics;
  /** The camera whose noise is in the counts; absent for exposures without noise. */
  camera?: CameraOptions | undefined;
}

export interface ImagingMode<S extends z.ZodObject = z.ZodObject> {
  /** One line for help texts. */
  readonly summary: string;
  /** Keys besides `mode`, `optics` and `camera`. */
  readonly options: S;
  /** Names of the exposures of a plane. */
  readonly exposures: readonly string[];
  /** Whether the mode gives complex fields. */
  readonly coherent?: boolean;
  /** The PSF that determines the thickness of slices, the margin, and the Nyquist limit. */
  model(optics: RecipeOptics, options: z.output<S>): PsfModel;
  /**
   * Peak memory in bytes, besides the volume itself.
   * @param planes number of focal planes
   * @param distances number of distances between slices and planes, in slices
   */
  memory(grid: VolumeGrid, planes: number, distances: number): number;
  prepare(setup: ModeSetup, options: z.output<S>): ModeImager;
  /**
   * Computes the image from the exposures, in counts; absent if the only exposure is the image.
   * @param counts of each exposure, `[planes, height, width]`, above the camera's offset
   */
  combine?(counts: readonly Float32Array[], options: z.output<S>, setting: ExposureSetting): Float32Array;
}
