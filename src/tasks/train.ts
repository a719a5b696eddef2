import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { tasks } from "../models/networks/common-info.ts";
import { findRecipe, recipesAmong } from "../simulate/recipe-file.ts";
import { changeRecipe } from "../simulate/recipe-flags.ts";
import { methodOf, resolveConfig } from "../train/config.ts";
import { readConfigFile } from "../train/config-file.ts";
import { readSamples } from "../train/data/read-samples.ts";
import { openRecipeTraining, type RecipeTraining } from "../train/data/recipe-training.ts";
import { findLearningRate } from "../train/find-learning-rate.ts";
import { methodNames } from "../train/methods/methods.ts";
import type { TrainingProgress } from "../train/train.ts";
import { readFeatureNetwork, trainRun } from "../train/train-run.ts";
import { imageInputs, imageSource, option, otherInput, runtimeOptions } from "./options.ts";
import { inSeconds, plain, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { newsOfStep } from "./training-news.ts";
import { methodOptions, namedMethod, recipeImageOptions } from "./training-options.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const ofRecipe = { group: "Recipe" };
const targets = { group: "Targets" };

const options = z.strictObject({
  stacks: imageInputs(
    "z-stacks to train on, or a recipe to simulate them from (a .yaml file, or the name of a shipped recipe)",
  ),
  task: option(z.enum(tasks).optional(), "what the model is for", { default_in_words: "that of the method" }),
  method: option(z.enum(methodNames).optional(), "method to train; see the list below", {
    default_in_words: "that of the task",
    placeholder: "name",
  }),
  config: option(
    z.string().optional(),
    "YAML file with training options; its keys are the names of the flags in snake_case, such as batch_size",
    {
      role: "config",
      placeholder: "file",
    },
  ),
  output: option(z.string().default("runs"), "folder for training runs", {
    role: "output",
    short: "o",
    placeholder: "folder",
  }),
  resume: option(z.boolean().default(false), "continue the newest run of this `experiment_name` that has a checkpoint"),
  find_learning_rate: option(
    z.boolean().default(false),
    "try 100 increasing learning rates and suggest one, without training a model",
  ),
  target: option(
    z.array(z.string()).optional(),
    "target image of each stack, such as an optical section or a confocal image; repeat it for several stacks",
    {
      role: "input",
      placeholder: "image",
      ...targets,
    },
  ),
  target_channel: option(
    z.int().nonnegative().optional(),
    "channel of the targets; without `target`, another channel of the stacks is the target",
    targets,
  ),
  register: option(
    z.boolean().default(false),
    "register each target to its stack first, and crop both to their overlap",
    targets,
  ),
  recipe: otherInput("recipe")
    .optional()
    .meta({
      description:
        "recipe of simulated fields to train on in addition to the stacks; `simulated_share` sets their fraction",
      role: "config",
      placeholder: "name",
      ...ofRecipe,
    }),
  ...recipeImageOptions,
  ...runtimeOptions,
  ...imageSource,
});

type Options = z.output<typeof options>;
type Given = Options & Record<string, unknown>;

const figures = z.record(z.string(), z.unknown());

/** Trains a model of any method on z-stacks, pairs of stacks, or a recipe. */
export const train = defineTask({
  options,
  moreOptions: async (given, storage) => {
    const file = typeof given.config === "string" ? await readConfigFile(storage, given.config) : {};
    return methodOptions(namedMethod(given, file), []);
  },
  result: z.strictObject({
    run: z.string().optional().describe("the run's folder"),
    model: z.string().optional().describe("the model's folder"),
    steps: z.int().optional(),
    input_offsets_um: z.array(z.number()).optional().describe("positions of the input planes that the model takes"),
    distance_range_um: z.array(z.number()).optional().describe("distances that the model refocuses by"),
    val: figures.optional().describe("scores of the validation"),
    val_groups: z.array(figures).optional(),
    verdict: figures.optional().describe("whether the model is better than what was recorded"),
    table: z.array(figures).optional(),
    means: figures.optional(),
    suggested_learning_rate: z.number().optional(),
    lowest_loss_at: z.number().optional(),
    curve: z.array(z.strictObject({ rate: z.number(), loss: z.number().nullable() })).optional(),
    seconds: z.number(),
    warnings,
  }),
  async run(given, context) {
    const begun = performance.now();
    const { storage, signal, warn, note } = context;
    const file = given.config === undefined ? {} : await readConfigFile(storage, given.config);
    const config = { ...file, ...keysOf(given), method: methodFor(given, file) };
    const recipe = await openRecipe(given, config, context);
    try {
      for (const warning of recipe?.warnings ?? []) warn(warning);
      const alone = recipe !== undefined && given.recipe === undefined;
      const stacks = alone ? recipe.validation : await readStacks(given, context);
      return await withRuntime(given, context, async (runtime) => {
        const fields = recipe?.fields;
        if (given.find_learning_rate) {
          const resolved = resolveConfig(config, stacks);
          const featureNetwork = await readFeatureNetwork(storage, resolved);
          const { suggested, lowest, curve } = await findLearningRate(stacks, resolved, {
            ...{ runtime, fields, featureNetwork, signal, onWarning: warn },
            onProgress: (progress) => context.onProgress({ ...progress, unit: "rates tried" }),
          });
          const seconds = inSeconds(begun);
          return plain({ suggested_learning_rate: suggested, lowest_loss_at: lowest, curve, seconds });
        }
        const done = await trainRun(context, stacks, {
          ...{
            config,
            root: given.output,
            resume: given.resume,
            fields,
            runtime,
            signal,
            onWarning: warn,
            onStage: note,
          },
          onProgress: (progress) => reportStep(progress, context),
        });
        const { scores, groups, judgement } = done.report;
        return plain({
          run: done.run,
          model: done.model,
          steps: done.steps,
          ...("input_offsets" in done.info && { input_offsets_um: done.info.input_offsets }),
          ...("distance_range" in done.info && { distance_range_um: done.info.distance_range }),
          seconds: Math.round(done.seconds * 1000) / 1000,
          val: scores,
          val_groups: groups.map(({ label, distance_um, scores: own }) => ({ label, distance_um, ...own })),
          ...(judgement && { verdict: judgement.verdict, table: judgement.rows, means: judgement.means }),
        });
      });
    } finally {
      await recipe?.close();
    }
  },
});

/** Training as every door shows it: a step, and news of each validation. */
export function reportStep(progress: TrainingProgress, { onProgress, note }: Pick<TaskContext, "onProgress" | "note">) {
  const { step, steps, secondsLeft, loss } = progress;
  const left = secondsLeft !== undefined && { secondsLeft };
  onProgress({ done: step, total: steps, unit: "steps", ...left, message: `loss ${loss.toPrecision(3)}` });
  if (progress.validation) note(newsOfStep(progress));
}

/** Keys of the configuration among the options. */
const keysOf = (given: Given): Record<string, unknown> =>
  Object.fromEntries(Object.entries(given).filter(([key]) => !(key in options.shape)));

/** The method that options or the configuration file name. */
function methodFor(given: Options, file: Record<string, unknown>): string {
  const found = methodOf(namedMethod(given, file));
  if (given.task === undefined || found.task === given.task) return found.name;
  throw wrong(`${found.name} is a method for ${found.task}, not for ${given.task}`, "task");
}

function readStacks(given: Options, context: TaskContext): Promise<NamedStack[]> {
  const { stacks, channel, time, target_channel: targetChannel, register, target = [], ...source } = given;
  return withImages([...stacks, ...target], source, context, async (images) => {
    const targets = given.target && images.slice(stacks.length);
    const { signal } = context;
    return readSamples(images.slice(0, stacks.length), { channel, time, targets, targetChannel, register, signal });
  });
}

/** The recipe that the options name, if they do: a file or folder of the same name is taken for stacks. */
async function openRecipe(
  { stacks, recipe: beside, set, ...given }: Options,
  config: { method: string; model_pixel_size?: unknown },
  { storage, openSimulation, signal }: TaskContext,
): Promise<RecipeTraining | undefined> {
  const named = [...(await recipesAmong(storage, stacks)), ...(beside === undefined ? [] : [beside])];
  if (named.length === 0) {
    for (const option of ["input_image", "target_image"] as const) {
      if (given[option] === undefined) continue;
      throw wrong(`\`${option}\` is for recipes, and ${stacks.join(", ")} is none`, option);
    }
    if (set === undefined) return undefined;
    throw wrong(`\`set\` changes a recipe, and ${stacks.join(", ")} is none`, "set");
  }
  if (named.length > 1 || (beside === undefined && stacks.length > 1)) {
    throw wrong(`${named[0]} is a recipe; give it alone, or stacks`, "stacks");
  }
  const { recipe, folder } = await findRecipe(storage, named[0]);
  const paired = methodOf(config.method).task === "section";
  // A run that is resumed has the key in its own configuration.
  const anyPixelSize = config.model_pixel_size !== undefined || given.resume;
  const images = { image: given.input_image, target: given.target_image };
  const settings = { openSimulation, folder, ...images, paired, anyPixelSize, signal };
  return openRecipeTraining(storage, changeRecipe(recipe, {}, Object.entries(set ?? {})), settings);
}

function wrong(detail: string, option: string): ParfocalError {
  return new ParfocalError("usage", `Training: ${detail}.`, { option });
}
