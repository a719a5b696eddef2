/** `parfocal simulate`: stacks and data sets whose truth is known. */

import type { Command } from "commander";
import {
  changeRecipe,
  fileStorage,
  findRecipe,
  ParfocalError,
  recipeFlags,
  recipeToYaml,
  recipeVariants,
  resolveRecipe,
  type SimulatedRecipe,
  shippedRecipes,
  simulateRecipe,
} from "../node.ts";
import { setOption } from "./option-values.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { table } from "./text.ts";
import type { CommonOptions, Result, Verb } from "./verb.node.ts";

interface SimulateOptions extends CommonOptions {
  out: string;
  force?: boolean;
  volume?: boolean;
  list?: boolean;
  print?: boolean;
  set?: [string, unknown][];
}

export const simulate: Verb<SimulateOptions> = {
  name: "simulate",
  arguments: "[recipe]",
  summary: "Simulate stacks whose truth is known, from a recipe: what is in the field, how it is seen and recorded.",
  notes: [
    "A recipe is a shipped name (--list; each also as NAME-aberrated) or a .yaml file (--print makes one to edit).",
    "One field gives the stack (uint16), its truth without noise (float32) and what is where (JSON): in a folder, or as NAME.tif,",
    "NAME_truth.tif and NAME_objects.json. Several fields give a data set: train, val and test folders and dataset.json; called again,",
    "it goes on where it was stopped.",
  ],
  examples: [
    "parfocal simulate --list",
    "parfocal simulate beads --seed 1",
    "parfocal simulate beads --out beads.tif --size 64 --planes 9 --beads 6 --json",
    "parfocal simulate beads --out oil --na 1.3 --refractive-index 1.515 --pixel-size 0.1 --z-step 0.3 --diameter 0.5:2",
    "parfocal simulate nuclei --print",
    "parfocal simulate wf-to-os-sim --out sections --fields 3 --size 64 --planes 3 --set specimen.cells=60",
  ],
  uses: ["seed", "threads"],
  options(command: Command) {
    command
      .option("-o, --out <path>", "folder, or name of a single stack (.tif, .ome.tif)", "simulated")
      .option("--force", "replace files that exist")
      .option("--list", "the shipped recipes, with a sentence about each")
      .option("--print", "print the whole recipe as YAML instead")
      .option("--volume", "also write the density of the specimen (float32)")
      .addOption(setOption("of the recipe"));
    addSchemaOptions(command, recipeFlags);
  },
  async run([word], options, terminal) {
    const started = performance.now();
    if (options.list) return listOf();
    if (word === undefined) {
      const message =
        "Simulate what? Give a recipe, such as beads, or a .yaml file; --list shows those that are shipped.";
      throw new ParfocalError("usage", message, { option: "recipe", expected: "a shipped name or a .yaml file" });
    }
    const found = await findRecipe(fileStorage, word);
    const changed = changeRecipe(found.recipe, schemaValues(recipeFlags, options), options.set);
    if (options.print) {
      const recipe = resolveRecipe(changed);
      return { json: { recipe }, text: recipeToYaml(recipe).trimEnd() };
    }
    const fields = (changed as { fields?: unknown }).fields;
    const onProgress = terminal.progress(
      typeof fields === "number" && fields > 1 ? "fields simulated" : "planes simulated",
    );
    const { out: output, force, volume, threads } = options;
    const { signal } = terminal;
    const settings = { output, folder: found.folder, force, volume, threads, signal, onProgress };
    const made = await simulateRecipe(changed, settings);
    const seconds = Math.round(performance.now() - started) / 1000;
    return made.single ? singleOf(made, made.single, seconds) : dataSetOf(made, output, seconds);
  },
};

function listOf(): Result {
  return {
    json: { recipes: shippedRecipes, variants: recipeVariants },
    text: table(shippedRecipes.map(({ name, summary }) => [name, summary])),
  };
}

type Single = NonNullable<SimulatedRecipe["single"]>;

function singleOf({ recipe, warnings }: SimulatedRecipe, { files, field }: Single, seconds: number): Result {
  const [first] = Object.keys(files.images);
  const { depth, height, width } = field.images[first].stack;
  const entries = Object.entries(files.images);
  return {
    json: {
      output: files.images[first].image,
      truth: files.images[first].truth,
      images: files.images,
      objects: files.objects,
      volume: files.volume ?? null,
      shape: [depth, height, width],
      seed: recipe.seed,
      objects_in_field: field.objects.length,
      recipe,
      warnings,
      seconds,
    },
    text: table([
      ...entries.flatMap(([name, { image, truth, exposures, field: wave }]) => [
        [name, image],
        ["  truth", truth],
        ...(exposures ? [["  exposures", exposures]] : []),
        ...(wave ? [["  field", wave]] : []),
      ]),
      ...(files.volume ? [["volume", files.volume]] : []),
      ["objects", files.objects],
      ["size", `${depth} planes of ${height} x ${width} pixels, seed ${recipe.seed}`],
    ]),
    warnings,
  };
}

function dataSetOf({ recipe, warnings, dataSet }: SimulatedRecipe, output: string, seconds: number): Result {
  const { manifest, fields = [], skipped = 0 } = dataSet ?? {};
  const count = (split: string): number => fields.filter((field) => field.split === split).length;
  const counts = { train: count("train"), val: count("val"), test: count("test") };
  return {
    json: { output, manifest, fields: counts, skipped, seed: recipe.seed, recipe, warnings, seconds },
    text: table([
      ["data set", output],
      ["manifest", manifest ?? ""],
      ["fields", `${counts.train} to train, ${counts.val} to validate, ${counts.test} to test`],
      ...(skipped > 0 ? [["skipped", `${skipped} fields that were there already`]] : []),
    ]),
    warnings,
  };
}
