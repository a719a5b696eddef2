/**
 * An image is plain data: a typed array, what its axes mean, and what its numbers mean in micrometres and counts.
 */

/** Pixel values as stored. 32-bit and 64-bit integers and float64 files are read as float32. */
export type PixelData = Uint8Array | Uint16Array | Float32Array;
export type PixelType = "uint8" | "uint16" | "float32";

/** The optics with which an image was recorded, as far as they are known. Lengths in micrometres. */
export interface Optics {
  /** Numerical aperture of the objective, 0 < na < refractiveIndex. */
  na?: number;
  /** Emission wavelength in vacuum, um. */
  wavelength?: number;
  /** Refractive index of the immersion medium (1 air, 1.333 water, 1.515 oil). */
  refractiveIndex?: number;
}

/** The meaning of rescaled counts: value = offset + scale * count. */
export interface Rescale {
  offset: number;
  /** > 0 */
  scale: number;
}

/** The quantities that plausible-calibration.ts checks. */
export type CalibrationQuantity = "pixel_size" | "z_step" | "wavelength" | "na" | "refractive_index";

/** A value in a file that no microscope has and that is therefore not used. */
export interface Implausible {
  quantity: CalibrationQuantity;
  /** The value in the file; lengths in um. */
  value: number;
  /** For the user: what is not used, why, what was probably meant, and what to give. */
  sentence: string;
}

/** Everything about an image except its pixels: what {@link Image} and an open file have in common. */
export interface ImageInfo {
  /**
   * Letters out of S, T, C, Z, Y, X in the order of `shape`; the last two are always "YX" (S, RGB samples, is refused
   * where grey is needed).
   */
  axes: string;
  /** Extent of each axis, as many numbers as `axes` has letters. */
  shape: readonly number[];
  dtype: PixelType;
  /** Lateral pixel size, um. */
  pixelSize?: { y: number; x: number };
  /** Distance between planes, um, > 0; z counts up into the sample. */
  zStep?: number;
  /** Height of each plane, um, if the file states it and the planes are not evenly spaced. Only differences matter. */
  zPositions?: readonly number[];
  /** Time between frames, s. */
  frameInterval?: number;
  channelNames?: readonly string[];
  /** Emission wavelength of each channel in vacuum, um; undefined if the file does not state it. */
  emissionWavelengths?: readonly (number | undefined)[];
  optics?: Optics;
  /** Calibration in the file that no microscope has. It is treated as unknown in the fields above. */
  implausible?: readonly Implausible[];
  /** Black and white of the display that the file was saved with, in counts. */
  displayRange?: readonly [number, number];
  /** The meaning of the counts, if the file states it. Readers return the counts as they are stored. */
  rescale?: Rescale;
  /** How the file stores its samples, if that is not `dtype`: "int16", "uint32", "float64". */
  storedType?: string;
  /** Names of all images of a file that holds several, such as positions of a stage; "" for one without a name. */
  images?: readonly string[];
  /** Index of this image among them, from 0. */
  image?: number;
  /** Warnings: what in the file contradicts itself, or was ignored. */
  warnings?: readonly string[];
}

/** An image in memory: row-major, the last axis fastest. */
export interface Image extends ImageInfo {
  data: PixelData;
}

/** One z-stack of one channel and time: float32 `[z, y, x]` in the counts of the file. */
export interface Stack {
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
  pixelSize?: { y: number; x: number };
  zStep?: number;
  optics?: Optics;
  /** The pixel type in the file; it gives the default data range of metrics and of written outputs. */
  dtype: PixelType;
}

/** A 2D grey image: float32 `[y, x]`. */
export interface Plane {
  data: Float32Array;
  height: number;
  width: number;
}

/** Plane `z` of a stack, sharing its memory. */
export function planeOf(stack: Stack, z: number): Plane {
  const { height, width } = stack;
  const size = height * width;
  return { data: stack.data.subarray(z * size, (z + 1) * size), height, width };
}
