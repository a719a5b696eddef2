/** What a way to see a specimen is: the keys it adds to an image of a recipe, and how its planes are made. */
import type { z } from "zod";
import type { Random } from "../array/random.ts";
import type { CameraOptions } from "../optics/camera/camera-options.ts";
import type { Imager } from "../optics/imaging/image-volume.ts";
import type { ImagingControl } from "../optics/imaging/pace.ts";
import type { Volume, VolumeGrid } from "../optics/phantom/volume.ts";
import type { PsfModel } from "../optics/psf/psf-model.ts";
import type { RecipeOptics } from "./optics-schema.ts";

/** What an image is made with. */
export interface ModeSetup {
  optics: RecipeOptics;
  /** The box that specimens are drawn in. */
  grid: VolumeGrid;
  /** Imaging with a PSF over this box; images with the same one, told by the key, share its OTFs. */
  detection(model: PsfModel, key: string): Imager;
  /** The same in wide field. */
  widefield(): Imager;
}

/** What a mode makes of a specimen; all arrays are `[planes, height, width]` of the whole box. */
export interface Exposed {
  /** Relative intensity of each exposure of the camera. */
  exposures: Float32Array[];
  /** The complex field in each plane, where light is coherent: what a reconstruction should find. */
  field?: { real: Float32Array; imag: Float32Array };
  /** What else was drawn by chance or chosen, as JSON can hold it. */
  details?: Record<string, unknown>;
}

/** One specimen after another; what they share, such as PSFs, is made once. */
export interface ModeImager {
  /** @param planes focal planes, um from the nominal one */
  expose(volume: Volume, planes: readonly number[], random: Random, control: ImagingControl): Promise<Exposed>;
}

/** How exposures were made, as far as computing an image from them needs it. */
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
  /** Keys beside `mode`, `optics` and `camera`. */
  readonly options: S;
  /** What the exposures of a plane are called. */
  readonly exposures: readonly string[];
  /** Whether it makes complex fields. */
  readonly coherent?: boolean;
  /** The PSF that decides how thin slices are, how far light spreads, and which pixels are too coarse. */
  model(optics: RecipeOptics, options: z.output<S>): PsfModel;
  /**
   * Bytes that it holds at a time beside the volume itself.
   * @param planes how many focal planes
   * @param distances how many distances there are between slices and planes, in slices
   */
  memory(grid: VolumeGrid, planes: number, distances: number): number;
  prepare(setup: ModeSetup, options: z.output<S>): ModeImager;
  /**
   * The image that is computed from the exposures, in counts; absent where the one exposure is the image.
   * @param counts of each exposure, `[planes, height, width]`, above the camera's offset
   */
  combine?(counts: readonly Float32Array[], options: z.output<S>, setting: ExposureSetting): Float32Array;
}
