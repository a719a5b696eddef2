/** The options of a deconvolution: one schema for the library, the command line and YAML. */
import { z } from "zod";
import { ParfocalError } from "../../errors.ts";

/** Keys are snake_case. Unknown keys are refused. */
export const deconvolveOptions = z.strictObject({
  method: z
    .enum(["richardson-lucy", "wiener", "consensus"])
    .default("richardson-lucy")
    .describe("wiener: one linear step; consensus: Richardson-Lucy that stops by itself"),
  iterations: z
    .int()
    .min(1)
    .optional()
    .describe("of Richardson-Lucy (default: 20); at most, of consensus (default: 200)"),
  tv: z
    .number()
    .min(0)
    .max(0.15)
    .default(0)
    .describe("weight of the total variation, against noise at many iterations: 0.002 to 0.02"),
  edges: z.enum(["extend", "zero"]).default("extend").describe("beyond the image: objects of their own, or nothing"),
  acceleration: z
    .boolean()
    .default(false)
    .describe("reach the result of Richardson-Lucy in about a third of the iterations"),
  noise_to_signal: z
    .number()
    .positive()
    .optional()
    .describe("of wiener: ratio of their powers (default: estimated at each frequency)"),
  offset: z.number().nonnegative().optional().describe("counts without light (default: estimated)"),
  background: z.number().nonnegative().default(0).describe("haze in every pixel, counts above the offset"),
  gain: z
    .number()
    .positive()
    .optional()
    .describe("counts per photoelectron, which consensus needs (default: estimated)"),
  planes_separately: z
    .boolean()
    .default(false)
    .describe("each plane by itself, as if nothing shone from one into the next"),
  tile_size: z.int().min(32).optional().describe("pixels computed at a time along y and x (default: as memory allows)"),
  max_memory: z.number().positive().default(6).describe("GiB that may be used"),
  seed: z.int().nonnegative().default(0).describe("of the splitting of photons by consensus"),
});

/** What a caller may give: every key is optional. */
export type DeconvolveOptions = z.input<typeof deconvolveOptions>;
export type ResolvedDeconvolveOptions = z.output<typeof deconvolveOptions>;

/**
 * Checks options and fills in the defaults.
 * @throws `usage` naming the first wrong key, or an option that its method has no use for
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
    const message = `Deconvolution: ${option} is ${JSON.stringify(got) ?? "missing"}: ${expected}.`;
    throw new ParfocalError("usage", message, { option, got, expected });
  }
  const resolved = parsed.data;
  const useless = (option: keyof ResolvedDeconvolveOptions, methods: readonly string[], given: boolean) => {
    if (!given || methods.includes(resolved.method)) return;
    const message = `Deconvolution: ${option} does nothing with ${resolved.method}; leave it out, or take ${methods.join(" or ")}.`;
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
