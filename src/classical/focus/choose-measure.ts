/** Which focus measure suits an image: by what the user says, or by what kind of light made it. */
import { findNonFinite, StreamingHistogram } from "../../array/statistics.ts";
import { throwIfAborted } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageFile } from "../../image/image-file.ts";
import { DEFAULT_FOCUS_MEASURE, type FocusMeasure } from "./focus.ts";
import { type Light, lightOf } from "./light.ts";

export interface ChosenMeasure {
  measure: FocusMeasure;
  light: Light;
  /** A sentence that says why. */
  reason: string;
}

/** Smaller planes have no band between 5 and 33 pixels. */
const leastEdge = 16;

/**
 * `band_contrast` for transmitted light and the default for fluorescence, by the grey levels of the first, the middle and the last plane.
 * @throws what the reader throws, interrupted
 */
export async function chooseMeasure(
  file: ImageFile,
  options: {
    channel: number;
    time: number;
    measure?: FocusMeasure | undefined;
    signal?: AbortSignal | undefined;
  },
): Promise<ChosenMeasure> {
  const { channel, time, measure, signal } = options;
  const depth = extentOf(file, "Z");
  const histogram = new StreamingHistogram();
  for (const z of new Set([0, depth >> 1, depth - 1])) {
    throwIfAborted(signal);
    const data = await file.readPlane({ channel, time, z });
    // What is wrong with such pixels is for the caller to say.
    if (findNonFinite(data) < 0) histogram.add(data);
  }
  const light = histogram.count > 0 ? lightOf(histogram) : "fluorescence";
  if (measure !== undefined) return { measure, light, reason: "It was asked for." };
  const large = Math.min(extentOf(file, "Y"), extentOf(file, "X")) >= leastEdge;
  if (light === "transmitted" && large) {
    const reason =
      "The grey levels look like transmitted light: the focus is the minimum of contrast between two maxima, as of specimens that delay light, " +
      "or the maximum where there is one, as of specimens that absorb it.";
    return { measure: "band_contrast", light, reason };
  }
  const reason = "The grey levels look like fluorescence: contrast has its maximum in focus.";
  return { measure: DEFAULT_FOCUS_MEASURE, light, reason: large ? reason : "The planes are too small for another." };
}
