import type { z } from "zod";
import type { autofocus as task } from "../../tasks/autofocus.ts";
import type { CommandText } from "../command.ts";
import { digits, sparkline, table } from "../text.ts";

type Result = z.output<typeof task.result>;
type Plane = NonNullable<Result["planes"]>[number];

export const autofocus: CommandText<Result> = {
  notes: [
    "Without a model, the focus of a z-stack is the maximum of a focus measure, interpolated between planes. It is given in um from the first plane. Regions without signal or without a clear maximum have no estimate. Confidence is the probability that the focus is right within one plane. In transmitted light, the measure is band_contrast, and the focus is the minimum between its two maxima. For in-line holograms, try wavelet_ratio or spectral_slope.",
    "With a model, the defocus z(plane) - z(focus) is estimated in um from each plane by itself, for every cell of 32 x 32 pixels (of the pixel size of the model), with the probability that its sign is right. Cells without structure have no estimate.",
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
          ["confidence", `${found.confidence.toFixed(2)} probability of being right within one plane`],
        ]
      : []),
    [
      "regions",
      `${known.length} of ${heights.flat().length} of ${found.map.tile_px} pixels have an estimate of the focus${span}`,
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

function inWords({ defocus_um: defocus, direction_confidence: direction, map }: Plane): string {
  if (defocus === null || direction === null) return "no structure to focus on";
  const sign = direction < 0.75 ? "+-" : defocus < 0 ? "" : "+";
  const size = sign === "+-" ? Math.abs(defocus) : defocus;
  const cells = map.defocus_um.flat();
  const known = cells.filter((cell) => cell !== null).length;
  return `${sign}${digits(size, 3)} um from focus, direction right with ${(100 * direction).toFixed(0)} % probability, from ${known} of ${cells.length} cells`;
}
