import { Random } from "../../src/array/random.ts";

/** Gaussian white noise with a deviation of 1. */
export function normalNoise(length: number, seed: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.normal());
}

/** A plane with Gaussian white noise of a standard deviation of `sigma` counts. */
export function withNoise<P extends { data: Float32Array }>(plane: P, sigma: number, seed: number): P {
  const random = new Random(seed);
  return { ...plane, data: plane.data.map((value) => value + sigma * random.normal()) };
}
