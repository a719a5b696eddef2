/** Chooses the fields of a recipe for training and for validation. */
import { ParfocalError } from "../../errors.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { fieldCounts } from "../../simulate/assign-fields.ts";
import type { Recipe } from "../../simulate/recipe.ts";
import { recipeToYaml } from "../../simulate/recipe-yaml.ts";
import { viewsOf } from "../../simulate/resolve-recipe.ts";
import type { SimulatedField } from "../../simulate/simulator.ts";
import type { FieldSource } from "./field-pool.ts";
import { resampleAdvice } from "./same-pixel-size.ts";

/** Number of validation fields where the recipe has no validation part. */
const validationFields = 4;

/** The images of a recipe that are used for training. */
export interface ImageRoles {
  /** The input image; default the first image of the recipe. */
  image?: string | undefined;
  /** The target image; default none, for methods that are trained on one kind of image. */
  target?: string | undefined;
  /** Whether a target is required; where none is named it is the second image of the recipe. */
  paired?: boolean | undefined;
}

export interface RecipeFieldsOptions extends ImageRoles {
  /**
   * Whether objectives may have different pixel sizes, which is possible where `model_pixel_size` is set and all fields
   * are resampled.
   */
  anyPixelSize?: boolean | undefined;
}

/** Simulates a field of the recipe by its number, in this thread or another one. */
export type MakeField = (index: number) => Promise<Pick<SimulatedField, "images">>;

/**
 * Turns a recipe into an endless source of training fields. They are numbered after those of the data set of the recipe
 * and after the validation fields, so that neither is ever used for training.
 *
 * @throws `usage` for an unknown image, a single plane, or objectives with different pixel sizes where all must be
 *   equal
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
  // Validation uses the fields of the part val of the data set, or, where there is none, numbers beyond the data set.
  const own = recipe.fields > 1 && val > 0;
  const held = Array.from({ length: own ? val : validationFields }, (_, i) => (own ? train : recipe.fields) + i);
  const first = recipe.fields + (own ? 0 : validationFields);
  const stackOf = async (index: number): Promise<NamedStack> => {
    const { images } = await make(index);
    const { stack, field } = images[name];
    const truth = target === undefined ? undefined : images[target].stack;
    return { name: `${recipe.name} ${index}`, stack, target: truth, field, simulated: true };
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
  const message = `The recipe ${recipe.name} has no image ${image}. Its images are ${names.join(", ")}.`;
  throw new ParfocalError("usage", message, { option: "image", got: image, expected: `one of ${names.join(", ")}` });
}

function otherImage(recipe: Recipe, image: string): string {
  const other = Object.keys(recipe.images).find((name) => name !== image);
  if (other !== undefined) return other;
  const message =
    `The recipe ${recipe.name} has only the image ${image}, but this method needs an input and a target image. ` +
    "Give a recipe with two images, such as wf-to-os-sim.";
  throw new ParfocalError("usage", message, { option: "target-image", got: image, expected: "two images" });
}

function checkTrainable(recipe: Recipe, { anyPixelSize = false }: RecipeFieldsOptions): void {
  const views = viewsOf(recipe);
  const sizes = [...new Set(views.map(({ pixelSize }) => pixelSize))];
  if (sizes.length > 1 && !anyPixelSize) {
    const message =
      `The recipe ${recipe.name} has objectives with pixel sizes of ${sizes.join(", ")} um, but a model has one pixel size. ` +
      `Either ${resampleAdvice(sizes)}, or use a recipe with one objective.`;
    throw new ParfocalError("usage", message, { option: "objectives", got: sizes, expected: "one pixel size" });
  }
  if (views.every(({ planes }) => planes > 1)) return;
  const message = `The recipe ${recipe.name} has a single plane, but refocusing is trained on z-stacks. Set more planes.`;
  throw new ParfocalError("usage", message, { option: "planes", got: 1, expected: "2 or more" });
}
