/** `parfocal train`: a model of any method from z-stacks, pairs of stacks, or a recipe. */
import {
  changeRecipe,
  configKeys,
  fileStorage,
  findLearningRate,
  findRecipe,
  type Judgement,
  type LearningRateSearch,
  type MethodName,
  methodNames,
  methodOf,
  type NamedStack,
  openRecipeTraining,
  openRuntime,
  ParfocalError,
  type RecipeTraining,
  readConfigFile,
  readFeatureNetwork,
  readSamples,
  recipesAmong,
  resolveConfig,
  signed,
  standardMethod,
  type Task,
  type TrainingProgress,
  tasks,
  trainRun,
  type ValidationReport,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf, setOption, wholeNumber } from "./option-values.ts";
import type { Progress } from "./progress.node.ts";
import { deviceOf } from "./refocus.node.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { table } from "./text.ts";
import { type CommonOptions, noUse, type Verb } from "./verb.node.ts";

interface TrainOptions extends InputOptions, CommonOptions {
  task?: Task;
  method?: MethodName;
  config?: string;
  out: string;
  resume?: boolean;
  findLearningRate?: boolean;
  target?: string[];
  targetChannel?: number;
  register?: boolean;
  recipe?: string;
  image?: string;
  targetImage?: string;
  set?: [string, unknown][];
}

const keys = configKeys();

export const train: Verb<TrainOptions> = {
  name: "train",
  arguments: "<stack...>",
  summary: "Train a model of any method on stacks of your own microscope, or on a recipe's simulated ones.",
  notes: [
    "A flag wins over the configuration file, and that over the default; the whole configuration is saved with the run, in",
    "OUT/EXPERIMENT_NAME/version_N: config.yaml, metrics.csv, TensorBoard events, checkpoints, previews, model.",
    "Of a recipe (a .yaml file, or a name that parfocal simulate --list shows), new fields are simulated while the training goes on.",
    "Methods that refocus get two planes, three axial units of the optics apart (lambda / (2 (n - sqrt(n^2 - NA^2)))), and go eight units beyond them;",
    "where NA and wavelength are not known, by the depth of the stack; --input-offsets and --distance-range say otherwise.",
    "Ctrl-C, or a closed terminal, writes a checkpoint, and --resume goes on from it, with the same stacks: the result is the same as without the",
    "interruption. One training at a time writes into a run.",
    "Exit code 3: the model is trained and saved, and is not better than what was recorded already.",
    "",
    "Methods:",
    ...methodNames.map((name) => `  ${name.padEnd(18)} ${methodOf(name).task.padEnd(10)} ${methodOf(name).summary}`),
  ],
  examples: [
    "parfocal train stack.tif --channel 1 --na 0.8 --wavelength 0.515 --max-minutes 5",
    "parfocal train stack.tif --channel 1 --input-offsets 0,2 --distance-range=-4:6 --max-minutes 5",
    "parfocal train stack.tif --config config.yaml --out runs",
    "parfocal train stack.tif --config config.yaml --out runs --resume --json",
    "parfocal train stack.tif --channel 1 --find-learning-rate",
    "parfocal train review-beads-aberrated --max-minutes 5",
    "parfocal train my-recipe.yaml --set specimen.beads=30 --experiment-name sparse",
  ],
  uses: ["device", "threads", "seed"],
  options(command) {
    command
      .option(`--task <name>`, `what the model is for: ${tasks.join(", ")} (default: that of --method)`, oneOf(tasks))
      .option(
        "--method <name>",
        "how it is trained; see the list below (default: the first of the task)",
        oneOf(methodNames),
      )
      .option("--config <file>", "YAML with any of the keys below, in snake_case")
      .option("--out <folder>", "where runs are kept", "runs")
      .option("--resume", "go on with the newest run of this experiment_name that has a checkpoint")
      .option("--find-learning-rate", "try 100 rising rates, say which to take, and train nothing")
      .option("--target <image...>", "what shall be made of each stack: a section, a confocal image")
      .option("--target-channel <n>", "channel of the targets, or of the stacks themselves", wholeNumber())
      .option("--register", "first move each target onto its stack, and cut both to where they overlap")
      .option("--recipe <name>", "simulated fields beside the stacks; see --simulated-share")
      .option(
        "--image <name>",
        "of a recipe's images, what the network gets (default: the first); of a file that holds several, its number from 0",
      )
      .option("--target-image <name>", "of a recipe's images, what it shall make of it");
    command.addOption(setOption("of the recipe"));
    addSchemaOptions(command, keys);
    addInputOptions(command);
  },
  async run(paths, options, terminal) {
    const { signal } = terminal;
    const file = options.config === undefined ? {} : await readConfigFile(options.config);
    const config = { ...file, ...schemaValues(keys, options), method: methodName(options, file) };
    const recipe = await openRecipe(paths, options, config, signal);
    for (const warning of recipe?.warnings ?? []) terminal.warn(warning);
    const alone = recipe !== undefined && options.recipe === undefined;
    const stacks = alone ? recipe.validation : await readStacks(paths, options, signal);
    const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
    try {
      const fields = recipe?.fields;
      // The rate is that of steps, not of what comes before them.
      let report: ReturnType<typeof terminal.progress> | undefined;
      const onProgress = (progress: TrainingProgress) => {
        report ??= terminal.progress("steps");
        report(stepsOf(progress));
        if (progress.validation) terminal.note(newsOf(progress));
      };
      if (options.findLearningRate) {
        const progress = terminal.progress("rates tried");
        const resolved = resolveConfig(config, stacks);
        const featureNetwork = await readFeatureNetwork(resolved);
        const settings = { runtime, fields, featureNetwork, signal, onWarning: terminal.warn, onProgress: progress };
        return ratesOf(await findLearningRate(stacks, resolved, settings));
      }
      const { out: root, resume } = options;
      const { warn: onWarning, note: onStage } = terminal;
      const done = await trainRun(stacks, {
        config,
        root,
        resume,
        fields,
        runtime,
        signal,
        onProgress,
        onStage,
        onWarning,
      });
      const { scores, groups } = done.report;
      const { run, steps, model, warnings } = done;
      const seconds = Math.round(done.seconds * 1000) / 1000;
      const val_groups = groups.map(({ label, distance_um, scores }) => ({ label, distance_um, ...scores }));
      const { judgement } = done.report;
      const lines = table([
        ["run", run],
        ["model", model],
        ["steps", `${steps} in ${done.seconds.toFixed(1)} s`],
        ...(judgement ? [] : scoreRows(scores)),
        ...(judgement || groups.length < 2
          ? []
          : groups.map((group): [string, string] => [group.label, briefly(group.scores)])),
      ]);
      return {
        json: {
          run,
          steps,
          seconds,
          val: scores,
          val_groups,
          ...(judgement && { verdict: judgement.verdict, table: judgement.rows }),
          model,
          warnings,
        },
        text: [
          lines,
          judgement
            ? judgementText(judgement)
            : "On pixels that were kept from training; data range 1 of the normalised images.",
        ].join("\n\n"),
        ...(judgement?.verdict.use === false && { exitCode: noUse }),
      };
    } finally {
      await recipe?.close();
      await runtime.close();
    }
  },
};

/** The table over distances, or parts of the depth, and the verdict. */
function judgementText({ rows, means, verdict }: Judgement): string {
  const cells = (row: Judgement["means"]): string[] => [
    row.psnr.toFixed(2),
    row.baseline_psnr.toFixed(2),
    signed(row.gain_db, 2),
    signed(row.ssim - row.baseline_ssim, 4),
    signed(row.detail - row.baseline_detail, 3),
    `${Math.round(100 * row.regions_worse)} %`,
    row.slope.toFixed(3),
  ];
  return [
    table(
      [
        ["", "PSNR", "recorded", "gain", "SSIM", "detail", "worse", "slope", "the best of what was recorded"],
        ...rows.map((row) =>
          row.given
            ? [row.label, row.psnr.toFixed(2), "", "", "", "", "", "", "a given plane"]
            : [row.label, ...cells(row), row.baseline],
        ),
        ["mean", ...cells(means), ""],
      ],
      [1, 2, 3, 4, 5, 6, 7],
    ),
    "PSNR in dB, data range 1 of the normalised images, on pixels that were kept from training. Gain, SSIM and detail are over the best",
    "recorded baseline: each given plane, lightly smoothed, or their interpolation. Worse: regions with a larger error than it.",
    "Slope: change of the ground truth for a change of 1 in the output.",
    "",
    verdict.sentence,
  ].join("\n");
}

/** What the search for a learning rate found: a table of the loss at each tenth rate, and the one to take. */
function ratesOf({ suggested, lowest, curve }: LearningRateSearch) {
  const highest = Math.max(...curve.map(({ loss }) => loss));
  const rows = curve.filter((_, i) => i % Math.ceil(curve.length / 20) === 0);
  const bar = (loss: number): string => "#".repeat(Math.max(1, Math.round((40 * loss) / highest)));
  return {
    json: { suggested_learning_rate: suggested, lowest_loss_at: lowest, curve },
    text: table([
      ...rows.map(({ rate, loss }): [string, string] => [rate.toExponential(1), `${loss.toPrecision(3)} ${bar(loss)}`]),
      ["take", `--learning-rate ${suggested.toPrecision(2)} (the loss is lowest at ${lowest.toPrecision(2)})`],
    ]),
  };
}

/** The method that flags or the configuration file name. */
function methodName({ task, method }: TrainOptions, file: Record<string, unknown>): string {
  const named = method ?? file.method ?? standardMethod(task ?? "refocus");
  const found = methodOf(named);
  if (task === undefined || found.task === task) return found.name;
  throw wrong(`${found.name} is a method for ${found.task}, not for ${task}`, "--task");
}

async function readStacks(paths: readonly string[], options: TrainOptions, signal: AbortSignal): Promise<NamedStack[]> {
  const { channel, time, targetChannel, register, target = [] } = options;
  return withImages([...paths, ...target], options, async (images) => {
    const targets = options.target && images.slice(paths.length);
    return readSamples(images.slice(0, paths.length), { channel, time, targets, targetChannel, register, signal });
  });
}

/** The recipe that the arguments or --recipe name, if they do: a file or folder of the same name is taken for stacks. */
async function openRecipe(
  paths: readonly string[],
  options: TrainOptions,
  config: { method: string; model_pixel_size?: unknown },
  signal: AbortSignal,
): Promise<RecipeTraining | undefined> {
  const beside = options.recipe === undefined ? [] : [options.recipe];
  const named = [...(await recipesAmong(fileStorage, paths)), ...beside];
  if (named.length === 0) {
    if (options.set === undefined) return undefined;
    throw wrong(`--set changes a recipe, and ${paths.join(", ")} is none`, "--set");
  }
  if (named.length > 1 || (beside.length === 0 && paths.length > 1)) {
    throw wrong(`${named[0]} is a recipe; give it alone, or stacks`, "stack");
  }
  const { recipe, folder } = await findRecipe(fileStorage, named[0]);
  const { image, targetImage: target } = options;
  const paired = methodOf(config.method).task === "section";
  // A run that goes on has the key in its own configuration.
  const anyPixelSize = config.model_pixel_size !== undefined || options.resume === true;
  const settings = { folder, image, target, paired, anyPixelSize, signal };
  return openRecipeTraining(changeRecipe(recipe, {}, options.set), settings);
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
  const judged = validation ? `, validation: ${briefly(validation.scores)}` : "";
  return `step ${step} of ${steps}: loss ${loss.toPrecision(3)}${judged}`;
}

type Scores = ValidationReport["scores"];

/** Scores by name, each beside that of the untouched input where there is one. */
function scoreRows(scores: Scores): [string, string][] {
  return Object.keys(scores).flatMap((name): [string, string][] => {
    if (name === "loss" || name.startsWith("input_")) return [];
    const input = scores[`input_${name}`];
    const value = withUnit(name, scores[name]);
    return [[titleOf(name), input === undefined ? value : `${value}, input ${withUnit(name, input)}`]];
  });
}

const briefly = (scores: Scores): string =>
  scoreRows(scores)
    .map(([name, value]) => `${name} ${value.replace(/, (input .*)$/, " ($1)")}`)
    .join(", ");

const titleOf = (name: string): string => (/^(psnr|ssim)$/.test(name) ? name.toUpperCase() : name.replaceAll("_", " "));

function withUnit(name: string, value: number): string {
  if (name === "psnr") return Number.isFinite(value) ? `${value.toFixed(2)} dB` : "infinite";
  return value.toPrecision(4);
}
