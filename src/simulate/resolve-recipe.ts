/** Completes a recipe, or reports the first mistake in it in one sentence. */
import { ParfocalError } from "../errors.ts";
import { type CameraOptions, cameraOptions } from "../optics/camera/camera-options.ts";
import { isTilted } from "../optics/camera/stage.ts";
import type { StageOptions } from "../optics/camera/stage-options.ts";
import type { PsfModel } from "../optics/psf/psf-model.ts";
import { parseChecked } from "./check-keys.ts";
import { imagingModes } from "./modes.ts";
import { opticsSchema, type RecipeOptics } from "./optics-schema.ts";
import { type Recipe, type RecipeImage, type RecipeSpecimen, recipeSchema } from "./recipe.ts";

/** A recipe for one objective and one specimen, with every value looked up. */
export interface View {
  objective?: string;
  /** The name of the specimen, where the recipe has a list of them. */
  specimen?: string;
  size: number;
  pixelSize: number;
  zStep: number;
  planes: number;
  focusPlane: number;
  phantom: RecipeSpecimen;
  stage: StageOptions;
  images: { name: string; image: RecipeImage; optics: RecipeOptics; camera: CameraOptions; model: PsfModel }[];
}

/**
 * Checks a recipe and fills in the defaults; a resolved recipe resolves to itself.
 * @param where name of the recipe in messages, such as its file; default its own name
 * @throws `usage` for the first wrong or unknown key, with its path, the given value, and what is expected
 */
export function resolveRecipe(input: unknown, where?: string): Recipe {
  const named = (input as { name?: unknown } | undefined)?.name;
  const title = `Recipe ${where ?? (typeof named === "string" ? named : "without a name")}`;
  const parsed = parseChecked(recipeSchema, input, title);
  const recipe: Recipe = { ...parsed, focus_plane: parsed.focus_plane ?? Math.floor(parsed.planes / 2) };
  const refuse = (option: string, got: unknown, expected: string, advice: string): never => {
    const message = `${title}: ${option} is ${JSON.stringify(got) ?? "missing"}: ${advice}.`;
    throw new ParfocalError("usage", message, { option, got, expected });
  };
  if (recipe.specimen === undefined && recipe.specimens.length === 0) {
    refuse("specimen", undefined, "a specimen", "give one, such as {kind: beads}, or a list of `specimens`");
  }
  for (const key of ["objectives", "specimens"] as const) {
    const names = recipe[key].map((one) => one.name);
    const twice = names.find((one, i) => names.indexOf(one) < i);
    if (twice !== undefined) refuse(key, twice, "unique names", "two entries have this name; rename one of them");
    if (names.length > 0 && recipe[key].every((one) => one.test_only)) {
      refuse(key, names, "one that is not test_only", "all are test_only, so that nothing is left for training");
    }
  }
  for (const view of viewsOf(recipe, title)) checkView(view, title, refuse);
  return recipe;
}

/** Every objective with every specimen. */
export function viewsOf(recipe: Recipe, title = `Recipe ${recipe.name}`): View[] {
  const objectives = recipe.objectives.length > 0 ? recipe.objectives : [undefined];
  const specimens = recipe.specimens.length > 0 ? recipe.specimens : [undefined];
  return objectives.flatMap((objective) => specimens.map((specimen) => viewOf(recipe, objective, specimen, title)));
}

function viewOf(
  recipe: Recipe,
  objective: Recipe["objectives"][number] | undefined,
  specimen: Recipe["specimens"][number] | undefined,
  title: string,
): View {
  const from = <K extends "pixel_size" | "z_step" | "planes">(key: K): number => objective?.[key] ?? recipe[key];
  const planes = from("planes");
  const own = objective?.focus_plane;
  return {
    ...(objective ? { objective: objective.name } : {}),
    ...(specimen ? { specimen: specimen.name } : {}),
    size: recipe.size,
    pixelSize: from("pixel_size"),
    zStep: from("z_step"),
    planes,
    focusPlane: own ?? (planes === recipe.planes ? recipe.focus_plane : Math.floor(planes / 2)),
    stage: recipe.stage,
    phantom: (specimen?.specimen ?? recipe.specimen) as RecipeSpecimen,
    images: Object.entries(recipe.images).map(([name, image]) => {
      const path = objective
        ? `objectives.${objective.name}.optics with images.${name}.optics`
        : `images.${name}.optics`;
      const optics = { ...recipe.optics, ...given(objective?.optics), ...given(image.optics) };
      const camera = { ...recipe.camera, ...given(image.camera) };
      const checked = parseChecked(opticsSchema, optics, title, path);
      if (checked.na >= checked.refractive_index) throw tooSteep(checked, image, title, objective?.name, name);
      return {
        name,
        image,
        optics: checked,
        model: imagingModes[image.mode].model(checked, modeKeys(image)),
        camera: parseChecked(cameraOptions, camera, title, `images.${name}.camera`),
      };
    }),
  };
}

/** The keys of an image that belong to its mode. */
export function modeKeys({
  mode: _,
  optics: __,
  camera: ___,
  registration: ____,
  ...rest
}: RecipeImage): Record<string, unknown> {
  return rest;
}

function tooSteep(
  { na, refractive_index: index }: RecipeOptics,
  image: RecipeImage,
  title: string,
  objective: string | undefined,
  name: string,
): ParfocalError<"usage"> {
  const whose =
    image.optics.na !== undefined ? `images.${name}.` : objective !== undefined ? `objectives.${objective}.` : "";
  const option = `${whose}optics.na`;
  const expected = `below the refractive index ${index}`;
  const message = `${title}: ${option} is ${na}: expected ${expected}; for an immersion objective give refractive_index, 1.333 (water) or 1.515 (oil).`;
  return new ParfocalError("usage", message, { option, got: na, expected });
}

function given(overrides: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(overrides ?? {}).filter(([, value]) => value !== undefined));
}

type Refuse = (option: string, got: unknown, expected: string, advice: string) => never;

/** Checks that involve more than one key. */
function checkView(view: View, title: string, refuse: Refuse): void {
  const { size, pixelSize, zStep, planes, focusPlane } = view;
  const of = view.objective === undefined ? "" : `objectives.${view.objective}.`;
  if (focusPlane >= planes) {
    const expected = `an index below planes, ${planes}`;
    refuse(`${of}focus_plane`, focusPlane, expected, `expected ${expected}`);
  }
  for (const { name, model, image } of view.images) {
    const { exposures, coherent = false } = imagingModes[image.mode];
    if (isTilted(view.stage) && (coherent || exposures.length > 1)) {
      const advice = `a tilt cannot be simulated for image ${name} in mode ${image.mode}; remove the tilt or that image`;
      refuse("stage.tilt", view.stage.tilt, "[0, 0]", advice);
    }
    const farthest = Math.max(focusPlane, planes - 1 - focusPlane) * zStep;
    const width = 2 * model.radius(farthest);
    const field = size * pixelSize;
    if (width > field) {
      const message =
        `${title}: the PSF of image ${name} is ${width.toPrecision(3)} um wide ${farthest.toPrecision(3)} um from focus, which is wider than ` +
        `the field of ${size} pixels of ${pixelSize} um, ${field.toPrecision(3)} um: give a larger size, fewer planes or a smaller z_step.`;
      throw new ParfocalError("usage", message, {
        option: `${of}size`,
        got: size,
        expected: `a field above ${width} um`,
      });
    }
  }
}
