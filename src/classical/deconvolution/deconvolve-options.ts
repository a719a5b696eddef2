/** The options of a deconvolution: one schema for the library, the command line and YAML. */
import { z } from "zod";
import { ParfocalError } from "../../errors.ts";

/** Keys are snake_case. Unknown keys are errors. */
export const deconvolveOptions = z.strictObject({
  method: z
    .enum(["richardson-lucy", "wiener", "consensus"])
    .default("richardson-lucy")
    .describe(
      "richardson-lucy; wiener, a single linear filter; or consensus, Richardson-Lucy with gradient consensus, which stops automatically",
    ),
  iterations: z
    .int()
    .min(1)
    .optional()
    .describe("number of iterations of richardson-lucy (default: 20), or the maximum for consensus (default: 200)"),
  tv: z
    .number()
    .min(0)
    .max(0.15)
    .default(0)
    .describe("weight of the total variation, which suppresses noise in many iterations; 0.002 to 0.02 is common"),
  edges: z
    .enum(["extend", "zero"])
    .default("extend")
    .describe("specimen outside the image: extend estimates it, zero assumes that there is none"),
  acceleration: z
    .boolean()
    .default(false)
    .describe("accelerate richardson-lucy, which then needs about a third of the iterations"),
  noise_to_signal: z
    .number()
    .positive()
    .optional()
    .describe("wiener: ratio of the noise power to the signal power (default: estimated at each frequency)"),
  offset: z.number().nonnegative().optional().describe("offset of the camera, counts (default: estimated)"),
  background: z
    .number()
    .nonnegative()
    .default(0)
    .describe("uniform background in every pixel, counts above the offset"),
  gain: z
    .number()
    .positive()
    .optional()
    .describe("consensus: gain of the camera, counts per photoelectron (default: estimated)"),
  planes_separately: z
    .boolean()
    .default(false)
    .describe("deconvolve each plane separately, ignoring light from other planes"),
  tile_size: z
    .int()
    .min(32)
    .optional()
    .describe("width and height of the tiles, pixels (default: as large as the memory allows)"),
  max_memory: z.number().positive().default(6).describe("memory that may be used, GiB"),
  seed: z.int().nonnegative().default(0).describe("consensus: random seed of the splitting of photons"),
});

/** Options as given by a caller: every key is optional. */
export type DeconvolveOptions = z.input<typeof deconvolveOptions>;
export type ResolvedDeconvolveOptions = z.output<typeof deconvolveOptions>;

/**
 * Checks options and fills in the defaults.
 * @throws `usage` naming the first wrong key, or an option that the method does not use
 */
export function resolveDeconvolveOptions(options: DeconvolveOptions = {}): ResolvedDeconvolveOptions {
  const parsed = deconvolveOptions.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const option = unknown ?? issue.path.join(".");
    const got = (options as Record<string, unknown>)[option];
    const expected =
      unknown === undefined ? issue.message : `one of ${Object.keys(deconvolveOptions.shape).join(", ")}`;
    const message = `Deconvolution: \`${option}\` is ${JSON.stringify(got) ?? "missing"}: ${expected}.`;
    throw new ParfocalError("usage", message, { option, got, expected });
  }
  const resolved = parsed.data;
  const useless = (option: keyof ResolvedDeconvolveOptions, methods: readonly string[], given: boolean) => {
    if (!given || methods.includes(resolved.method)) return;
    const message = `Deconvolution: \`${option}\` has no effect with ${resolved.method}; leave it out, or use ${methods.join(" or ")}.`;
    throw new ParfocalError("usage", message, { option, got: resolved[option], expected: methods.join(" or ") });
  };
  useless("tv", ["richardson-lucy"], resolved.tv > 0);
  useless("acceleration", ["richardson-lucy"], resolved.acceleration);
  useless("edges", ["richardson-lucy", "consensus"], resolved.edges !== "extend");
  useless("iterations", ["richardson-lucy", "consensus"], resolved.iterations !== undefined);
  useless("noise_to_signal", ["wiener"], resolved.noise_to_signal !== undefined);
  useless("gain", ["consensus"], resolved.gain !== undefined);
  return resolved;
}
