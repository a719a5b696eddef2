/** Warnings about the distance that was found for an in-line hologram. */

import type { Warning } from "../../warning.ts";
import type { HologramFocus } from "./focus-of-hologram.ts";

/** Minimum confidence without a warning. */
const minConfidence = 0.6;
/** Minimum confidence of the direction without a warning, as for models that estimate the side of focus. */
const minDirection = 0.75;

/** @param range that was searched, um */
export function focusWarnings(
  { distance, confidence, directionConfidence, depthOfField, specimen, curve }: HologramFocus,
  [low, high]: readonly [number, number],
): Warning[] {
  const warnings: Warning[] = [];
  const um = (value: number) => `${Number(value.toPrecision(3))} um`;
  const step = curve[1].distance - curve[0].distance;
  if (confidence === 0) {
    warnings.push({
      code: "focus_at_end",
      text:
        `The best distance, ${um(distance)}, is an end of the range ${low} to ${high} um, so that the focus may lie outside; ` +
        "give a wider `range`, or the `distance` itself.",
    });
  } else if (confidence < minConfidence) {
    warnings.push({
      code: "uncertain_focus",
      text:
        `The focus at ${um(distance)} is uncertain (confidence ${confidence.toFixed(2)}); ` +
        "give a narrower `range`, `specimen`, or the `distance` itself, or record a hologram farther from the specimen.",
    });
  }
  if (step > depthOfField) {
    warnings.push({
      code: "search_range",
      text:
        `The range ${low} to ${high} um holds ${Math.round((high - low) / depthOfField)} depths of field of ${um(depthOfField)} ` +
        `and was searched in steps of ${um(step)}, so that the focus may have been missed; give a narrower \`range\`.`,
    });
  }
  if (directionConfidence !== undefined && directionConfidence < minDirection) {
    const why =
      specimen === "amplitude"
        ? "A specimen that only absorbs gives the same in-line hologram on both sides"
        : "This in-line hologram does not show on which side the specimen lies";
    const side = distance < 0 ? `${low}:0` : `0:${high}`;
    warnings.push({
      code: "focus_sign",
      text:
        `${why}: the distance is ${um(distance)} or ${um(-distance)}, and the sign has a probability of ${Math.round(100 * directionConfidence)} %; ` +
        `give a range on one side, such as \`range=${side}\`.`,
    });
  }
  return warnings;
}
