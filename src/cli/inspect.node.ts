/** `parfocal inspect`: what an image is, how sharp its planes are, and what may be wrong with it. */
import { FOCUS_MEASURES, type FocusMeasure, type Inspection, inspectImage } from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf } from "./option-values.ts";
import { digits, indent, rescaleRows, sparkline, table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

interface InspectOptions extends InputOptions {
  measure?: FocusMeasure;
}

export const inspect: Verb<InspectOptions> = {
  name: "inspect",
  arguments: "<image>",
  summary: "Say what an image is: axes, type, calibration, the sharpest plane, drift, and what may be wrong with it.",
  examples: [
    "parfocal inspect stack.tif",
    "parfocal inspect stack.tif --channel 1 --json",
    "parfocal inspect planes/ --pixel-size 0.325 --z-step 0.5",
    "parfocal inspect planes/ --pattern z{z}.png",
    "parfocal inspect frames.tif --axes ZYX",
  ],
  options(command) {
    addInputOptions(command);
    command.option(
      "--measure <name>",
      `focus measure: ${FOCUS_MEASURES.join(", ")} (default: by the light)`,
      oneOf(FOCUS_MEASURES),
    );
  },
  run: ([path], options, terminal) =>
    // Warnings are part of the result.
    withImages([path], { ...options, quiet: true }, async ([file]) => {
      const { channel, time, measure } = options;
      const onProgress = terminal.progress("planes read");
      const found = await inspectImage(file, { channel, time, measure, signal: terminal.signal, onProgress });
      return { json: describe(path, found), text: write(path, found) };
    }),
};

function describe(path: string, found: Inspection) {
  const { info, folder, channel, time, exposure, focus, alignment, faults, warnings } = found;
  const { axes, shape, dtype, pixelSize, zStep, zPositions, frameInterval, channelNames, optics, images } = info;
  const wavelength = info.emissionWavelengths?.[channel] ?? optics?.wavelength;
  return {
    path,
    images: images?.length ?? 1,
    image: info.image ?? 0,
    image_names: images ?? null,
    axes,
    shape,
    planes_rule: folder?.rule ?? null,
    planes_missing: folder?.missing ?? null,
    planes:
      folder?.planes.map(({ file, value, ...at }) => ({
        file,
        ...(axes.includes("C") && { channel: at.channel }),
        ...(axes.includes("T") && { time: at.time }),
        z: at.z,
        ...(value !== undefined && { value }),
      })) ?? null,
    dtype,
    stored_type: info.storedType ?? dtype,
    ...(info.rescale && { rescale: info.rescale }),
    pixel_size_um: pixelSize?.x ?? null,
    pixel_size_yx_um: pixelSize ? [pixelSize.y, pixelSize.x] : null,
    z_step_um: zStep ?? null,
    z_positions_um: zPositions ?? null,
    frame_interval_s: frameInterval ?? null,
    channel_names: channelNames ?? null,
    optics: {
      na: optics?.na ?? null,
      wavelength_um: wavelength ?? null,
      refractive_index: optics?.refractiveIndex ?? null,
    },
    channel,
    time,
    channels: exposure.map(({ min, max, atMin, atMax }) => ({ min, max, share_at_min: atMin, share_at_max: atMax })),
    focus: focus
      ? {
          measure: focus.measure,
          light: focus.light,
          reason: focus.reason,
          curve: focus.curve,
          best_plane: focus.best?.plane ?? null,
          best_position: focus.best?.position ?? null,
          at_end: focus.best?.atEnd ?? null,
          contrast: focus.best?.contrast ?? null,
          extremum: focus.best?.extremum ?? null,
          confidence: focus.best ? Math.round(focus.best.confidence * 1000) / 1000 : null,
        }
      : null,
    drift: alignment?.drift
      ? {
          // Nothing is claimed where structure through focus may hide or pretend as much.
          range_px: alignment.drift.told === "unknown" ? null : alignment.drift.range,
          standard_error_px: Number.isFinite(alignment.drift.standardError) ? alignment.drift.standardError : null,
          confidence: alignment.drift.confidence,
          drifted: alignment.drift.drifted,
          told: alignment.drift.told,
        }
      : null,
    channel_shifts: (alignment?.channelShifts ?? []).map((shift) => ({
      channel: shift.channel,
      dy_px: shift.dy,
      dx_px: shift.dx,
      quality: shift.quality,
      unregistered: shift.unregistered,
    })),
    faults: faults
      ? {
          duplicates: faults.duplicates,
          flashes: faults.flashes,
          blanks: faults.blanks,
          shuffled: faults.shuffled,
          likely_order: faults.likelyOrder ?? null,
          missing_after: faults.gaps,
        }
      : null,
    warnings,
  };
}

const axisNames: Record<string, string> = {
  S: "samples",
  T: "times",
  C: "channels",
  Z: "planes",
  Y: "high",
  X: "wide",
};

function write(path: string, found: Inspection): string {
  const { info, warnings } = found;
  const lines = [path, indent(table([...fileRows(found), ...focusRows(found)]))];
  if (warnings.length > 0) lines.push("", "Warnings", ...warnings.map((warning) => `  - ${warning}`));
  if (info.axes.includes("C") && found.focus?.best) {
    lines.push("", `Focus is that of channel ${found.channel}; choose another with --channel.`);
  }
  return lines.join("\n");
}

function fileRows({ info, folder, channel, exposure }: Inspection): string[][] {
  const { axes, shape, dtype, pixelSize, zStep, zPositions, optics, images, image = 0 } = info;
  const rows = [
    ...(images ? [["image", `${image} of ${images.length}, from 0${images[image] ? ` (${images[image]})` : ""}`]] : []),
    ["axes", `${axes}: ${shape.map((extent, i) => `${extent} ${axisNames[axes[i]]}`).join(", ")}`],
    ["type", info.storedType ? `${info.storedType}, read as ${dtype}` : dtype],
    ...rescaleRows(info.rescale, "counts mean"),
  ];
  if (folder) {
    const { rule, planes } = folder;
    rows.push([
      "files",
      planes.length === 1 ? planes[0].file : `${planes[0].file} to ${planes[planes.length - 1].file}`,
    ]);
    if (planes.length > 1) rows.push(["", rule]);
  }
  exposure.forEach(({ min, max }, c) => {
    const name = info.channelNames?.[c];
    const label = exposure.length > 1 ? `channel ${c}` : "counts";
    rows.push([label, `${digits(min, 6)} to ${digits(max, 6)}${name ? ` (${name})` : ""}`]);
  });
  const square = pixelSize && pixelSize.x === pixelSize.y;
  const size = square ? digits(pixelSize.x) : pixelSize && `${digits(pixelSize.x)} wide, ${digits(pixelSize.y)} high,`;
  rows.push(["pixel size", size ? `${size} um` : "not known"]);
  if (axes.includes("Z")) {
    const depth = shape[axes.indexOf("Z")];
    rows.push(["z step", zStep ? `${digits(zStep)} um, ${digits(zStep * (depth - 1))} um in all` : "not known"]);
  }
  if (zPositions) rows.push(["heights", `${zPositions.map((z) => digits(z)).join(", ")} um`]);
  const wavelength = info.emissionWavelengths?.[channel] ?? optics?.wavelength;
  const known = [
    optics?.na && `NA ${digits(optics.na)}`,
    wavelength && `${digits(wavelength)} um`,
    optics?.refractiveIndex && `n ${digits(optics.refractiveIndex)}`,
  ].filter(Boolean);
  rows.push(["optics", known.length > 0 ? known.join(", ") : "not known"]);
  return rows;
}

function focusRows({ info, focus, alignment }: Inspection): string[][] {
  const rows: string[][] = [];
  if (focus?.best) {
    const { plane, position, extremum, confidence } = focus.best;
    const depth = info.zStep ? `, ${digits(position * info.zStep)} um above the first` : "";
    rows.push(["focus", sparkline(focus.curve)]);
    const how = extremum === "minimum" ? `the minimum of ${focus.measure} between two maxima` : focus.measure;
    rows.push(["sharpest", `plane ${plane} (${position.toFixed(2)}${depth}), by ${how}`]);
    rows.push(["", focus.reason]);
    rows.push(["confidence", `${confidence.toFixed(2)} that this is right within one plane`]);
  }
  const drift = alignment?.drift;
  if (drift) {
    const said = {
      drifted: `${drift.range.toFixed(1)} pixels over the stack (standard error ${drift.standardError.toFixed(1)})`,
      steady: `none found (${drift.range.toFixed(1)} pixels; 2 would have been seen)`,
      unknown: "cannot be told from structure through focus",
    };
    rows.push(["drift", said[drift.told]]);
  }
  for (const { channel, dx, dy, unregistered } of alignment?.channelShifts ?? []) {
    const shift = unregistered ? `${dx.toFixed(1)} pixels in x, ${dy.toFixed(1)} in y from channel 0` : "none found";
    rows.push([`shift of ${channel}`, shift]);
  }
  return rows;
}
