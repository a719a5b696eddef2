/**
 * The whole of Parfocal in a tab of a browser: what runs anywhere, the worker threads of a browser, and what tasks need
 * there.
 * @module
 */

export * from "./index.ts";

// Worker threads. Bundlers find their scripts, which stay files of their own.
export { openSuperposePoolWeb } from "./optics/imaging/superpose-pool-web.ts";
// What this machine can do, and what tasks get of a browser.
export { describeBrowser } from "./run/describe-browser.ts";
export { openSimulationOnWebWorkers } from "./simulate/open-simulation-web.ts";
export { type BrowserContextOptions, browserContext } from "./tasks/browser-context.ts";
