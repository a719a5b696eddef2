/**
 * Charts as SVG text, drawn by Observable Plot into the page's document where there is one, and into a small stand-in (linkedom)
 * elsewhere. Both are loaded with the first chart.
 */
import type * as Plot from "@observablehq/plot";
import { withMicroSign } from "./micro-sign.ts";

/** What all charts have in common: margins for labels on the left and below, axes without arrows, a grid. */
export const chartLook = {
  width: 640,
  height: 320,
  marginLeft: 64,
  marginRight: 24,
  marginTop: 36,
  marginBottom: 44,
} as const;

const lookOfText = { fontFamily: "system-ui, sans-serif", fontSize: "13px", background: "white", color: "#222" };
/** Of charts that are part of a drawing, whose PNG has a pixel for each unit. */
export const sheetText = { ...lookOfText, fontSize: "15px" };

/** @param options gives what is special of a chart, from the library that it is given */
export async function drawChart(options: (plot: typeof Plot) => Plot.PlotOptions): Promise<string> {
  const plot = await import("@observablehq/plot");
  const { x, y, ...own } = options(plot);
  const svg = plot.plot({
    ...chartLook,
    document: await someDocument(),
    style: lookOfText,
    ...own,
    x: { labelAnchor: "center", labelArrow: "none", grid: true, nice: false, ...x },
    y: { labelArrow: "none", grid: true, nice: true, ...y },
  });
  svg.setAttribute("xmlns", "http://www.w3.org/2000/svg");
  return withMicroSign(svg.outerHTML);
}

/** The page's own document, or one that lives in memory. */
async function someDocument(): Promise<NonNullable<Plot.PlotOptions["document"]>> {
  if ("document" in globalThis) return Reflect.get(globalThis, "document");
  const { parseHTML } = await import("linkedom");
  return parseHTML("<!doctype html><html><body></body></html>").document;
}
