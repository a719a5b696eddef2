import type { Value } from "../value.ts";

/** Repeats every pixel of `[n, c, ...spatial]` by a whole factor per spatial axis. */
export const upsampleNearest = (x: Value, factors: readonly number[]): Value =>
  x.graph.add("Resize", [x], { mode: "nearest", scales: [1, 1, ...factors] });
/** Interpolates linearly between pixel centres by a whole factor per spatial axis. */
export const upsampleLinear = (x: Value, factors: readonly number[]): Value =>
  x.graph.add("Resize", [x], { mode: "linear", scales: [1, 1, ...factors] });
