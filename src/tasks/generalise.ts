import { z } from "zod";
import { ParfocalError } from "../errors.ts";
import { findRecipe, recipesAmong } from "../simulate/recipe-file.ts";
import { changeRecipe } from "../simulate/recipe-flags.ts";
import { methodOf } from "../train/config.ts";
import { readConfigFile } from "../train/config-file.ts";
import { readSamples } from "../train/data/read-samples.ts";
import { methodNames } from "../train/methods/methods.ts";
import { generalise as judgeGeneralisation } from "./generalise/leave-one-out.ts";
import { leaveOneOutKinds } from "./generalise/leave-one-out-plan.ts";
import type { LeaveOneOutRecipe } from "./generalise/leave-one-out-recipe.ts";
import type { LeaveOneOutStacks } from "./generalise/leave-one-out-stacks.ts";
import { force, imageInputs, imageSource, option, output, runtimeOptions } from "./options.ts";
import { inSeconds, plain, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { methodOptions, namedMethod, recipeImageOptions } from "./training-options.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const once = (words: readonly string[]): boolean => new Set(words).size === words.length;
const ofRecipe = { group: "Recipe" };
const ofStacks = { group: "Stacks" };

const options = z.strictObject({
  stacks: imageInputs(
    "z-stacks, or a recipe with several objectives or specimens (a .yaml file, or the name of a shipped recipe)",
  ),
  output: output("folder for the report (index.html), its data and the models", "folder"),
  leave_out: option(
    z
      .array(z.enum(leaveOneOutKinds))
      .min(1)
      .refine(once, `expected ${leaveOneOutKinds.join(", ")}, or several, each once`)
      .optional(),
    `what is left out: ${leaveOneOutKinds.join(", ")}, or several of them`,
    {
      default_in_words: "the first of these of which the data have several",
    },
  ),
  method: option(z.enum(methodNames).optional(), "method to train; the help of train lists them", {
    default_in_words: "deep-z",
    placeholder: "name",
  }),
  config: option(
    z.string().optional(),
    "YAML file with training options except experiment_name; its keys are the names of the flags in snake_case",
    {
      role: "config",
      placeholder: "file",
    },
  ),
  force: force.meta({ description: "replace an existing report; models of the same configuration and data are kept" }),
  slides: option(
    z.array(z.string().trim()).optional(),
    "name of the slide of each stack, in the order of the stacks, such as old,old,new",
    ofStacks,
  ),
  target: option(
    z.array(z.string()).optional(),
    "target image of each stack, for a method that sections; repeat it for each stack",
    {
      role: "input",
      placeholder: "image",
      ...ofStacks,
    },
  ),
  target_channel: option(
    z.int().nonnegative().optional(),
    "channel of the targets; without `target`, another channel of the stacks is the target",
    ofStacks,
  ),
  register: option(
    z.boolean().default(false),
    "register each target to its stack first, and crop both to their overlap",
    ofStacks,
  ),
  judged_fields: option(
    z.int().min(1).optional(),
    "number of test fields for each combination of objective and specimen",
    {
      default_in_words: "2",
      ...ofRecipe,
    },
  ),
  ...recipeImageOptions,
  ...runtimeOptions,
  ...imageSource,
});

type Options = z.output<typeof options>;

const figures = z.record(z.string(), z.unknown());

/** Leaves one objective, specimen, stack or slide out, trains on the others, and judges on all. */
export const generalise = defineTask({
  options,
  moreOptions: async (given, storage) => {
    const file = typeof given.config === "string" ? await readConfigFile(storage, given.config) : {};
    // Each model is an experiment of its own, with its own name.
    return methodOptions(namedMethod(given, file), ["experiment_name"]);
  },
  result: z.strictObject({
    report: z.string().describe("the page"),
    summary: z.array(figures).describe("for what was left out: gains where it was never seen, and where it was"),
    gains: z.array(figures).describe("of every model on all data"),
    models: z.array(figures),
    config: figures.describe("of every training"),
    seconds: z.number(),
    warnings,
  }),
  async run(given, context) {
    const begun = performance.now();
    const { storage, signal, note, request: command, warn } = context;
    const file = given.config === undefined ? {} : await readConfigFile(storage, given.config);
    const { name: method } = methodOf(namedMethod(given, file));
    const keys = Object.entries(given).filter(([key]) => !(key in options.shape));
    const { experiment_name: _, ...config } = { ...file, ...Object.fromEntries(keys) } as Record<string, unknown>;
    const data = (await openRecipe(given, context)) ?? (await readStacks(given, context));
    return withRuntime(given, context, async (runtime) => {
      const { leave_out: leaveOut, output, force } = given;
      const done = await judgeGeneralisation(context, data, output, {
        ...{ config: { ...config, method }, leaveOut, force, runtime, command, signal, onNote: note },
        onProgress: ({ what, state, secondsLeft, ...progress }) =>
          context.onProgress({
            ...progress,
            unit: what,
            ...(state !== undefined && { message: state }),
            ...(secondsLeft !== undefined && { secondsLeft }),
          }),
        onWarning: warn,
      });
      const withNulls = (one: object) =>
        Object.fromEntries(Object.entries(one).map(([key, value]) => [key, value ?? null]));
      return plain({
        report: done.report,
        summary: done.summary.map(withNulls),
        gains: done.gains.map(withNulls),
        models: done.models.map(({ leftOut, ...model }) => withNulls({ ...model, left_out: leftOut })),
        config: done.config,
        seconds: inSeconds(begun),
      });
    });
  },
});

async function openRecipe(
  { stacks, input_image: image, target_image: target, judged_fields: fields, set, slides }: Options,
  { storage }: TaskContext,
): Promise<LeaveOneOutRecipe | undefined> {
  const [named] = await recipesAmong(storage, stacks);
  if (named === undefined) {
    const only = { set, judged_fields: fields, input_image: image, target_image: target };
    for (const [option, value] of Object.entries(only)) {
      if (value !== undefined) throw wrong(`\`${option}\` is for recipes, and ${stacks.join(", ")} is none`, option);
    }
    return undefined;
  }
  if (stacks.length > 1) throw wrong(`${named} is a recipe; give it alone, or stacks`, "stacks");
  if (slides !== undefined) throw wrong(`\`slides\` names the slides of stacks, and ${named} is a recipe`, "slides");
  const { recipe, folder } = await findRecipe(storage, named);
  return { recipe: changeRecipe(recipe, {}, Object.entries(set ?? {})), folder, image, target, fields };
}

async function readStacks(given: Options, context: TaskContext): Promise<LeaveOneOutStacks> {
  const { stacks, channel, time, target_channel: targetChannel, register, slides, target = [], ...source } = given;
  const samples = await withImages([...stacks, ...target], source, context, async (images) => {
    const targets = given.target && images.slice(stacks.length);
    const { signal } = context;
    return readSamples(images.slice(0, stacks.length), { channel, time, targets, targetChannel, register, signal });
  });
  return { samples, slides };
}

function wrong(detail: string, option: string): ParfocalError {
  return new ParfocalError("usage", `Generalise: ${detail}.`, { option });
}
