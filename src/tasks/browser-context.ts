import { ParfocalError } from "../errors.ts";
import { memoryStorage } from "../image/memory-storage.ts";
import type { Storage } from "../image/storage.ts";
import { describeBrowser } from "../run/describe-browser.ts";
import { openWebRuntime } from "../run/web.ts";
import { openSimulationOnWebWorkers } from "../simulate/open-simulation-web.ts";
import type { TaskPlatform } from "./task.ts";

export interface BrowserContextOptions {
  /** Where tasks read and write; default an empty memory storage. `storageOfFiles` holds files that the user chose. */
  storage?: Storage | undefined;
  /**
   * Addresses of what draws pictures as PNG: `index_bg.wasm` of the package `@resvg/resvg-wasm`, and a font (TTF, OTF or
   * WOFF2). Only tasks that write pictures need them.
   */
  drawing?: { wasm: string | URL; font: string | URL } | undefined;
}

/** What tasks get of a browser: a storage, the web runtime in the calling thread, and worker threads. */
export function browserContext({ storage = memoryStorage(), drawing }: BrowserContextOptions = {}): TaskPlatform {
  return {
    storage,
    openRuntime: async ({ device = "auto", threads }) => {
      if (device === "cuda") {
        const detail = "browsers have no CUDA";
        throw new ParfocalError(
          "runtime.unavailable",
          `The web runtime cannot use cuda: ${detail}; choose webgpu or cpu.`,
          {
            runtime: "web",
            detail,
          },
        );
      }
      return openWebRuntime({ device: device === "auto" ? "cpu" : device, ...(threads !== undefined && { threads }) });
    },
    openSimulation: openSimulationOnWebWorkers,
    describeMachine: describeBrowser,
    async drawPng(svg, scale) {
      if (drawing === undefined) {
        const detail = "the addresses of its module and of a font were not given";
        const message = `Pictures as PNG cannot be drawn: ${detail}. Give \`drawing\` to browserContext, with \`wasm\` and \`font\`.`;
        throw new ParfocalError("runtime.unavailable", message, { runtime: "resvg", detail });
      }
      const [{ openSvgPng }, wasm, font] = await Promise.all([
        import("../figures/svg-png.ts"),
        bytesAt(drawing.wasm),
        bytesAt(drawing.font),
      ]);
      return (await openSvgPng({ wasm, font }))(svg, scale);
    },
  };
}

const read = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

/** The bytes at an address, which are fetched once. */
function bytesAt(address: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const url = String(address);
  const bytes = read.get(url) ?? fetchBytes(url);
  read.set(url, bytes);
  return bytes.catch((error: unknown) => {
    read.delete(url);
    throw error;
  });
}

async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url);
  if (response.ok) return new Uint8Array(await response.arrayBuffer());
  const detail = `the server answered ${response.status}`;
  throw new ParfocalError("file.missing", `${url} cannot be read: ${detail}.`, { path: url });
}
