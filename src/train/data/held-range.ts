/** The range of distances for which stacks contain enough pairs to train on. */
import type { NamedStack } from "../../image/named-stack.ts";
import type { Warning } from "../../warning.ts";

/**
 * Minimum number of first planes for a distance, so that the network cannot just memorise the pairs; fewer where no
 * distance has as many.
 */
const minPairs = 3;

/**
 * The part of `distance_range`, um, for which at least one stack has enough pairs, with a warning where it is smaller
 * than the configured range. The range is unchanged where no z step is known or no stack has any pair, which training
 * refuses with its own error.
 * @param offsets positions of the input planes that every pair needs beside the target, um from the first
 */
export function heldRange(
  samples: readonly NamedStack[],
  { distance_range, input_offsets }: { distance_range: readonly [number, number]; input_offsets: readonly number[] },
): { range: [number, number]; warnings: Warning[] } {
  const [low, high] = distance_range;
  const held = samples.flatMap(({ stack: { depth, zStep } }) => {
    if (zStep === undefined) return [];
    const offsets = input_offsets.map((um) => Math.round(um / zStep));
    const [first, last] = [Math.min(0, ...offsets), Math.max(0, ...offsets)];
    const spare = Math.max(0, Math.min(minPairs, depth - (last - first)) - 1);
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
  const sentence = `The stacks contain enough planes for distances of ${um(range[0])} to ${um(range[1])} um only, not for ${um(low)} to ${um(high)} um. The model is trained on the smaller range.`;
  return {
    range: [Number(range[0].toFixed(6)), Number(range[1].toFixed(6))],
    warnings: lost ? [{ code: "smaller_range", text: sentence }] : [],
  };
}
