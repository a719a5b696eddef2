/**
 * Everything that runs anywhere: in a browser, a worker, or Node. Each folder of the source is an entry of its own, such
 * as `parfocal/metrics`; this entry has the names of all of them. `parfocal/node` adds the file system and the native
 * runtime, and `parfocal/browser` what a tab of a browser has.
 * @module
 */

// Numbers and images.
export * from "./array/index.ts";
// Light, and methods that need no training.
export * from "./classical/index.ts";
// Errors and warnings.
export { type ErrorCode, type ErrorFields, ParfocalError } from "./errors.ts";
// Scores, drawings, and judging models.
export * from "./figures/index.ts";
// Networks as graphs, and executing them.
export * from "./graph/index.ts";
export * from "./image/index.ts";
export * from "./metrics/index.ts";
// Models, and simulated images to train and test them on.
export * from "./models/index.ts";
export * from "./optics/index.ts";
export { readYaml } from "./read-yaml.ts";
export * from "./run/index.ts";
export * from "./simulate/index.ts";
export * from "./study/index.ts";
// Everything that a user can ask for.
export * from "./tasks/index.ts";
// Training.
export * from "./train/index.ts";
export { version } from "./version.ts";
export type { Warning } from "./warning.ts";
