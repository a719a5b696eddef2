import type { z } from "zod";
import type { inspect as task } from "../../tasks/inspect.ts";
import type { CommandText } from "../command.ts";
import { digits, indent, rescaleRows, sparkline, table } from "../text.ts";

type Result = z.output<typeof task.result>;

export const inspect: CommandText<Result> = {
  examples: [
    "parfocal inspect stack.tif",
    "parfocal inspect stack.tif --channel 1 --json",
    "parfocal inspect planes/ --pixel-size 0.325 --z-step 0.5",
    "parfocal inspect planes/ --pattern z{z}.png",
    "parfocal inspect frames.tif --axes ZYX",
  ],
  text(found) {
    const lines = [found.path, indent(table([...fileRows(found), ...focusRows(found)]))];
    if (found.warnings.length > 0) lines.push("", "Warnings", ...found.warnings.map(({ text }) => `  - ${text}`));
    if (found.axes.includes("C") && found.focus?.best_plane !== null) {
      lines.push("", `Focus is that of channel ${found.channel}; choose another with --channel.`);
    }
    return lines.join("\n");
  },
};

const axisNames: Record<string, string> = {
  S: "samples",
  T: "times",
  C: "channels",
  Z: "planes",
  Y: "high",
  X: "wide",
};

function fileRows(found: Result): string[][] {
  const { axes, shape, dtype, stored_type, z_step_um: zStep, optics, images, image, image_names: names } = found;
  const rows = [
    ...(images > 1 ? [["image", `${image} of ${images}, from 0${names?.[image] ? ` (${names[image]})` : ""}`]] : []),
    ["axes", `${axes}: ${shape.map((extent, i) => `${extent} ${axisNames[axes[i]]}`).join(", ")}`],
    ["type", stored_type === dtype ? dtype : `${stored_type}, read as ${dtype}`],
    ...rescaleRows(found.rescale, "counts mean"),
  ];
  if (found.planes && found.planes.length > 0) {
    const files = found.planes.map(({ file }) => String(file));
    rows.push(["files", files.length === 1 ? files[0] : `${files[0]} to ${files[files.length - 1]}`]);
    if (files.length > 1) rows.push(["", found.planes_rule ?? ""]);
  }
  found.channels.forEach(({ min, max }, c) => {
    const name = found.channel_names?.[c];
    const label = found.channels.length > 1 ? `channel ${c}` : "counts";
    const range = min === null || max === null ? "none that are finite" : `${digits(min, 6)} to ${digits(max, 6)}`;
    rows.push([label, `${range}${name ? ` (${name})` : ""}`]);
  });
  const [high, wide] = found.pixel_size_yx_um ?? [];
  const size = wide === high ? wide && digits(wide) : wide && high && `${digits(wide)} wide, ${digits(high)} high,`;
  rows.push(["pixel size", size ? `${size} um` : "not known"]);
  if (axes.includes("Z")) {
    const depth = shape[axes.indexOf("Z")];
    rows.push(["z step", zStep ? `${digits(zStep)} um, ${digits(zStep * (depth - 1))} um in all` : "not known"]);
  }
  if (found.z_positions_um) rows.push(["heights", `${found.z_positions_um.map((z) => digits(z)).join(", ")} um`]);
  const known = [
    optics.na && `NA ${digits(optics.na)}`,
    optics.wavelength_um && `${digits(optics.wavelength_um)} um`,
    optics.refractive_index && `n ${digits(optics.refractive_index)}`,
  ].filter(Boolean);
  rows.push(["optics", known.length > 0 ? known.join(", ") : "not known"]);
  return rows;
}

function focusRows({ z_step_um: zStep, focus, drift, channel_shifts: shifts }: Result): string[][] {
  const rows: string[][] = [];
  if (focus && focus.best_plane !== null && focus.best_position !== null) {
    const { best_plane: plane, best_position: position, extremum, confidence } = focus;
    const depth = zStep ? `, ${digits(position * zStep)} um above the first` : "";
    rows.push(["focus", sparkline(focus.curve.map((value) => value ?? Number.NaN))]);
    const how = extremum === "minimum" ? `the minimum of ${focus.measure} between two maxima` : focus.measure;
    rows.push(["sharpest", `plane ${plane} (${position.toFixed(2)}${depth}), by ${how}`]);
    rows.push(["", focus.reason]);
    rows.push(["confidence", `${(confidence ?? 0).toFixed(2)} probability of being right within one plane`]);
  }
  if (drift) {
    const [range, error] = [drift.range_px ?? Number.NaN, drift.standard_error_px ?? Number.NaN];
    const said = {
      drifted: `${range.toFixed(1)} pixels over the stack (standard error ${error.toFixed(1)})`,
      steady: `none found (${range.toFixed(1)} pixels; 2 would have been seen)`,
      unknown: "unknown: structure through focus can hide or imitate a drift",
    };
    rows.push(["drift", said[drift.finding]]);
  }
  for (const { channel, dx_px: dx, dy_px: dy, unregistered } of shifts) {
    const shift = unregistered ? `${dx.toFixed(1)} pixels in x, ${dy.toFixed(1)} in y from channel 0` : "none found";
    rows.push([`shift of ${channel}`, shift]);
  }
  return rows;
}
