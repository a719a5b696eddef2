/** Describes an image file, how sharp its planes are, and what may be wrong with it. */

import { findNonFinite } from "../array/statistics.ts";
import { chooseMeasure } from "../classical/focus/choose-measure.ts";
import { type FocusMeasure, focusOf } from "../classical/focus/focus.ts";
import { signalOf } from "../classical/focus/focus-map.ts";
import type { Light } from "../classical/focus/light.ts";
import { cautious, hasFocus, type LocatedFocus, locateFocus } from "../classical/focus/locate-focus.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { throwIfAborted } from "../errors.ts";
import { checkIndex, extentOf } from "../image/axes.ts";
import type { FolderOrder } from "../image/folder-order.ts";
import type { ImageInfo } from "../image/image.ts";
import type { ImageFile } from "../image/image-file.ts";
import { levelWarnings } from "../image/level-warnings.ts";
import { pixelName } from "../image/pixel-place.ts";
import { type Warning, type WarningCode, warningsOf } from "../warning.ts";
import { type Alignment, alignmentWarnings, createAlignmentMeter } from "./alignment.ts";
import { calibrationWarnings } from "./calibration-warnings.ts";
import { createExposureMeter, type Exposure, type ExposureMeter, exposureWarnings } from "./exposure.ts";
import { createStackFaultMeter, type StackFaults, stackFaultWarnings } from "./stack-faults.ts";

export interface InspectOptions {
  /** The channel whose focus is measured; the first by default. */
  channel?: number | undefined;
  time?: number | undefined;
  measure?: FocusMeasure | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the number of planes that have been read. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface Focus {
  measure: FocusMeasure;
  /** The kind of light, inferred from the grey levels. */
  light: Light;
  /** A sentence that says why this measure was chosen. */
  reason: string;
  /** One value for each plane, in order. */
  curve: number[];
  /**
   * Undefined where there is no focus to be found: for a single plane, and for planes that are constant, identical, or
   * pure noise.
   */
  best?: LocatedFocus;
}

export interface Inspection {
  info: ImageInfo;
  /** The channel and time of `focus`. */
  channel: number;
  time: number;
  /** Exposure of every channel at that time. */
  exposure: Exposure[];
  /** Undefined for colour, for pixels that are not finite, and for planes smaller than 3 x 3. */
  focus?: Focus;
  /** Undefined where `focus` is. */
  alignment?: Alignment;
  /** Faults in the channel and time of `focus`; undefined where `focus` is, and for a single plane. */
  faults?: StackFaults;
  /** The order of the files, where the image is a folder of planes. */
  folder?: FolderOrder;
  /** Sentences for the user. */
  warnings: Warning[];
}

/**
 * Reads every plane of one time once, of all channels, and keeps no more than 64 planes of 1024 x 1024 pixels.
 * @throws usage for a channel or time that the image does not have, interrupted, and what
 * {@link ImageFile.readPlane} throws
 */
export async function inspectImage(file: ImageFile, options: InspectOptions = {}): Promise<Inspection> {
  const { path, folder, readPlane: _read, close: _close, seen: _seen, ...info } = file;
  const channels = extentOf(file, "C");
  const depth = extentOf(file, "Z");
  const channel = checkIndex(file, "channel", options.channel ?? 0, path);
  const time = checkIndex(file, "time", options.time ?? 0, path);
  const known = { info, ...(folder && { folder }) };
  const warnings = [
    ...warningsOf("file_names", folder?.warnings ?? []),
    ...warningsOf("file_description", info.warnings ?? []),
    ...calibrationWarnings(info),
  ];
  if (info.axes.includes("S")) {
    const samples = extentOf(info, "S");
    warnings.push({
      code: "colour",
      text: `This is a colour image with ${samples} samples per pixel, but focus is measured on grey images. Split it first (ImageJ: Image > Color > Split Channels).`,
    });
    return { ...known, channel, time, exposure: [], warnings };
  }

  const large = extentOf(file, "Y") >= 3 && extentOf(file, "X") >= 3;
  const meters: ExposureMeter[] = Array.from({ length: channels }, createExposureMeter);
  const firstBad: (string | undefined)[] = [];
  const curve: number[] = [];
  const signal: number[] = [];
  const chosen = large
    ? await chooseMeasure(file, { channel, time, measure: options.measure, signal: options.signal })
    : undefined;
  const height = extentOf(file, "Y");
  const width = extentOf(file, "X");
  const alignmentMeter = createAlignmentMeter({ depth, height, width, channels, channel });
  const faultMeter = createStackFaultMeter();
  for (let z = 0; z < depth; z++) {
    for (const [c, meter] of meters.entries()) {
      throwIfAborted(options.signal);
      const data = await file.readPlane({ channel: c, time, z });
      const clean = meter.add(data) === 0;
      if (!clean) firstBad[c] ??= pixelName(findNonFinite(data), { path, width, ...(depth > 1 && { z }) });
      alignmentMeter.add({ z, channel: c, data });
      if (c === channel && chosen && clean) {
        const plane = { data, height, width };
        const noise = noiseLevel(plane);
        curve.push(focusOf(plane, chosen.measure));
        signal.push(signalOf(plane, noise));
        faultMeter.add(plane, noise);
      }
      options.onProgress?.({ done: z * channels + c + 1, total: depth * channels });
    }
  }

  const exposure = meters.map((meter) => meter.result());
  for (const one of exposure) warnings.push(...warningsOf("grey_levels", levelWarnings(file, one)));
  exposure.forEach((one, c) => {
    warnings.push(...exposureWarnings(one, info.dtype, channels > 1 ? `Channel ${c}` : "Pixels", firstBad[c]));
  });
  if (!chosen || exposure.some(({ notFinite }) => notFinite > 0))
    return { ...known, channel, time, exposure, warnings };
  const focus: Focus = { ...chosen, curve };
  if (depth > 1 && exposure[channel].min === exposure[channel].max) {
    warnings.push({ code: "empty", text: "All pixels of the stack have the same value, so it has no focus." });
  } else if (depth > 1) {
    const located = locateFocus(curve, signal, chosen.measure);
    const best = { ...located, confidence: cautious(located, signal) };
    if (hasFocus(best)) focus.best = best;
    warnings.push(...focusWarnings(best, depth));
  }
  const alignment = alignmentMeter.result();
  warnings.push(...alignmentWarnings(alignment));
  if (depth < 2) return { ...known, channel, time, exposure, focus, alignment, warnings };
  const faults = faultMeter.result();
  warnings.push(...stackFaultWarnings(faults));
  return { ...known, channel, time, exposure, focus, alignment, faults, warnings };
}

/** Below this confidence a focus should not be relied on. */
const minConfidence = 0.5;

function focusWarnings({ plane, atEnd, contrast, confidence, features }: LocatedFocus, depth: number): Warning[] {
  const one = (code: WarningCode, text: string): Warning[] => warningsOf(code, [text]);
  if (!features) return one("no_focus", "All planes are equally sharp, so no focus can be found.");
  if (confidence === 0) return one("no_focus", "The planes contain only noise, so no focus can be found.");
  if (contrast < 1.05) {
    const text = `All planes are about equally sharp (the sharpest has ${contrast.toFixed(3)} times the median sharpness), so the best plane is not reliable.`;
    return one("uncertain_focus", text);
  }
  if (atEnd) {
    const end = plane === 0 ? "first" : "last";
    return one("focus_at_end", `The sharpest plane is the ${end} of ${depth}, so the focus may lie outside the stack.`);
  }
  if (confidence >= minConfidence) return [];
  const percent = (100 * confidence).toFixed(0);
  const text = `Plane ${plane} is the best estimate of the focus, but the confidence is only ${percent} %.`;
  return one("uncertain_focus", text);
}
