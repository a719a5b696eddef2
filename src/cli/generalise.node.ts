/** `parfocal generalise`: will it hold on another objective, specimen or slide? */
import {
  changeRecipe,
  configKeys,
  fileStorage,
  findRecipe,
  type GeneraliseResult,
  generalise as judgeGeneralisation,
  type LeaveOneOutRecipe,
  type LeaveOneOutStacks,
  leaveOneOutKinds,
  type MethodName,
  methodNames,
  methodOf,
  openRuntime,
  ParfocalError,
  readConfigFile,
  readSamples,
  recipesAmong,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { oneOf, setOption, wholeNumber } from "./option-values.ts";
import { deviceOf } from "./refocus.node.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { progressOn } from "./terminal.node.ts";
import { table } from "./text.ts";
import type { CommonOptions, Result, Verb } from "./verb.node.ts";

interface GeneraliseOptions extends InputOptions, CommonOptions {
  leaveOut?: string[];
  out: string;
  force?: boolean;
  method?: MethodName;
  config?: string;
  judgedFields?: number;
  slides?: string[];
  target?: string[];
  targetChannel?: number;
  register?: boolean;
  image?: string;
  targetImage?: string;
  set?: [string, unknown][];
}

// Each model is an experiment of its own, with its own name.
const keys = configKeys().omit({ experiment_name: true });

const wordsOf = (text: string): string[] => text.split(",").map((word) => word.trim());
const kindsOf = (text: string): string[] => wordsOf(text).map(oneOf(leaveOneOutKinds));

export const generalise: Verb<GeneraliseOptions> = {
  name: "generalise",
  arguments: "<stack...>",
  summary:
    "Leave one objective, specimen, stack or slide out, train on the others, and judge on all: will a model hold on another one?",
  notes: [
    "Of a recipe of several objectives or specimens (a .yaml file or a shipped name), each objective or each specimen is left out in turn; of stacks,",
    "each stack, or with --slides each slide. One more model is trained on everything. All are judged on fields, or parts of the stacks, that",
    "none was trained on: gains in PSNR, SSIM and detail over the best recorded baseline (the given planes, lightly smoothed or interpolated), and in width,",
    "as a matrix, and a verdict.",
    "Objectives of several pixel sizes are learnt at the largest (--model-pixel-size); how far Deep-Z refocuses, and from which planes, is what every",
    "stack allows (--distance-range, --input-offsets). --max-minutes holds for the first model; the others train as many steps.",
    "Ctrl-C keeps what is trained; the same command goes on from there. OUT/runs holds the models.",
  ],
  examples: [
    "parfocal generalise cross-objective --leave-out objective --max-minutes 5 -o across-objectives",
    "parfocal generalise cross-objective --leave-out objective,specimen --config config.yaml -o across --json",
    "parfocal generalise a.tif b.tif c.tif --leave-out stack --max-minutes 5 -o across-stacks",
    "parfocal generalise a.tif b.tif c.tif --slides old,old,new --leave-out slide -o across-slides",
  ],
  uses: ["device", "threads", "seed"],
  options(command) {
    command
      .option(
        "--leave-out <list>",
        `${leaveOneOutKinds.join(", ")}, or several (default: the first that the data have)`,
        kindsOf,
      )
      .requiredOption("-o, --out <folder>", "where the page (index.html), its numbers and the models are written")
      .option("--method <name>", "how the models are trained (default: deep-z)", oneOf(methodNames))
      .option("--config <file>", "YAML with any of the keys below, in snake_case, but experiment_name")
      .option(
        "--judged-fields <n>",
        "of a recipe: fields to judge on, of each objective with each specimen (default: 2)",
        wholeNumber(1),
      )
      .option("--slides <list>", "the slide of each stack, in order, such as old,old,new", wordsOf)
      .option("--target <image...>", "what shall be made of each stack, where the method sections")
      .option("--target-channel <n>", "channel of the targets, or of the stacks themselves", wholeNumber())
      .option("--register", "first move each target onto its stack, and cut both to where they overlap")
      .option(
        "--image <name>",
        "of a recipe's images, what the network gets (default: the first); of a file that holds several, its number from 0",
      )
      .option("--target-image <name>", "of a recipe's images, what it shall make of it")
      .option("--force", "replace a page that exists; models of the same configuration and data are kept");
    command.addOption(setOption("of the recipe"));
    addSchemaOptions(command, keys);
    addInputOptions(command);
  },
  async run(paths, options, terminal) {
    const file = options.config === undefined ? {} : await readConfigFile(options.config);
    const { name: method } = methodOf(options.method ?? file.method);
    const { experiment_name: _, ...given } = { ...file, ...schemaValues(keys, options) };
    const data = (await openRecipe(paths, options)) ?? (await readStacks(paths, options, terminal.signal));
    const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
    try {
      const { leaveOut, out, force } = options;
      const done = await judgeGeneralisation(data, out, {
        config: { ...given, method },
        leaveOut,
        force,
        runtime,
        command: commandOf(),
        signal: terminal.signal,
        onProgress: progressOn(terminal),
        onNote: terminal.note,
        onWarning: terminal.warn,
      });
      return resultOf(done);
    } finally {
      await runtime.close();
    }
  },
};

async function openRecipe(
  paths: readonly string[],
  options: GeneraliseOptions,
): Promise<LeaveOneOutRecipe | undefined> {
  const { image, targetImage: target, judgedFields: fields, set, slides } = options;
  const [named] = await recipesAmong(fileStorage, paths);
  if (named === undefined) {
    const only = { "--set": set, "--judged-fields": fields, "--image": image, "--target-image": target };
    for (const [option, value] of Object.entries(only)) {
      if (value !== undefined) throw wrong(`${option} is for recipes, and ${paths.join(", ")} is none`, option);
    }
    return undefined;
  }
  if (paths.length > 1) throw wrong(`${named} is a recipe; give it alone, or stacks`, "stack");
  if (slides !== undefined) throw wrong(`--slides names the slides of stacks, and ${named} is a recipe`, "--slides");
  const { recipe, folder } = await findRecipe(fileStorage, named);
  return { recipe: changeRecipe(recipe, {}, set), folder, image, target, fields };
}

async function readStacks(
  paths: readonly string[],
  options: GeneraliseOptions,
  signal: AbortSignal,
): Promise<LeaveOneOutStacks> {
  const { channel, time, targetChannel, register, slides, target = [] } = options;
  const samples = await withImages([...paths, ...target], options, async (images) => {
    const targets = options.target && images.slice(paths.length);
    return readSamples(images.slice(0, paths.length), { channel, time, targets, targetChannel, register, signal });
  });
  return { samples, slides };
}

function wrong(detail: string, option: string): ParfocalError {
  return new ParfocalError("usage", `Generalise: ${detail}.`, { option });
}

/** What was typed, to type it again. */
const commandOf = (): string => ["parfocal", ...process.argv.slice(2).map(quoted)].join(" ");

const quoted = (word: string): string => (/^[\w./:,=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

function resultOf({ report, models, gains, summary, config, warnings, seconds }: GeneraliseResult): Result {
  const orNull = <T extends object>(one: T): Record<string, unknown> =>
    Object.fromEntries(Object.entries(one).map(([key, value]) => [key, value ?? null]));
  const dB = (value: number | undefined): string =>
    value === undefined ? "-" : `${value > 0 ? "+" : ""}${value.toFixed(1)}`;
  const data = [...new Set(gains.map((gain) => gain.data))];
  const cell = (model: string, name: string): string => {
    const found = gains.find((gain) => gain.model === model && gain.data === name);
    return `${dB(found?.gain_db)}${found?.seen === false ? "*" : " "}`;
  };
  return {
    json: {
      report,
      summary: summary.map(orNull),
      gains: gains.map(orNull),
      models: models.map(({ leftOut, ...model }) => orNull({ ...model, left_out: leftOut })),
      config,
      warnings,
      seconds: Math.round(seconds * 10) / 10,
    },
    text: [
      "Gain in PSNR over the best recorded baseline (the given planes, lightly smoothed or interpolated), dB (* the model never saw its like):",
      table(
        [["", ...data], ...models.map(({ name }) => [name, ...data.map((one) => cell(name, one))])],
        data.map((_, i) => i + 1),
      ),
      table(
        [
          ["left out", "never seen", "seen", "without", "share kept", "generalises"],
          ...summary.map(({ kind, value, left_out_db, seen_db, without_db, share_kept, generalises }) => [
            value === undefined ? `every ${kind}, mean` : `${kind} ${value}`,
            dB(left_out_db),
            dB(seen_db),
            dB(without_db),
            share_kept === undefined ? "-" : `${Math.round(100 * share_kept)} %`,
            generalises === undefined ? "cannot tell" : generalises ? "yes" : "no",
          ]),
        ],
        [1, 2, 3, 4],
      ),
      table([
        ["page", report],
        ["took", `${seconds.toFixed(1)} s`],
      ]),
    ].join("\n\n"),
  };
}
