/** The focus map of an image file, plane by plane, in micrometres. */
import { breatheThrough } from "../../array/breathe.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import { checkIndex, extentOf, refuseColour } from "../../image/axes.ts";
import { type ImageFile, readFinitePlane } from "../../image/image-file.ts";
import { coneSlope } from "../cone-slope.ts";
import { type ChosenMeasure, chooseMeasure } from "./choose-measure.ts";
import { createFocusMeter, type FocusMap, type FocusMapOptions } from "./focus-map.ts";

export interface FocusMapFileOptions extends FocusMapOptions {
  channel?: number | undefined;
  time?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called with the number of planes that have been read. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Reads each plane once, after up to three planes by which the measure is chosen if none is given
 * ({@link chooseMeasure}). The z step of the result is that of the file.
 * @throws `image.unfit` for a single plane, `calibration.missing` without a z step, and what `createFocusMeter`
 * and the reader throw
 */
export async function focusMapOfFile(
  file: ImageFile,
  options: FocusMapFileOptions = {},
): Promise<FocusMap & ChosenMeasure & { zStep: number }> {
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const time = checkIndex(file, "time", options.time, file.path);
  const [depth, height, width] = [extentOf(file, "Z"), extentOf(file, "Y"), extentOf(file, "X")];
  if (depth < 2) {
    const detail = `${file.path} has a single plane. A focus measure compares the planes of a stack; give a z-stack, or a model trained to estimate the defocus of a single image.`;
    throw new ParfocalError("image.unfit", detail, { path: file.path, detail: "a single plane" });
  }
  if (file.zStep === undefined) {
    throw new ParfocalError(
      "calibration.missing",
      `${file.path} has ${depth} planes but no z step; give \`z_step <your z step>\` (um).`,
      { path: file.path, what: "z step", option: "z_step" },
    );
  }
  const chosen = await chooseMeasure(file, { channel, time, measure: options.measure, signal: options.signal });
  const meter = createFocusMeter({ height, width }, { slope: coneSlope(file), ...options, measure: chosen.measure });
  for (let z = 0; z < depth; z++) {
    throwIfAborted(options.signal);
    const plane = { data: await readFinitePlane(file, { channel, time, z }), height, width };
    await breatheThrough(meter.addSteps(plane), options.signal);
    options.onProgress?.({ done: z + 1, total: depth });
  }
  return { ...meter.result(), ...chosen, zStep: file.zStep };
}
