/** The distances that stacks really hold pairs for: what a model may promise. */
import type { NamedStack } from "../../image/named-stack.ts";

/** First planes that a distance needs, to be learnt rather than remembered; fewer where no distance has as many. */
const leastPairs = 3;

/**
 * The part of a range of distances, um, that some stack holds enough pairs for, with a sentence where it is less than was asked for. Unchanged where
 * no z step is known, or nothing is held at all, which training refuses with its own error.
 * @param offsets where the planes lie that every pair needs beside the one wanted, um from the first
 */
export function heldRange(
  samples: readonly NamedStack[],
  { distance_range, input_offsets }: { distance_range: readonly [number, number]; input_offsets: readonly number[] },
): { range: [number, number]; warnings: string[] } {
  const [low, high] = distance_range;
  const held = samples.flatMap(({ stack: { depth, zStep } }) => {
    if (zStep === undefined) return [];
    const offsets = input_offsets.map((um) => Math.round(um / zStep));
    const [first, last] = [Math.min(0, ...offsets), Math.max(0, ...offsets)];
    const spare = Math.max(0, Math.min(leastPairs, depth - (last - first)) - 1);
    const room = depth - 1 - spare;
    return [{ low: (last - room) * zStep, high: (first + room) * zStep }];
  });
  if (held.length === 0) return { range: [low, high], warnings: [] };
  const range: [number, number] = [
    Math.max(low, Math.min(...held.map((one) => one.low))),
    Math.min(high, Math.max(...held.map((one) => one.high))),
  ];
  if (range[0] >= range[1]) return { range: [low, high], warnings: [] };
  const lost = range[0] - low > 1e-6 || high - range[1] > 1e-6;
  const um = (value: number): string => String(Number(value.toFixed(3)));
  const sentence = `The stacks hold distances of ${um(range[0])} to ${um(range[1])} um only, not of ${um(low)} to ${um(high)} um: the model learns and promises those.`;
  return {
    range: [Number(range[0].toFixed(6)), Number(range[1].toFixed(6))],
    warnings: lost ? [sentence] : [],
  };
}
