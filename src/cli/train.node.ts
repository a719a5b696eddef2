/** `parfocal train`: a model from z-stacks. */
import { basename } from "node:path";
import {
  changeRecipe,
  findRecipe,
  type NamedStack,
  openRecipeTraining,
  openRuntime,
  ParfocalError,
  readConfigFile,
  readStack,
  recipesAmong,
  type TrainingProgress,
  trainingConfig,
  trainRun,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf, setOption } from "./option-values.ts";
import type { Progress } from "./progress.node.ts";
import { deviceOf } from "./refocus.node.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { table } from "./text.ts";
import type { CommonOptions, Verb } from "./verb.node.ts";

interface TrainOptions extends InputOptions, CommonOptions {
  task: string;
  config?: string;
  out: string;
  resume?: boolean;
  set?: [string, unknown][];
}

export const train: Verb<TrainOptions> = {
  name: "train",
  arguments: "<stack...>",
  summary: "Train a refocusing model on z-stacks of your own microscope, or on a recipe's simulated ones.",
  notes: [
    "A flag wins over the configuration file, and that over the default; the whole configuration is saved with the run, in",
    "OUT/EXPERIMENT_NAME/version_N: config.yaml, metrics.csv, TensorBoard events, checkpoints, previews, model.",
    "Of a recipe (a .yaml file, or a name that parfocal simulate --list shows), new fields are simulated while the training goes on.",
    "Ctrl-C writes a checkpoint, and --resume goes on from it: the result is the same as without the interruption.",
  ],
  examples: [
    "parfocal train stack.tif --channel 1 --input-offsets 0,2 --max-minutes 5",
    "parfocal train stack.tif --config config.yaml --out runs",
    "parfocal train stack.tif --config config.yaml --out runs --resume --json",
    "parfocal train review-beads-aberrated --max-minutes 5",
    "parfocal train my-recipe.yaml --set object.beads=30 --experiment-name sparse",
  ],
  uses: ["device", "threads", "seed"],
  options(command) {
    command
      .option("--task <name>", "what the model is for: refocus", oneOf(["refocus"]), "refocus")
      .option("--config <file>", "YAML with any of the keys below, in snake_case")
      .option("--out <folder>", "where runs are kept", "runs")
      .option("--resume", "go on with the newest run of this experiment_name");
    command.addOption(setOption("of the recipe"));
    addSchemaOptions(command, trainingConfig);
    addInputOptions(command);
  },
  async run(paths, options, terminal) {
    const { signal } = terminal;
    const file = options.config === undefined ? {} : await readConfigFile(options.config);
    const config = { ...file, ...schemaValues(trainingConfig, options) };
    const recipe = await openRecipe(paths, options, signal);
    for (const warning of recipe?.warnings ?? []) terminal.warn(warning);
    const stacks = recipe
      ? recipe.validation
      : await withImages(paths, options, async (images): Promise<NamedStack[]> => {
          const { channel, time } = options;
          const named: NamedStack[] = [];
          for (const image of images) {
            named.push({ name: basename(image.path), stack: await readStack(image, { channel, time, signal }) });
          }
          return named;
        });
    const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
    try {
      const fields = recipe?.fields;
      const report = terminal.progress("steps");
      const onProgress = (progress: TrainingProgress) => {
        report(stepsOf(progress));
        if (progress.validation) terminal.note(newsOf(progress));
      };
      const { out: root, resume } = options;
      const { warn: onWarning } = terminal;
      const done = await trainRun(stacks, { config, root, resume, fields, runtime, signal, onProgress, onWarning });
      const { scores } = done.report;
      const seconds = Math.round(done.seconds * 1000) / 1000;
      return {
        json: {
          run: done.run,
          steps: done.steps,
          seconds,
          val: scores,
          val_per_distance: done.report.perDistance.map(({ distance, scores }) => ({
            distance_um: distance,
            ...scores,
          })),
          model: done.model,
          warnings: done.warnings,
        },
        text: table([
          ["run", done.run],
          ["model", done.model],
          ["steps", `${done.steps} in ${done.seconds.toFixed(1)} s`],
          ["PSNR", `${scores.psnr.toFixed(2)} dB, input ${scores.input_psnr.toFixed(2)} dB`],
          ["SSIM", `${scores.ssim.toFixed(4)}, input ${scores.input_ssim.toFixed(4)}`],
          ...done.report.perDistance.map(({ distance, scores }) => [
            `${distance < 0 ? "" : "+"}${distance.toFixed(2)} um`,
            `PSNR ${scores.psnr.toFixed(2)} dB, input ${scores.input_psnr.toFixed(2)} dB`,
          ]),
          ["", "on pixels that were kept from training; data range 1 of the normalised images"],
        ]),
      };
    } finally {
      await recipe?.close();
      await runtime.close();
    }
  },
};

/** The recipe that the arguments name, if they do: a file or folder of the same name is taken for stacks. */
async function openRecipe(paths: readonly string[], options: TrainOptions, signal: AbortSignal) {
  const named = await recipesAmong(paths);
  if (named.length === 0) {
    if (options.set === undefined) return undefined;
    throw wrong(`--set changes a recipe, and ${paths.join(", ")} is none`, "--set");
  }
  if (paths.length > 1) throw wrong(`${named[0]} is a recipe; give it alone, or stacks`, "stack");
  const { recipe, folder } = await findRecipe(named[0]);
  return openRecipeTraining(changeRecipe(recipe, {}, options.set), { folder, signal });
}

function wrong(detail: string, option: string): ParfocalError {
  return new ParfocalError("usage", `Training: ${detail}.`, { option });
}

/** Training as the gauge shows it. */
export function stepsOf({ step, steps, secondsLeft, loss }: TrainingProgress): Progress {
  return { done: step, total: steps, secondsLeft, state: `loss ${loss.toPrecision(3)}` };
}

/** A line about a validation. */
export function newsOf({ step, steps, loss, validation }: TrainingProgress): string {
  const scores = validation?.scores;
  const judged = scores
    ? `, validation PSNR ${scores.psnr.toFixed(2)} dB (input ${scores.input_psnr.toFixed(2)}), SSIM ${scores.ssim.toFixed(4)} (input ${scores.input_ssim.toFixed(4)})`
    : "";
  return `step ${step} of ${steps}: loss ${loss.toPrecision(3)}${judged}`;
}
