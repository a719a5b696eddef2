/**
 * Drawings and charts as PNG, for papers, slides and chat: SVG text, drawn by resvg in WebAssembly. All text is set in the one
 * font that is given, whatever the SVG asks for and the machine has, so that a drawing looks the same everywhere.
 */
import { initWasm, Resvg, type ResvgRenderOptions } from "@resvg/resvg-wasm";
import { encode } from "fast-png";
import { ParfocalError } from "../errors.ts";

/** Pixels of a chart's PNG for each of its units. Drawings with pictures take 1: their pixels are to be seen as they are. */
export const chartScale = 2;

export interface SvgPngParts {
  /** The module `@resvg/resvg-wasm/index_bg.wasm`. */
  wasm: BufferSource | WebAssembly.Module;
  /** A font file: TTF, OTF or WOFF2. */
  font: Uint8Array;
}

/**
 * The drawing as a PNG file, on white, 8-bit grey or RGB, with so many pixels for each unit of the SVG (default 1). Throws `image.unfit`
 * for what is no SVG, or has no size that can be drawn.
 */
export type SvgPng = (svg: string, scale?: number) => Uint8Array;

/** resvg starts once in a program, whoever starts it, and refuses a second time. */
let started: Promise<void> | undefined;

async function start(wasm: SvgPngParts["wasm"]): Promise<void> {
  try {
    await initWasm(wasm);
  } catch (cause) {
    if (/already initialized/i.test(messageOf(cause))) return;
    started = undefined;
    throw new ParfocalError(
      "runtime.unavailable",
      `resvg, which draws SVG as PNG, does not start here (${messageOf(cause)}); charts are there as SVG.`,
      { runtime: "resvg", detail: messageOf(cause) },
      { cause },
    );
  }
}

/**
 * Prepares drawing SVG as PNG; a later call may bring another font, not another module.
 * @throws runtime.unavailable where the module does not start
 */
export async function openSvgPng({ wasm, font }: SvgPngParts): Promise<SvgPng> {
  started ??= start(wasm);
  await started;
  return (svg, scale = 1) => {
    const options: ResvgRenderOptions = {
      fitTo: { mode: "zoom", value: scale },
      // CSS backgrounds are not drawn, and black text on a dark chat window cannot be read.
      background: "white",
      font: { fontBuffers: [font] },
      // resvg knows `image-rendering: pixelated` only as this: enlarged pictures keep their pixels.
      imageRendering: 1,
    };
    try {
      const drawing = new Resvg(svg, options);
      const picture = drawing.render();
      const png = encodeOpaque(picture.pixels, picture.width, picture.height);
      picture.free();
      drawing.free();
      return png;
    } catch (cause) {
      const detail = `A drawing that cannot be made a PNG: ${messageOf(cause)}.`;
      throw new ParfocalError("image.unfit", detail, { detail }, { cause });
    }
  };
}

/** `[y, x, rgba]`, of which nothing is transparent. resvg would write four channels, in files larger by two thirds. */
function encodeOpaque(rgba: Uint8Array, width: number, height: number): Uint8Array {
  let grey = true;
  for (let i = 0; grey && i < rgba.length; i += 4) grey = rgba[i] === rgba[i + 1] && rgba[i] === rgba[i + 2];
  const channels = grey ? 1 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, to = 0; i < rgba.length; i += 4) for (let c = 0; c < channels; c++) data[to++] = rgba[i + c];
  return encode({ width, height, data, channels, depth: 8 });
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
