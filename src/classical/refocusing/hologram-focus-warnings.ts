/** What a user should know about a distance that was found for an in-line hologram, and what to do about it. */
import type { HologramFocus } from "./focus-of-hologram.ts";

/** A focus below this is as likely wrong as right. */
const leastConfidence = 0.6;
/** As of models that say on which side of focus a plane lies. */
const leastDirection = 0.75;

/** @param range that was searched, um */
export function focusWarnings(
  { distance, confidence, directionConfidence, depthOfField, specimen, curve }: HologramFocus,
  [low, high]: readonly [number, number],
): string[] {
  const warnings: string[] = [];
  const um = (value: number) => `${Number(value.toPrecision(3))} um`;
  const step = curve[1].distance - curve[0].distance;
  if (confidence === 0) {
    warnings.push(
      `The best place, ${um(distance)}, is an end of the range ${low} to ${high} um: the focus may lie outside; ` +
        "give a wider `range`, or the `distance` itself.",
    );
  } else if (confidence < leastConfidence) {
    warnings.push(
      `The focus at ${um(distance)} hardly stands out (confidence ${confidence.toFixed(2)}); ` +
        "give a narrower `range`, `specimen`, or the `distance` itself, or record a hologram farther from the specimen.",
    );
  }
  if (step > depthOfField) {
    warnings.push(
      `The range ${low} to ${high} um holds ${Math.round((high - low) / depthOfField)} depths of field of ${um(depthOfField)} ` +
        `and was searched every ${um(step)}: the focus may lie between; give a narrower \`range\`.`,
    );
  }
  if (directionConfidence !== undefined && directionConfidence < leastDirection) {
    const why =
      specimen === "amplitude"
        ? "A specimen that absorbs looks alike on both sides of an in-line hologram"
        : "This specimen looks alike on both sides of its in-line hologram";
    const side = distance < 0 ? `${low}:0` : `0:${high}`;
    warnings.push(
      `${why}: ${um(distance)} or ${um(-distance)}, the sign is ${Math.round(100 * directionConfidence)} % sure; ` +
        `give a range on one side, such as \`range=${side}\`.`,
    );
  }
  return warnings;
}
