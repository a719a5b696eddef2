/** The most frequently changed keys of a recipe under one short name each, for the command line and for calls. */
import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { cameraOptions } from "../optics/camera/camera-options.ts";
import { beadsOptions } from "../optics/phantom/beads.ts";
import { parseChecked } from "./check-keys.ts";
import { opticsSchema } from "./optics-schema.ts";
import { overridesOf } from "./overrides.ts";
import { recipeSchema } from "./recipe.ts";
import { setKey } from "./set-key.ts";

const top = recipeSchema.pick({
  seed: true,
  fields: true,
  size: true,
  pixel_size: true,
  z_step: true,
  planes: true,
  focus_plane: true,
});
const light = opticsSchema.pick({ na: true, wavelength: true, refractive_index: true, spherical_aberration: true });
const camera = cameraOptions.pick({ photons: true, background: true, read_noise: true, gain: true, offset: true });
const specimen = beadsOptions.pick({ bead_kinds: true, diameter: true, depth_range: true, brightness_spread: true });
const beads = z.strictObject({ beads: z.number().positive().describe("mean number of beads in the field") });

/** The part of a recipe that each flag belongs to. */
const parts = [
  ["", top],
  ["optics", light],
  ["camera", camera],
  ["specimen", specimen],
] as const;

/** No key has a default: flags that are not given leave the recipe unchanged. */
export const recipeFlags = overridesOf(
  z.strictObject({ ...top.shape, ...light.shape, ...camera.shape, ...specimen.shape, ...beads.shape }),
);
export type RecipeFlags = z.input<typeof recipeFlags>;

/**
 * Changes a recipe by flags, and then by single keys with their paths.
 * @param flags any of {@link recipeFlags}
 * @param keys `[path, value]`, such as `["specimen.beads", 20]`
 * @throws `usage` for an unknown flag, or one that has no effect because an image or objective of the recipe sets the
 * key itself
 */
export function changeRecipe(
  recipe: object,
  flags: RecipeFlags = {},
  keys: readonly (readonly [string, unknown])[] = [],
) {
  const { beads: count, ...rest } = parseChecked(recipeFlags, flags, "Flags of a recipe");
  let changed = recipe;
  for (const [key, value] of Object.entries(rest)) {
    if (value === undefined) continue;
    const [part] = parts.find(([, schema]) => Object.hasOwn(schema.shape, key)) ?? [""];
    refuseOverridden(recipe, part, key);
    changed = setKey(changed, part === "" ? key : `${part}.${key}`, value);
  }
  if (count !== undefined) changed = setKey(changed, "specimen.beads", perArea(changed, count));
  for (const [path, value] of keys) changed = setKey(changed, path, value);
  return changed;
}

/** The density of beads per 100 x 100 um for a number of beads in the field. */
function perArea(recipe: object, count: number): number {
  const { size, pixel_size: pixel } = recipe as { size?: unknown; pixel_size?: unknown };
  const side = recipeSchema.shape.size.parse(size) * recipeSchema.shape.pixel_size.parse(pixel);
  return Number(((count * 1e4) / side ** 2).toPrecision(6));
}

function refuseOverridden(recipe: object, part: string, key: string): void {
  const { images, objectives, specimens } = recipe as Record<string, unknown>;
  const holders: [string, unknown][] = [
    ...namedParts("images", images),
    ...namedParts("objectives", objectives),
    ...(part === "specimen" ? namedParts("specimens", specimens) : []),
  ];
  const found = holders.find(([, holder]) => {
    const own = part === "" ? holder : (holder as Record<string, unknown> | null)?.[part];
    return typeof own === "object" && own !== null && Object.hasOwn(own, key);
  });
  if (found === undefined) return;
  const path = [found[0], ...(part === "" ? [] : [part]), key].join(".");
  const message = `${key} would have no effect, because the recipe sets ${path}; change that key instead.`;
  throw new ParfocalError("usage", message, { option: key, got: key, expected: path });
}

function namedParts(name: string, holder: unknown): [string, unknown][] {
  return typeof holder === "object" && holder !== null
    ? Object.entries(holder).map(([key, value]) => [`${name}.${key}`, value])
    : [];
}
