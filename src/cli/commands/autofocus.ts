import type { z } from "zod";
import type { autofocus as task } from "../../tasks/autofocus.ts";
import type { CommandText } from "../command.ts";
import { digits, sparkline, table } from "../text.ts";

type Result = z.output<typeof task.result>;
type Plane = NonNullable<Result["planes"]>[number];

export const autofocus: CommandText<Result> = {
  notes: [
    "Without a model: distances are um from the first plane, between planes where the curve's peak says so. Regions without signal or without a clear peak have no estimate. Confidence is the probability that the focus is right within one plane. In transmitted light band_contrast is used, and the minimum between its two maxima; on in-line holograms try wavelet_ratio or spectral_slope.",
    "With a model, every plane is judged by itself: z(plane) - z(focus), um, for each cell of 32 pixels of the model's size, with the probability that the sign is right; cells without structure have no estimate.",
  ],
  examples: [
    "parfocal autofocus stack.tif --channel 1 --tile 16",
    "parfocal autofocus stack.tif --channel 1 --tile 16 --method brenner --json",
    "parfocal autofocus stack.tif --channel 1 --model runs/autofocus/version_0 -o defocus.tif --json",
    "parfocal autofocus stack.tif --channel 1 --model runs/autofocus/version_0 --sheet defocus.png",
  ],
  text: (found) => (found.planes === undefined ? ofStack(found) : byModel(found, found.planes)),
};

function ofStack({ curve = [], defocus_um: um, best_position: position, extremum, method, ...found }: Result): string {
  const heights = found.map.defocus_um;
  const known = heights.flat().filter((height) => height !== null);
  const span = known.length > 0 ? `, ${digits(Math.min(...known))} to ${digits(Math.max(...known))} um` : "";
  const how = extremum === "minimum" ? `the minimum of ${method} between two maxima` : method;
  const there = um !== null && typeof position === "number";
  return table([
    ["curve", sparkline(curve)],
    [
      "focus",
      there
        ? `${digits(um)} um above the first plane (plane ${position.toFixed(2)}), by ${how}`
        : `none: ${found.no_focus}`,
    ],
    ...(there
      ? [
          ["", found.reason ?? ""],
          ["confidence", `${found.confidence.toFixed(2)} that this is right within one plane`],
        ]
      : []),
    [
      "regions",
      `${known.length} of ${heights.flat().length} of ${found.map.tile_px} pixels have a focus of their own${span}`,
    ],
    ...heights.map((row) => [
      "",
      row.map((height) => (height === null ? "-" : digits(height, 3)).padStart(6)).join(" "),
    ]),
  ]);
}

function byModel({ output, sheet, seconds = 0 }: Result, planes: readonly Plane[]): string {
  return table([
    ...planes.map((plane, z) => [planes.length > 1 ? `plane ${z}` : "image", inWords(plane)]),
    ...(output ? [["map", output]] : []),
    ...(sheet ? [["sheet", sheet]] : []),
    ["took", `${seconds.toFixed(1)} s`],
  ]);
}

function inWords({ defocus_um: defocus, direction_confidence: sure, map }: Plane): string {
  if (defocus === null || sure === null) return "nothing to be focused";
  const sign = sure < 0.75 ? "+-" : defocus < 0 ? "" : "+";
  const size = sign === "+-" ? Math.abs(defocus) : defocus;
  const cells = map.defocus_um.flat();
  const known = cells.filter((cell) => cell !== null).length;
  return `${sign}${digits(size, 3)} um from focus, direction ${(100 * sure).toFixed(0)} % sure, from ${known} of ${cells.length} cells`;
}
