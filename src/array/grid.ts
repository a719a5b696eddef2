export type FloatArray = Float32Array | Float64Array;

/** A 2D grid of numbers, `[y, x]`, row-major; a `Plane` is one of float32. */
export interface Grid<A extends FloatArray = Float32Array> {
  data: A;
  height: number;
  width: number;
}
