/** What of a recipe is trained on, and what is kept to validate. */
import { ParfocalError } from "../errors.ts";
import { fieldCounts } from "../simulate/assign-fields.ts";
import type { Recipe } from "../simulate/recipe.ts";
import { recipeToYaml } from "../simulate/recipe-yaml.ts";
import { viewsOf } from "../simulate/resolve-recipe.ts";
import type { SimulatedField } from "../simulate/simulator.ts";
import type { FieldSource } from "./field-pool.ts";
import type { NamedStack } from "./split-stacks.ts";

/** Fields that validate where the recipe sets none aside. */
const validationFields = 4;

/** Makes a field of the recipe by its number, here or in another thread. */
export type MakeField = (index: number) => Promise<Pick<SimulatedField, "images">>;

/**
 * The recipe as an endless source to train on. Its fields are numbered after those of the recipe's data set and after those that
 * validate, so that neither is ever trained on.
 *
 * @param image which of the recipe's images is learnt; default its first
 * @throws `usage` for an unknown image, a single plane, or lenses of different pixels, which one model cannot learn
 */
export function recipeFields(
  recipe: Recipe,
  make: MakeField,
  image?: string,
): FieldSource & { validation(): Promise<NamedStack[]> } {
  const name = imageOf(recipe, image);
  checkTrainable(recipe);
  const { train, val } = fieldCounts(recipe.fields, recipe.split);
  // Fields 0, 1, ... of a data set: those of its part val; without one, numbers that no data set reaches.
  const own = recipe.fields > 1 && val > 0;
  const held = Array.from({ length: own ? val : validationFields }, (_, i) => (own ? train : recipe.fields) + i);
  const first = recipe.fields + (own ? 0 : validationFields);
  const stackOf = async (index: number): Promise<NamedStack> => {
    const { images } = await make(index);
    return { name: `${recipe.name} ${index}`, stack: images[name].stack };
  };
  return {
    name: recipe.name,
    description: recipeToYaml(recipe),
    field: (index) => stackOf(first + index),
    validation: () => Promise.all(held.map(stackOf)),
  };
}

function imageOf(recipe: Recipe, image: string | undefined): string {
  const names = Object.keys(recipe.images);
  if (image === undefined || names.includes(image)) return image ?? names[0];
  const message = `Recipe ${recipe.name} has no image ${image}; it has ${names.join(", ")}.`;
  throw new ParfocalError("usage", message, { option: "image", got: image, expected: `one of ${names.join(", ")}` });
}

function checkTrainable(recipe: Recipe): void {
  const views = viewsOf(recipe);
  const sizes = [...new Set(views.map(({ pixelSize }) => pixelSize))];
  if (sizes.length > 1) {
    const message =
      `Recipe ${recipe.name} has lenses with pixels of ${sizes.join(", ")} um, and a model learns one pixel size: ` +
      "give a recipe of one lens, or --set lenses=[].";
    throw new ParfocalError("usage", message, { option: "lenses", got: sizes, expected: "one pixel size" });
  }
  if (views.every(({ planes }) => planes > 1)) return;
  const message = `Recipe ${recipe.name} has a single plane; refocusing is learnt from a z-stack: give more planes.`;
  throw new ParfocalError("usage", message, { option: "planes", got: 1, expected: "2 or more" });
}
