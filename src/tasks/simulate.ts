import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { findRecipe } from "../simulate/recipe-file.ts";
import { changeRecipe, recipeFlags } from "../simulate/recipe-flags.ts";
import { recipeToYaml } from "../simulate/recipe-yaml.ts";
import { resolveRecipe } from "../simulate/resolve-recipe.ts";
import { recipeVariants, shippedRecipes } from "../simulate/shipped-recipes.ts";
import { asGiven, force, option, pick, runtimeOptions } from "./options.ts";
import { inSeconds, plain, warnings } from "./results.ts";
import { type SimulatedRecipe, simulateRecipe } from "./simulate-recipe.ts";
import { defineTask } from "./task.ts";

const flags = asGiven(recipeFlags.shape, { group: "Recipe" });

/** Keys of a recipe by their paths. */
export const setKeys = option(
  z.record(z.string(), z.unknown()).optional(),
  "sets any key of the recipe by its path, such as specimen.cells=60; can be repeated",
);

const paths = z.record(z.string(), z.string());

/** Simulates stacks and data sets with known ground truth. */
export const simulate = defineTask({
  options: z.strictObject({
    recipe: option(z.string().optional(), "name of a shipped recipe (see `list`), or a .yaml file", {
      role: "config",
      positional: true,
    }),
    output: option(
      z.string().default("simulated"),
      "folder for the results, or file name for a single stack (.tif, .ome.tif)",
      {
        role: "output",
        short: "o",
        placeholder: "path",
      },
    ),
    force,
    list: option(z.boolean().default(false), "list the shipped recipes, with a short description of each"),
    print: option(z.boolean().default(false), "print the complete recipe as YAML instead of simulating it"),
    volume: option(z.boolean().default(false), "also write the density of the specimen as a float32 stack"),
    set: setKeys,
    ...flags,
    threads: runtimeOptions.threads,
  }),
  result: z.strictObject({
    output: z.string().optional(),
    truth: z.string().optional(),
    images: z.record(z.string(), paths).optional().describe("the files of each image"),
    objects: z.string().optional().describe("list of the objects in the field, JSON"),
    volume: z.string().nullable().optional(),
    shape: z.array(z.int()).optional(),
    seed: z.int().optional(),
    objects_in_field: z.int().optional(),
    manifest: z.string().optional().describe("of a data set"),
    fields: z.record(z.string(), z.int()).optional().describe("of a data set: how many to train, validate and test"),
    skipped: z.int().optional().describe("number of fields that existed already"),
    recipe: z.record(z.string(), z.unknown()).optional(),
    yaml: z.string().optional().describe("the recipe as it is written in a file"),
    recipes: z.array(z.strictObject({ name: z.string(), summary: z.string() })).optional(),
    variants: z.array(z.string()).optional(),
    seconds: z.number().optional(),
    warnings,
  }),
  async run(given, { storage, openSimulation, signal, warn, ...context }) {
    const begun = performance.now();
    if (given.list) return plain({ recipes: shippedRecipes, variants: recipeVariants });
    if (given.recipe === undefined) {
      const message =
        "No recipe was given. Give the name of a shipped recipe, such as beads (`list` shows all), or a .yaml file.";
      throw new ParfocalError("usage", message, { option: "recipe", expected: "a shipped name or a .yaml file" });
    }
    const found = await findRecipe(storage, given.recipe);
    const changed = changeRecipe(found.recipe, pick(given, flags), Object.entries(given.set ?? {}));
    if (given.print) {
      const recipe = resolveRecipe(changed);
      return plain({ recipe, yaml: recipeToYaml(recipe) });
    }
    const { fields } = changed as { fields?: unknown };
    const unit = typeof fields === "number" && fields > 1 ? "fields simulated" : "planes simulated";
    const { output, force, volume, threads } = given;
    const made = await simulateRecipe(storage, changed, {
      ...{ openSimulation, output, folder: found.folder, force, volume, threads, signal },
      onProgress: (progress) => context.onProgress({ ...progress, unit }),
    });
    for (const warning of made.warnings) warn(warning);
    return plain({ ...describe(made, output), recipe: made.recipe, seconds: inSeconds(begun) });
  },
});

function describe({ recipe, single, dataSet }: SimulatedRecipe, output: string) {
  if (single) {
    const { files, field } = single;
    const [first] = Object.keys(files.images);
    const { depth, height, width } = field.images[first].stack;
    return {
      output: files.images[first].image,
      truth: files.images[first].truth,
      images: files.images,
      objects: files.objects,
      volume: files.volume ?? null,
      shape: [depth, height, width],
      seed: recipe.seed,
      objects_in_field: field.objects.length,
    };
  }
  const { manifest, fields = [], skipped = 0 } = dataSet ?? {};
  const count = (split: string): number => fields.filter((field) => field.split === split).length;
  const counts = { train: count("train"), val: count("val"), test: count("test") };
  return { output, manifest, fields: counts, skipped, seed: recipe.seed };
}
