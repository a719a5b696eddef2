/** The offset and gain of the camera, given or estimated, by which counts become proportional to light. */
import { percentile } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import type { Warning } from "../../warning.ts";
import { photonTransfer } from "./photon-transfer.ts";

export interface CameraCounts {
  /** Counts without light. */
  offset: number;
  /** Counts per photoelectron; only if it is needed. */
  gain?: number;
  warnings: Warning[];
}

/**
 * The offset and gain of the camera. Values that are not given are estimated from the image ({@link photonTransfer}),
 * with a warning; the offset is at most the darkest 0.5 % of the pixels, so that no signal is cut off.
 *
 * @throws `image.unfit` for values that are not finite or an image without light, `calibration.missing` for a gain that
 * is needed and cannot be estimated
 */
export function cameraCounts(
  stack: Stack,
  given: { offset?: number | undefined; gain?: number | undefined; gainNeeded: boolean },
): CameraCounts {
  const { data, dtype } = stack;
  refuseNonFinite(data, { what: "The image cannot be deconvolved", width: stack.width, height: stack.height, z: 0 });
  const dark = percentile(data, 0.5);
  const warnings: Warning[] = [];
  const estimate =
    given.offset === undefined || (given.gainNeeded && given.gain === undefined) ? photonTransfer(stack) : undefined;
  const trusted = estimate !== undefined && estimate.confidence > 0.5;
  // A line fitted through noise may meet 0 anywhere; the darkest pixels are then the better estimate.
  const offset = given.offset ?? Math.max(0, Math.min(dark, trusted ? estimate.offset : dark));
  if (given.offset === undefined) {
    warnings.push({
      code: "camera_offset",
      text: `The offset of the camera is not known. ${round(offset)} counts were estimated from the image; give \`offset\`.`,
    });
  }
  let gain = given.gain;
  if (given.gainNeeded && gain === undefined) {
    if (!trusted) {
      throw new ParfocalError(
        "calibration.missing",
        "The method consensus needs the gain of the camera, which could not be estimated from the noise of the image; give `gain`, the counts per photoelectron.",
        { what: "the gain", option: "gain" },
      );
    }
    gain = estimate.gain;
    warnings.push({
      code: "camera_gain",
      text: `The gain of the camera is not known. ${round(gain)} counts per photoelectron were estimated from the noise of the image; give \`gain\`.`,
    });
  }

  let [below, above, lit] = [0, 0, 0];
  const top = dtype === "uint8" ? 255 : dtype === "uint16" ? 65535 : Number.POSITIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    if (data[i] < offset) below++;
    else if (data[i] > offset) lit++;
    if (data[i] >= top) above++;
  }
  if (lit === 0) throw unfit(`no pixel is above the offset of ${round(offset)} counts; give a lower \`offset\``);
  if (above > 0) {
    warnings.push({
      code: "saturated",
      text: `${above} pixels (${percentOf(above, data.length)}) are saturated at ${top}. Their true values are not known, and rings may appear around them.`,
    });
  }
  // Noise puts half of the dark pixels below the offset; more indicate a wrong offset.
  if (below > 0.6 * data.length) {
    warnings.push({
      code: "below_offset",
      text: `${percentOf(below, data.length)} of the pixels are below the offset of ${round(offset)} and count as dark. Check whether the offset is too high.`,
    });
  }
  return { offset, ...(gain === undefined ? {} : { gain }), warnings };
}

const round = (value: number) => Number(value.toPrecision(4));
const percentOf = (part: number, whole: number) => `${((100 * part) / whole).toPrecision(2)} %`;

function unfit(what: string): ParfocalError<"image.unfit"> {
  const detail = `The image cannot be deconvolved: ${what}.`;
  return new ParfocalError("image.unfit", detail, { detail });
}
