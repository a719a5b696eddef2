/** From what somebody wrote to a complete recipe, or one sentence about what is wrong with it. */
import { ParfocalError } from "../errors.ts";
import { type CameraOptions, cameraOptions } from "../optics/camera/camera-options.ts";
import { isTilted } from "../optics/camera/stage.ts";
import type { StageOptions } from "../optics/camera/stage-options.ts";
import type { PsfModel } from "../optics/psf/psf-model.ts";
import { parseChecked } from "./check-keys.ts";
import { imagingModes } from "./modes.ts";
import { opticsSchema, type RecipeOptics } from "./optics-schema.ts";
import { type Recipe, type RecipeImage, type RecipeObject, recipeSchema } from "./recipe.ts";

/** A recipe as one objective sees one sample: nothing is left to be looked up. */
export interface View {
  objective?: string;
  sample?: string;
  size: number;
  pixelSize: number;
  zStep: number;
  planes: number;
  focusPlane: number;
  object: RecipeObject;
  stage: StageOptions;
  images: { name: string; image: RecipeImage; optics: RecipeOptics; camera: CameraOptions; model: PsfModel }[];
}

/**
 * Checks a recipe and fills in the defaults; a resolved recipe resolves to itself.
 * @param where what messages call it, such as its file; default its name
 * @throws `usage` for the first wrong or unknown key, with its path, what was given, and what is expected
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
  if (recipe.object === undefined && recipe.samples.length === 0) {
    refuse("object", undefined, "an object or samples", "give an object, such as {kind: beads}, or a list of samples");
  }
  for (const key of ["objectives", "samples"] as const) {
    const names = recipe[key].map((one) => one.name);
    const twice = names.find((one, i) => names.indexOf(one) < i);
    if (twice !== undefined) refuse(key, twice, "names that differ", "two of them have this name; give another");
    if (names.length > 0 && recipe[key].every((one) => one.test_only)) {
      refuse(key, names, "one that is not test_only", "all are test_only, so that nothing is left to train on");
    }
  }
  for (const view of viewsOf(recipe, title)) checkView(view, title, refuse);
  return recipe;
}

/** Every objective with every sample. */
export function viewsOf(recipe: Recipe, title = `Recipe ${recipe.name}`): View[] {
  const objectives = recipe.objectives.length > 0 ? recipe.objectives : [undefined];
  const samples = recipe.samples.length > 0 ? recipe.samples : [undefined];
  return objectives.flatMap((objective) => samples.map((sample) => viewOf(recipe, objective, sample, title)));
}

function viewOf(
  recipe: Recipe,
  objective: Recipe["objectives"][number] | undefined,
  sample: Recipe["samples"][number] | undefined,
  title: string,
): View {
  const from = <K extends "pixel_size" | "z_step" | "planes">(key: K): number => objective?.[key] ?? recipe[key];
  const planes = from("planes");
  const own = objective?.focus_plane;
  return {
    ...(objective ? { objective: objective.name } : {}),
    ...(sample ? { sample: sample.name } : {}),
    size: recipe.size,
    pixelSize: from("pixel_size"),
    zStep: from("z_step"),
    planes,
    focusPlane: own ?? (planes === recipe.planes ? recipe.focus_plane : Math.floor(planes / 2)),
    stage: recipe.stage,
    object: (sample?.object ?? recipe.object) as RecipeObject,
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

/** The keys that only its mode knows. */
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
  const message = `${title}: ${option} is ${na}: expected ${expected}; for immersion give refractive_index, 1.333 (water) or 1.515 (oil).`;
  return new ParfocalError("usage", message, { option, got: na, expected });
}

function given(overrides: object | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(overrides ?? {}).filter(([, value]) => value !== undefined));
}

type Refuse = (option: string, got: unknown, expected: string, advice: string) => never;

/** What cannot be seen from one key alone. */
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
      const advice = `the focus of image ${name}, ${image.mode}, cannot vary over the field; leave tilt out, or that image`;
      refuse("stage.tilt", view.stage.tilt, "[0, 0]", advice);
    }
    const farthest = Math.max(focusPlane, planes - 1 - focusPlane) * zStep;
    const width = 2 * model.radius(farthest);
    const field = size * pixelSize;
    if (width > field) {
      const message =
        `${title}: the PSF of image ${name} is ${width.toPrecision(3)} um wide ${farthest.toPrecision(3)} um from focus, more than ` +
        `the field of ${size} pixels of ${pixelSize} um, ${field.toPrecision(3)} um: give a larger size, fewer planes or a smaller z_step.`;
      throw new ParfocalError("usage", message, {
        option: `${of}size`,
        got: size,
        expected: `a field above ${width} um`,
      });
    }
  }
}
