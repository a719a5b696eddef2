/** A camera with its fixed pattern: the properties of its pixels that are the same in every exposure. */
import { Random } from "../../array/random.ts";
import { ParfocalError } from "../../errors.ts";
import type { CameraOptions } from "./camera-options.ts";

/** Maps are `[height, width]`. */
export interface Sensor {
  readonly height: number;
  readonly width: number;
  readonly options: CameraOptions;
  /** Share of the light that reaches a pixel, 0..1: vignetting. */
  readonly light: Float32Array;
  /** Counts per electron. */
  readonly gain: Float32Array;
  /** Counts without light. */
  readonly offset: Float32Array;
  /** Standard deviation of the read noise, electrons. */
  readonly readNoise: Float32Array;
  /** Mean charge without light, electrons; 0 except for hot pixels. */
  readonly dark: Float32Array;
  /** Indices y x width + x of the hot pixels, in rising order. */
  readonly hotPixels: readonly number[];
}

/**
 * Draws the fixed pattern of a sensor from its own seed. Gains and offsets are normal, read noise is log-normal about
 * `read_noise` (as measured on sCMOS sensors: Huang et al., Nat. Methods 10, 653, 2013), dark charge of hot pixels
 * exponential. The corners get 1 - vignetting of the light, everything between follows cos^4 of the angle to the axis.
 */
export function createSensor(options: CameraOptions, { height, width }: { height: number; width: number }): Sensor {
  const random = new Random(options.sensor_seed);
  const size = height * width;
  const map = (stream: number, of: (own: Random) => number): Float32Array => {
    const own = random.fork(stream);
    return Float32Array.from({ length: size }, () => of(own));
  };
  const { gain_spread: gainSpread, offset_spread: offsetSpread, read_noise_spread: readSpread } = options;
  const hot = random.fork(3);
  const dark = new Float32Array(size);
  const hotPixels: number[] = [];
  for (let i = 0; i < size && options.hot_pixels > 0; i++) {
    if (hot.uniform() >= options.hot_pixels) continue;
    dark[i] = -options.hot_pixel_electrons * Math.log(1 - hot.uniform());
    hotPixels.push(i);
  }
  return {
    height,
    width,
    options,
    light: vignette(options.vignetting, height, width),
    gain: map(0, (own) => options.gain * (gainSpread > 0 ? Math.max(0.05, 1 + gainSpread * own.normal()) : 1)),
    offset: map(1, (own) => options.offset + (offsetSpread > 0 ? offsetSpread * own.normal() : 0)),
    readNoise: map(2, (own) => options.read_noise * (readSpread > 0 ? Math.exp(readSpread * own.normal()) : 1)),
    dark,
    hotPixels,
  };
}

/** Mean counts of an ideal camera: offset + gain x (background + photons x intensity), never saturated. */
export function expectedCounts({ offset, gain, background, photons }: CameraOptions, intensity: number): number {
  return offset + gain * (background + photons * intensity);
}

/**
 * Records exposures: Poisson photons and dark charge, Gaussian read noise, gain, offset, whole counts, saturation.
 *
 * @param expected counts of an ideal camera ({@link expectedCounts}), `[exposures, height, width]`
 * @param counts receives whole numbers in 0..2^bit_depth - 1, as many as `expected`
 * @throws `usage` if `expected` is not a whole number of exposures
 */
export function exposeSensor(sensor: Sensor, expected: Float32Array, counts: Float32Array, random: Random): void {
  const { light, gain, offset, readNoise, dark, options } = sensor;
  const size = light.length;
  if (expected.length % size !== 0 || counts.length !== expected.length) {
    const message = `Camera: ${expected.length} pixels in, ${counts.length} out; expected exposures of ${sensor.height} x ${sensor.width}.`;
    throw new ParfocalError("usage", message, { got: expected.length, expected: `a multiple of ${size}` });
  }
  const largest = 2 ** options.bit_depth - 1;
  for (let start = 0; start < expected.length; start += size) {
    for (let i = 0; i < size; i++) {
      const photons = (expected[start + i] - options.offset) / options.gain;
      const electrons = random.poisson(photons * light[i] + dark[i]) + readNoise[i] * random.normal();
      counts[start + i] = Math.min(largest, Math.max(0, Math.round(offset[i] + gain[i] * electrons)));
    }
  }
}

/** cos^4 of the angle whose tangent grows with the distance from the centre, 1 - loss in the corners. */
function vignette(loss: number, height: number, width: number): Float32Array {
  const corner = Math.hypot((height - 1) / 2, (width - 1) / 2) || 1;
  // cos^4 = 1 / (1 + tan^2)^2
  const tangent2 = 1 / Math.sqrt(1 - loss) - 1;
  return Float32Array.from({ length: height * width }, (_, i) => {
    const r = Math.hypot(Math.floor(i / width) - (height - 1) / 2, (i % width) - (width - 1) / 2) / corner;
    return (1 + tangent2 * r * r) ** -2;
  });
}
