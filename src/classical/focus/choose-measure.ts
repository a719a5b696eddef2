/** Chooses the focus measure for an image: as requested, or by the kind of light. */
import { findNonFinite, StreamingHistogram } from "../../array/statistics.ts";
import { throwIfAborted } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageFile } from "../../image/image-file.ts";
import { DEFAULT_FOCUS_MEASURE, type FocusMeasure } from "./focus.ts";
import { type Light, lightOf } from "./light.ts";

export interface ChosenMeasure {
  measure: FocusMeasure;
  light: Light;
  /** A sentence that explains the choice. */
  reason: string;
}

/** Minimum edge, pixels: smaller planes have no band between 5 and 33 pixels. */
const minEdge = 16;

/**
 * `band_contrast` for transmitted light and the default for fluorescence, judged by the grey levels of the first, the
 * middle and the last plane.
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
    // The caller reports such pixels.
    if (findNonFinite(data) < 0) histogram.add(data);
  }
  const light = histogram.count > 0 ? lightOf(histogram) : "fluorescence";
  if (measure !== undefined) return { measure, light, reason: "This measure was requested." };
  const large = Math.min(extentOf(file, "Y"), extentOf(file, "X")) >= minEdge;
  if (light === "transmitted" && large) {
    const reason =
      "The grey levels indicate transmitted light. The focus is the minimum of contrast between two maxima, for specimens that only delay light, " +
      "or the maximum if there is only one, for specimens that absorb light.";
    return { measure: "band_contrast", light, reason };
  }
  const reason = "The grey levels indicate fluorescence, in which contrast has its maximum in focus.";
  return {
    measure: DEFAULT_FOCUS_MEASURE,
    light,
    reason: large ? reason : "The planes are too small for any other measure.",
  };
}
