/** `parfocal autofocus`: where the focus lies, of the whole field and region by region. */
import { FOCUS_MEASURES, type FocusEstimate, type FocusMeasure, focusMapOfFile } from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf, wholeNumber } from "./option-values.ts";
import { digits, sparkline, table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

interface AutofocusOptions extends InputOptions {
  method?: FocusMeasure;
  tile?: number;
}

/** Below this a region has no estimate of its own. */
const leastConfidence = 0.5;

export const autofocus: Verb<AutofocusOptions> = {
  name: "autofocus",
  arguments: "<stack>",
  summary: "Say at which height a z-stack is in focus, as a whole and region by region.",
  notes: [
    "Distances are um from the first plane, between planes where the curve's peak says so. Regions without signal or without a",
    "clear peak have no estimate. Where contrast comes from phase, try wavelet_ratio or spectral_slope.",
  ],
  examples: [
    "parfocal autofocus stack.tif --channel 1 --tile 16",
    "parfocal autofocus stack.tif --channel 1 --tile 16 --method brenner --json",
  ],
  options(command) {
    addInputOptions(command);
    command
      .option(
        "--method <name>",
        `focus measure: ${FOCUS_MEASURES.join(", ")} (default: tenengrad)`,
        oneOf(FOCUS_MEASURES),
      )
      .option("--tile <pixels>", "edge of a region; regions overlap by half (default: 64)", wholeNumber(3));
  },
  run: ([path], options, terminal) =>
    withImages([path], options, async ([file]) => {
      const { channel, time, method: measure, tile } = options;
      const { signal } = terminal;
      const onProgress = terminal.progress("planes read");
      const found = await focusMapOfFile(file, { channel, time, measure, tile, signal, onProgress });
      const { whole, regions, zStep } = found;
      const um = ({ position }: FocusEstimate) => Math.round(position * zStep * 1e4) / 1e4;
      const sure = (estimate: FocusEstimate) => estimate.confidence >= leastConfidence;
      const rounded = (value: number) => Math.round(value * 1000) / 1000;
      const heights = regions.map((row) => row.map((one) => (sure(one) ? um(one) : null)));
      const known = heights.flat().filter((height) => height !== null);
      const spread = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [];
      return {
        json: {
          method: found.measure,
          defocus_um: um(whole),
          best_plane: whole.plane,
          best_position: whole.position,
          at_end: whole.atEnd,
          confidence: rounded(whole.confidence),
          // A stack has planes on both sides: there is no direction to guess.
          direction_confidence: null,
          curve: whole.curve,
          map: {
            tile_px: found.tile,
            y_px: found.y,
            x_px: found.x,
            defocus_um: heights,
            confidence: regions.map((row) => row.map((one) => rounded(one.confidence))),
          },
        },
        text: table([
          ["curve", sparkline(whole.curve)],
          [
            "focus",
            `${digits(um(whole))} um above the first plane (plane ${whole.position.toFixed(2)}), by ${found.measure}`,
          ],
          ["confidence", whole.confidence.toFixed(2)],
          [
            "regions",
            `${known.length} of ${heights.flat().length} of ${found.tile} pixels have a focus of their own${known.length > 0 ? `, ${digits(spread[0])} to ${digits(spread[1])} um` : ""}`,
          ],
          ...heights.map((row) => [
            "",
            row.map((height) => (height === null ? "-" : digits(height, 3)).padStart(6)).join(" "),
          ]),
        ]),
        warnings: whole.atEnd
          ? [`The sharpest plane is the ${whole.plane === 0 ? "first" : "last"}: the focus may lie outside the stack.`]
          : [],
      };
    }),
};
