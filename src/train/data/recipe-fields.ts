/** What of a recipe is trained on, and what is kept to validate. */
import { ParfocalError } from "../../errors.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { fieldCounts } from "../../simulate/assign-fields.ts";
import type { Recipe } from "../../simulate/recipe.ts";
import { recipeToYaml } from "../../simulate/recipe-yaml.ts";
import { viewsOf } from "../../simulate/resolve-recipe.ts";
import type { SimulatedField } from "../../simulate/simulator.ts";
import type { FieldSource } from "./field-pool.ts";
import { resampleAdvice } from "./same-pixel-size.ts";

/** Fields that validate where the recipe sets none aside. */
const validationFields = 4;

/** Which of a recipe's images are learnt from. */
export interface ImageRoles {
  /** What a network gets; default the recipe's first. */
  image?: string | undefined;
  /** What it shall make of it; default none, for what is learnt from the image alone. */
  target?: string | undefined;
  /** Whether there must be a target: without a name, the recipe's second image. */
  paired?: boolean | undefined;
}

export interface RecipeFieldsOptions extends ImageRoles {
  /**
   * Whether objectives may differ in their pixels: where `model_pixel_size` is set, to which all fields are resampled.
   */
  anyPixelSize?: boolean | undefined;
}

/** Makes a field of the recipe by its number, here or in another thread. */
export type MakeField = (index: number) => Promise<Pick<SimulatedField, "images">>;

/**
 * The recipe as an endless source to train on. Its fields are numbered after those of the recipe's data set and after
 * those that validate, so that neither is ever trained on.
 *
 * @throws `usage` for an unknown image, a single plane, or objectives of different pixels, which one model cannot learn
 */
export function recipeFields(
  recipe: Recipe,
  make: MakeField,
  options: RecipeFieldsOptions = {},
): FieldSource & { validation(): Promise<NamedStack[]> } {
  const name = imageOf(recipe, options.image) ?? Object.keys(recipe.images)[0];
  const target = imageOf(recipe, options.target) ?? (options.paired ? otherImage(recipe, name) : undefined);
  checkTrainable(recipe, options);
  const { train, val } = fieldCounts(recipe.fields, recipe.split);
  // Fields 0, 1, ... of a data set: those of its part val; without one, numbers that no data set reaches.
  const own = recipe.fields > 1 && val > 0;
  const held = Array.from({ length: own ? val : validationFields }, (_, i) => (own ? train : recipe.fields) + i);
  const first = recipe.fields + (own ? 0 : validationFields);
  const stackOf = async (index: number): Promise<NamedStack> => {
    const { images } = await make(index);
    const { stack, field } = images[name];
    const wanted = target === undefined ? undefined : images[target].stack;
    return { name: `${recipe.name} ${index}`, stack, target: wanted, field, simulated: true };
  };
  return {
    name: recipe.name,
    description: recipeToYaml(recipe),
    field: (index) => stackOf(first + index),
    validation: () => Promise.all(held.map(stackOf)),
  };
}

function imageOf(recipe: Recipe, image: string | undefined): string | undefined {
  const names = Object.keys(recipe.images);
  if (image === undefined || names.includes(image)) return image;
  const message = `Recipe ${recipe.name} has no image ${image}; it has ${names.join(", ")}.`;
  throw new ParfocalError("usage", message, { option: "image", got: image, expected: `one of ${names.join(", ")}` });
}

function otherImage(recipe: Recipe, image: string): string {
  const other = Object.keys(recipe.images).find((name) => name !== image);
  if (other !== undefined) return other;
  const message =
    `Recipe ${recipe.name} shows its specimens in one way only (${image}), and this method learns to make one image of another: ` +
    "give a recipe with two images, such as wf-to-os-sim.";
  throw new ParfocalError("usage", message, { option: "target-image", got: image, expected: "two images" });
}

function checkTrainable(recipe: Recipe, { anyPixelSize = false }: RecipeFieldsOptions): void {
  const views = viewsOf(recipe);
  const sizes = [...new Set(views.map(({ pixelSize }) => pixelSize))];
  if (sizes.length > 1 && !anyPixelSize) {
    const message =
      `Recipe ${recipe.name} has objectives with pixels of ${sizes.join(", ")} um, and a model learns one pixel size: ` +
      `${resampleAdvice(sizes)}, or give a recipe of one objective.`;
    throw new ParfocalError("usage", message, { option: "objectives", got: sizes, expected: "one pixel size" });
  }
  if (views.every(({ planes }) => planes > 1)) return;
  const message = `Recipe ${recipe.name} has a single plane; refocusing is learnt from a z-stack: give more planes.`;
  throw new ParfocalError("usage", message, { option: "planes", got: 1, expected: "2 or more" });
}
