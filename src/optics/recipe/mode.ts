/** What a way to see a specimen is: the keys it adds to an image of a recipe, and how its planes are made. */
import type { z } from "zod";
import type { Random } from "../../array/random.ts";
import type { Imager } from "../imaging/image-volume.ts";
import type { ImagingControl } from "../imaging/pace.ts";
import type { Volume, VolumeGrid } from "../phantom/volume.ts";
import type { RecipeOptics } from "./optics-schema.ts";

/** What an image is made with. */
export interface ModeSetup {
  optics: RecipeOptics;
  /** The box that specimens are drawn in. */
  grid: VolumeGrid;
  /** Detection in wide field over this box; images with the same light path share its OTFs. */
  widefield(optics: RecipeOptics): Imager;
}

/** One specimen after another; what they share, such as PSFs, is made once. */
export interface ModeImager {
  /**
   * @param planes focal planes, um from the nominal one
   * @returns relative intensity of each exposure of the camera, `[planes, height, width]` of the whole box
   */
  expose(volume: Volume, planes: readonly number[], random: Random, control: ImagingControl): Promise<Float32Array[]>;
}

export interface ImagingMode<S extends z.ZodObject = z.ZodObject> {
  /** One line for help texts. */
  readonly summary: string;
  /** Keys beside `mode`, `optics` and `camera`. */
  readonly options: S;
  /** What the exposures of a plane are called. */
  readonly exposures: readonly string[];
  /** Finest period along z that the mode shows, um: decides how thin slices are. */
  axialPeriod(optics: RecipeOptics): number;
  /**
   * Bytes that it holds at a time beside the volume itself.
   * @param planes how many focal planes
   * @param distances how many distances there are between slices and planes, in slices
   */
  memory(grid: VolumeGrid, planes: number, distances: number): number;
  prepare(setup: ModeSetup, options: z.output<S>): ModeImager;
  /**
   * The image that is computed from the exposures, in counts; absent where the one exposure is the image.
   * @param counts of each exposure, above the camera's offset
   */
  combine?(counts: readonly Float32Array[]): Float32Array;
}
