import type { PairedSource } from "./paired-data.ts";

/**
 * Relates the counts of the targets to those of the inputs, for the description of a section model; see
 * section-info.ts.
 */
export function sectionScale(sources: readonly Pick<PairedSource, "scales">[]): {
  output_gain: number;
  output_low: number;
} {
  let [logarithm, low] = [0, 0];
  for (const { scales } of sources) {
    const { input, target } = scales;
    logarithm += Math.log((target.high - target.low) / (input.high - input.low)) / sources.length;
    low += target.low / sources.length;
  }
  return { output_gain: Math.exp(logarithm), output_low: low };
}
