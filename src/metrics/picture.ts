import type { Samples } from "../array/statistics.ts";

/** A grey image of any number type, `[y, x]`, finite; a `Plane` is one. */
export interface Picture {
  data: Samples | Float64Array;
  height: number;
  width: number;
}
