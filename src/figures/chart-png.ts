/**
 * Charts as PNG, for papers, slides and chat: the SVG text of plots.ts, drawn by resvg in WebAssembly. All text is set in the one
 * font that is given, whatever the SVG asks for and the machine has, so that a chart looks the same everywhere.
 */
import { initWasm, Resvg, type ResvgRenderOptions } from "@resvg/resvg-wasm";
import { ParfocalError } from "../errors.ts";

/** Pixels of the PNG for each CSS pixel of the SVG. */
export const CHART_PNG_SCALE = 2;

export interface ChartPngParts {
  /** The module `@resvg/resvg-wasm/index_bg.wasm`. */
  wasm: BufferSource | WebAssembly.Module;
  /** A font file: TTF, OTF or WOFF2. */
  font: Uint8Array;
}

/** The chart as a PNG file, RGBA on opaque white. Throws `image.unfit` for what is no SVG, or has no size that can be drawn. */
export type ChartPng = (svg: string) => Uint8Array;

/** resvg starts once in a program, whoever starts it, and refuses a second time. */
let started: Promise<void> | undefined;

async function start(wasm: ChartPngParts["wasm"]): Promise<void> {
  try {
    await initWasm(wasm);
  } catch (cause) {
    if (/already initialized/i.test(messageOf(cause))) return;
    started = undefined;
    throw new ParfocalError(
      "runtime.unavailable",
      `resvg, which draws charts as PNG, does not start here (${messageOf(cause)}); charts are there as SVG.`,
      { runtime: "resvg", detail: messageOf(cause) },
      { cause },
    );
  }
}

/**
 * Makes ready to draw charts; a later call may bring another font, not another module.
 * @throws runtime.unavailable where the module does not start
 */
export async function openChartPng({ wasm, font }: ChartPngParts): Promise<ChartPng> {
  started ??= start(wasm);
  await started;
  const options: ResvgRenderOptions = {
    fitTo: { mode: "zoom", value: CHART_PNG_SCALE },
    // CSS backgrounds are not drawn, and black text on a dark chat window cannot be read.
    background: "white",
    font: { fontBuffers: [font] },
  };
  return (svg) => {
    try {
      const chart = new Resvg(svg, options);
      const picture = chart.render();
      const png = picture.asPng();
      picture.free();
      chart.free();
      return png;
    } catch (cause) {
      const detail = `A chart that cannot be drawn as PNG: ${messageOf(cause)}.`;
      throw new ParfocalError("image.unfit", detail, { detail }, { cause });
    }
  };
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
