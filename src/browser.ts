/**
 * The whole of Parfocal in a tab of a browser: what runs anywhere, files that the user chose, and worker threads.
 * @module
 */

export * from "./index.ts";
