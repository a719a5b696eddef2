/** The configuration of simulated beads: one schema for the library, the command line and YAML. */
import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { beadKinds } from "./phantom/bead.ts";

const positive = z.number().positive();
const notNegative = z.number().nonnegative();
const range = z.tuple([z.number(), z.number()]).refine(([low, high]) => low <= high, "expected [low, high], low first");

/** Keys are snake_case; lengths in um. Unknown keys are refused. */
export const simulateBeadsOptions = z.strictObject({
  na: positive.default(0.8).describe("numerical aperture, below the refractive index"),
  wavelength: positive.default(0.515).describe("emission wavelength in vacuum, um"),
  refractive_index: positive.default(1).describe("of the immersion medium: 1 air, 1.333 water, 1.515 oil"),
  spherical_aberration: z
    .number()
    .min(-5)
    .max(5)
    .default(0)
    .describe("Z(4,0), RMS waves; breaks the symmetry of defocus"),
  pixel_size: positive.default(0.325).describe("camera pixel in the sample, um"),
  z_step: positive.default(1).describe("distance between planes, um"),
  planes: z.int().min(1).default(14).describe("planes of the stack"),
  focus_plane: z
    .int()
    .nonnegative()
    .optional()
    .describe("index, counted from 0, of the plane at z = 0; default floor(planes / 2), 7 of 14"),
  size: z.int().min(8).default(256).describe("height and width of the field, pixels"),
  beads: z.int().nonnegative().default(40).describe("beads in the field; as many per area lie around it"),
  bead_kinds: z
    .array(z.enum(beadKinds))
    .min(1)
    .default([...beadKinds])
    .describe("kinds, drawn with equal chance"),
  diameter: range
    .refine(([low]) => low > 0, "expected diameters above 0")
    .default([1, 8])
    .describe("smallest and largest diameter, um; even in the logarithm"),
  depth_range: range
    .default([-6, 6])
    .describe("lowest and highest bead centre, um from the nominal focal plane; most in the middle"),
  brightness_spread: z.number().min(0).max(1).default(0.6).describe("brightness is even in [1 - spread, 1]"),
  photons: positive.default(3000).describe("detected photons at the brightest point of the stack, above background"),
  background: notNegative.default(20).describe("detected photons everywhere"),
  read_noise: notNegative.default(1.5).describe("electrons, standard deviation"),
  gain: positive.default(2).describe("counts per electron"),
  offset: notNegative.default(100).describe("counts without light"),
  seed: z.int().nonnegative().default(0).describe("the same seed gives the same bytes"),
});

/** What a caller may give: every key is optional. */
export type SimulateBeadsOptions = z.input<typeof simulateBeadsOptions>;

/** Every key with its value. */
export type ResolvedSimulateBeadsOptions = z.output<typeof simulateBeadsOptions> & { focus_plane: number };

/**
 * Checks options and fills in the defaults.
 * @throws `usage` naming the first wrong key, what was given, and what is expected
 */
export function resolveSimulateBeadsOptions(options: SimulateBeadsOptions): ResolvedSimulateBeadsOptions {
  const parsed = simulateBeadsOptions.safeParse(options);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const option = unknown ?? String(issue.path[0] ?? "options");
    const got = (options as Record<string, unknown> | undefined)?.[option];
    const known = Object.keys(simulateBeadsOptions.shape).join(", ");
    const expected = unknown === undefined ? issue.message : `one of ${known}`;
    throw refusal(
      option,
      got,
      unknown === undefined ? issue.message : `no such key; expected one of ${known}`,
      expected,
    );
  }
  const focusPlane = parsed.data.focus_plane ?? Math.floor(parsed.data.planes / 2);
  const resolved = { ...parsed.data, focus_plane: focusPlane };
  if (resolved.na >= resolved.refractive_index) {
    const expected = `below the refractive index ${resolved.refractive_index}`;
    throw refusal(
      "na",
      resolved.na,
      `expected ${expected}; for immersion give refractive_index, 1.333 or 1.515`,
      expected,
    );
  }
  if (focusPlane >= resolved.planes) {
    const expected = `an index below planes, ${resolved.planes}`;
    throw refusal("focus_plane", focusPlane, `expected ${expected}`, expected);
  }
  return resolved;
}

function refusal(option: string, got: unknown, advice: string, expected: string): ParfocalError {
  const message = `Simulated beads: ${option} is ${JSON.stringify(got) ?? "missing"}: ${advice}.`;
  return new ParfocalError("usage", message, { option, got, expected });
}
