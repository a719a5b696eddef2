/** From the counts of a file to numbers that are proportional to light: the camera's offset and gain, given or estimated. */
import { percentile } from "../../array/statistics.ts";
import { ParfocalError } from "../../errors.ts";
import type { Stack } from "../../image/image.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import { photonTransfer } from "./photon-transfer.ts";

export interface CameraCounts {
  /** Counts without light. */
  offset: number;
  /** Counts for one photoelectron; only where it was asked for. */
  gain?: number;
  warnings: string[];
}

/**
 * What the camera adds and multiplies. What is not given is estimated from the image ({@link photonTransfer}), with a warning;
 * an offset never above the darkest 0.5 % of the pixels, so that nothing is cut off.
 *
 * @throws `image.unfit` for values that are not finite or an image without light, `calibration.missing` for a gain that is
 * needed and cannot be estimated
 */
export function cameraCounts(
  stack: Stack,
  given: { offset?: number | undefined; gain?: number | undefined; gainNeeded: boolean },
): CameraCounts {
  const { data, dtype } = stack;
  refuseNonFinite(data, { what: "The image cannot be deconvolved", width: stack.width, height: stack.height, z: 0 });
  const dark = percentile(data, 0.5);
  const warnings: string[] = [];
  const estimate =
    given.offset === undefined || (given.gainNeeded && given.gain === undefined) ? photonTransfer(stack) : undefined;
  const trusted = estimate !== undefined && estimate.confidence > 0.5;
  // A pure line through noise may meet 0 anywhere: the darkest pixels are then the better guess.
  const offset = given.offset ?? Math.max(0, Math.min(dark, trusted ? estimate.offset : dark));
  if (given.offset === undefined) {
    warnings.push(
      `The camera's offset is not known: ${round(offset)} counts are assumed, from the image; give \`offset\`.`,
    );
  }
  let gain = given.gain;
  if (given.gainNeeded && gain === undefined) {
    if (!trusted) {
      throw new ParfocalError(
        "calibration.missing",
        "The consensus needs the camera's gain, and the image's noise does not tell it; give `gain`, the counts per photoelectron.",
        { what: "the gain", option: "gain" },
      );
    }
    gain = estimate.gain;
    warnings.push(
      `The camera's gain is not known: ${round(gain)} counts per photoelectron are assumed, from the image's noise; give \`gain\`.`,
    );
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
    warnings.push(
      `${above} pixels (${percentOf(above, data.length)}) are saturated at ${top}: what they hold is not known, and rings may appear round them.`,
    );
  }
  // Noise takes half the dark pixels below the offset; more than that means a wrong offset.
  if (below > 0.6 * data.length) {
    warnings.push(
      `${percentOf(below, data.length)} of the pixels are below the offset of ${round(offset)} and count as dark; is it too high?`,
    );
  }
  return { offset, ...(gain === undefined ? {} : { gain }), warnings };
}

const round = (value: number) => Number(value.toPrecision(4));
const percentOf = (part: number, whole: number) => `${((100 * part) / whole).toPrecision(2)} %`;

function unfit(what: string): ParfocalError<"image.unfit"> {
  const detail = `The image cannot be deconvolved: ${what}.`;
  return new ParfocalError("image.unfit", detail, { detail });
}
