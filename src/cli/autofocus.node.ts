/** `parfocal autofocus`: where the focus lies, of the whole field and region by region. */
import {
  autofocusFile,
  checkOutput,
  type DefocusEstimate,
  type DefocusMap,
  type DefocusPicture,
  defocusSheet,
  FOCUS_MEASURES,
  type FocusEstimate,
  type FocusMeasure,
  focusMapOfFile,
  hasFocus,
  type ImageFile,
  leastContent,
  loadModel,
  modelFor,
  openRuntime,
  ParfocalError,
  svgPng,
  withOutputSet,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf, wholeNumber } from "./option-values.ts";
import { deviceOf } from "./refocus.node.ts";
import type { Terminal } from "./terminal.node.ts";
import { digits, sparkline, table } from "./text.ts";
import type { CommonOptions, Verb } from "./verb.node.ts";

interface AutofocusOptions extends InputOptions, CommonOptions {
  model?: string;
  out?: string;
  sheet?: string;
  force?: boolean;
  method?: FocusMeasure;
  tile?: number;
}

/** Below this a region has no estimate of its own. */
const leastConfidence = 0.5;

export const autofocus: Verb<AutofocusOptions> = {
  name: "autofocus",
  arguments: "<image>",
  summary:
    "Say where the focus is, as a whole and region by region: of a z-stack, or of single images by a trained model.",
  notes: [
    "Without a model: distances are um from the first plane, between planes where the curve's peak says so. Regions without signal or without a",
    "clear peak have no estimate. Confidence is the chance that the focus is right within one plane. In transmitted light band_contrast is",
    "taken, and of its two maxima the minimum between; on in-line holograms try wavelet_ratio or spectral_slope.",
    "With a model, every plane is judged by itself: z(plane) - z(focus), um, for each cell of 32 pixels of the model's size, with the",
    "probability that the sign is right; cells in which nothing is to be focused have no estimate.",
  ],
  examples: [
    "parfocal autofocus stack.tif --channel 1 --tile 16",
    "parfocal autofocus stack.tif --channel 1 --tile 16 --method brenner --json",
    "parfocal autofocus stack.tif --channel 1 --model runs/autofocus/version_0 -o defocus.tif --json",
    "parfocal autofocus stack.tif --channel 1 --model runs/autofocus/version_0 --sheet defocus.png",
  ],
  uses: ["device", "threads"],
  options(command) {
    addInputOptions(command);
    command
      .option("--model <folder>", "what parfocal train --task autofocus wrote")
      .option("-o, --out <image>", "with a model: map of distances, um, float32, a pixel for each cell, NaN for none")
      .option("--sheet <png>", "with a model: a picture of the image and of the map, in colours")
      .option("--force", "replace an output that exists")
      .option(
        "--method <name>",
        `focus measure: ${FOCUS_MEASURES.join(", ")} (default: by the light)`,
        oneOf(FOCUS_MEASURES),
      )
      .option("--tile <pixels>", "edge of a region; regions overlap by half (default: 64)", wholeNumber(3));
  },
  run: ([path], options, terminal) =>
    withImages([path], options, async ([file]) => {
      if (options.model !== undefined) return byModel(file, options.model, options, terminal);
      for (const option of ["out", "sheet"] as const) {
        const got = options[option];
        if (got === undefined) continue;
        const message = "Without --model nothing is written; fuse writes the depth map of a stack.";
        throw new ParfocalError("usage", message, { option: `--${option}`, got, expected: "--model as well" });
      }
      const { channel, time, method: measure, tile } = options;
      const { signal } = terminal;
      const onProgress = terminal.progress("planes read");
      const found = await focusMapOfFile(file, { channel, time, measure, tile, signal, onProgress });
      const { whole, regions, zStep } = found;
      const there = hasFocus(whole);
      const none = whole.features ? "no plane shows more than noise" : "all planes are equally sharp";
      const um = ({ position }: FocusEstimate) => Math.round(position * zStep * 1e4) / 1e4;
      const sure = (estimate: FocusEstimate) => estimate.confidence >= leastConfidence;
      const rounded = (value: number) => Math.round(value * 1000) / 1000;
      const heights = regions.map((row) => row.map((one) => (sure(one) ? um(one) : null)));
      const known = heights.flat().filter((height) => height !== null);
      const spread = known.length > 0 ? [Math.min(...known), Math.max(...known)] : [];
      const warnings = !there
        ? [`The stack has no focus: ${none}.`]
        : whole.atEnd
          ? [`The sharpest plane is the ${whole.plane === 0 ? "first" : "last"}: the focus may lie outside the stack.`]
          : [];
      return {
        json: {
          method: found.measure,
          light: found.light,
          reason: found.reason,
          // A flat curve has no focus.
          defocus_um: there ? um(whole) : null,
          best_plane: there ? whole.plane : null,
          best_position: there ? whole.position : null,
          at_end: there ? whole.atEnd : null,
          extremum: there ? whole.extremum : null,
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
          warnings,
        },
        text: table([
          ["curve", sparkline(whole.curve)],
          [
            "focus",
            there
              ? `${digits(um(whole))} um above the first plane (plane ${whole.position.toFixed(2)}), by ${whole.extremum === "minimum" ? `the minimum of ${found.measure} between two maxima` : found.measure}`
              : `none: ${none}`,
          ],
          ...(there
            ? [
                ["", found.reason],
                ["confidence", `${whole.confidence.toFixed(2)} that this is right within one plane`],
              ]
            : []),
          [
            "regions",
            `${known.length} of ${heights.flat().length} of ${found.tile} pixels have a focus of their own${known.length > 0 ? `, ${digits(spread[0])} to ${digits(spread[1])} um` : ""}`,
          ],
          ...heights.map((row) => [
            "",
            row.map((height) => (height === null ? "-" : digits(height, 3)).padStart(6)).join(" "),
          ]),
        ]),
        warnings,
      };
    }),
};

const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits));

/** Every plane by itself, by a model. */
async function byModel(file: ImageFile, path: string, options: AutofocusOptions, terminal: Terminal) {
  const { channel, time, out: output, force, method, sheet } = options;
  if (method !== undefined) {
    const message = "--method is a focus measure of a z-stack; a model needs none.";
    throw new ParfocalError("usage", message, { option: "--method", got: method, expected: "no --model" });
  }
  const model = modelFor(await loadModel(path), "autofocus");
  const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
  try {
    const onProgress = terminal.progress("planes judged");
    const settings = { channel, time, output, force, signal: terminal.signal, onProgress };
    if (sheet !== undefined) await checkSheet(sheet, force);
    const { planes, warnings, seconds } = await withOutputSet({ force }, async (outputs) => {
      const found = await autofocusFile(model, runtime, file, { ...settings, outputs });
      if (sheet === undefined) return found;
      const pictures = await picturesOf(file, found.planes, { channel, time });
      const reach = Math.max(...model.info.distance_range.map(Math.abs));
      await outputs.write(sheet, await svgPng(defocusSheet(pictures, { reach, pixelSize: file.pixelSize?.x })));
      return found;
    });
    const has = ({ content }: DefocusEstimate) => content >= leastContent;
    const jsonOf = ({ whole, y, x, cells }: (typeof planes)[number]) => ({
      defocus_um: whole ? rounded(whole.defocus) : null,
      confidence: whole ? rounded(whole.content) : 0,
      spread_um: whole ? rounded(whole.spread) : null,
      direction_confidence: whole ? rounded(whole.directionConfidence) : null,
      map: {
        y_px: y,
        x_px: x,
        defocus_um: cells.map((row) => row.map((one) => (has(one) ? rounded(one.defocus) : null))),
        direction_confidence: cells.map((row) =>
          row.map((one) => (has(one) ? rounded(one.directionConfidence) : null)),
        ),
        confidence: cells.map((row) => row.map((one) => rounded(one.content))),
      },
    });
    const all = planes.map(jsonOf);
    const said = ({ whole, cells }: (typeof planes)[number]): string => {
      if (!whole) return "nothing to be focused";
      const sign = whole.directionConfidence < 0.75 ? "+-" : whole.defocus < 0 ? "" : "+";
      const size = sign === "+-" ? Math.abs(whole.defocus) : whole.defocus;
      const known = cells.flat().filter(has).length;
      return `${sign}${digits(size, 3)} um from focus, direction ${(100 * whole.directionConfidence).toFixed(0)} % sure, from ${known} of ${cells.flat().length} cells`;
    };
    return {
      json: { ...all[0], planes: all, output: output ?? null, sheet: sheet ?? null, seconds: rounded(seconds) },
      text: table([
        ...planes.map((plane, z): [string, string] => [planes.length > 1 ? `plane ${z}` : "image", said(plane)]),
        ...(output === undefined ? [] : [["map", output] as [string, string]]),
        ...(sheet === undefined ? [] : [["sheet", sheet] as [string, string]]),
        ["took", `${seconds.toFixed(1)} s`],
      ]),
      warnings,
    };
  } finally {
    await runtime.close();
  }
}

async function checkSheet(sheet: string, force: boolean | undefined): Promise<void> {
  if (/\.png$/i.test(sheet)) return checkOutput(sheet, force);
  const message = `--sheet is written as PNG; got ${sheet}, give a name that ends in .png.`;
  throw new ParfocalError("usage", message, { option: "--sheet", got: sheet, expected: "a name that ends in .png" });
}

/** Planes that are drawn of a stack, evenly spread. */
const mostDrawn = 8;

async function picturesOf(
  file: ImageFile,
  maps: readonly DefocusMap[],
  { channel = 0, time = 0 }: { channel?: number | undefined; time?: number | undefined },
): Promise<DefocusPicture[]> {
  const [height, width] = file.shape.slice(-2);
  const count = Math.min(maps.length, mostDrawn);
  const chosen = Array.from({ length: count }, (_, i) => Math.round((i * (maps.length - 1)) / Math.max(1, count - 1)));
  const pictures: DefocusPicture[] = [];
  for (const z of chosen) {
    const data = Float32Array.from(await file.readPlane({ channel, time, z }));
    const label = maps.length > 1 ? `plane ${z}` : "";
    pictures.push({ label, image: { data, height, width }, map: maps[z] });
  }
  return pictures;
}
