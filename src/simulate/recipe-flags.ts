/** The keys of a recipe that are changed most often, by one word each: flags of the command line, arguments of a call. */
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
const beads = z.strictObject({ beads: z.number().positive().describe("beads in the field, on average") });

/** Which part of a recipe each flag belongs to. */
const parts = [
  ["", top],
  ["optics", light],
  ["camera", camera],
  ["specimen", specimen],
] as const;

/** No key has a default: what is not given is the recipe's. */
export const recipeFlags = overridesOf(
  z.strictObject({ ...top.shape, ...light.shape, ...camera.shape, ...specimen.shape, ...beads.shape }),
);
export type RecipeFlags = z.input<typeof recipeFlags>;

/**
 * A recipe with flags, and after them single keys by their paths, put in.
 * @param flags any of {@link recipeFlags}
 * @param keys `[path, value]`, such as `["specimen.beads", 20]`
 * @throws `usage` for an unknown flag, or one that an image or objective of the recipe overrules
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
    refuseOverruled(recipe, part, key);
    changed = setKey(changed, part === "" ? key : `${part}.${key}`, value);
  }
  if (count !== undefined) changed = setKey(changed, "specimen.beads", perArea(changed, count));
  for (const [path, value] of keys) changed = setKey(changed, path, value);
  return changed;
}

/** Beads per 100 x 100 um for so many in the field. */
function perArea(recipe: object, count: number): number {
  const { size, pixel_size: pixel } = recipe as { size?: unknown; pixel_size?: unknown };
  const side = recipeSchema.shape.size.parse(size) * recipeSchema.shape.pixel_size.parse(pixel);
  return Number(((count * 1e4) / side ** 2).toPrecision(6));
}

function refuseOverruled(recipe: object, part: string, key: string): void {
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
  const message = `${key} would change nothing: the recipe has ${path}; change that key itself.`;
  throw new ParfocalError("usage", message, { option: key, got: key, expected: path });
}

function namedParts(name: string, holder: unknown): [string, unknown][] {
  return typeof holder === "object" && holder !== null
    ? Object.entries(holder).map(([key, value]) => [`${name}.${key}`, value])
    : [];
}
