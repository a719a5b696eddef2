/** `parfocal study`: does it work on my images, and how do I know? */
import { InvalidArgumentError } from "commander";
import {
  loadModel,
  openRuntime,
  refuseForSeveral,
  type StudySeveralResult,
  studyFiles,
  studySeveral,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { numberOf, wholeNumber } from "./option-values.ts";
import { deviceOf } from "./refocus.node.ts";
import { indent, table } from "./text.ts";
import type { CommonOptions, Result, Verb } from "./verb.node.ts";

interface StudyOptions extends InputOptions, CommonOptions {
  model: string[];
  out: string;
  truth?: string;
  truthChannel?: number;
  register?: boolean;
  sharpest?: number;
  object?: { y: number; x: number };
  classical: boolean;
  force?: boolean;
}

export const study: Verb<StudyOptions> = {
  name: "study",
  arguments: "<stack...>",
  summary:
    "Judge models on a z-stack: use it or not, for what and over which distances, beside what was recorded and classical methods; one page.",
  notes: [
    "Models that refocus are asked for the sharpest plane from every other one, which is there to compare with. For models that",
    "section give --truth or --truth-channel, if you have it; else they are held against the sharpest plane, as in the literature.",
    "The first sentence on each model says whether to use it, for what, and over which distances; the verdicts follow from the same numbers: does it",
    "refocus or section, in which direction, does it hallucinate, does it depend on scale, how far is it of use, does it do harm, does it give back",
    "the planes that it was given. Gains are over the best recorded baseline: the planes that the model was given, lightly smoothed or interpolated.",
    "Several stacks get a page each, and one more with the gain of every model on every stack: how far it generalises.",
    "With --na and --wavelength (or where the file says them) Richardson-Lucy stands beside the models.",
  ],
  examples: [
    "parfocal study stack.tif --model runs/deep-z/version_0 -o study",
    "parfocal study stack.tif --model runs/deep-z/version_0 --model runs/comi/version_0 --na 0.8 --wavelength 0.52 -o study --json",
    "parfocal study stack.tif stack.tif --channel 1 --model runs/deep-z/version_0 -o studies",
    "parfocal study cells.tif --channel 1 --truth-channel 0 --register --model runs/unet/version_0 -o study",
  ],
  uses: ["device", "threads"],
  options(command) {
    command
      .requiredOption("--model <folder>", "a model to be judged; give it several times for several", collect)
      .requiredOption("-o, --out <folder>", "where the page (index.html), its figures and numbers are written")
      .option("--truth <stack>", "what sections of the stack should look like, plane by plane")
      .option("--truth-channel <n>", "channel of the truth; of the stack itself without --truth", wholeNumber())
      .option("--register", "move the truth onto the stack, and cut both to what they share")
      .option("--sharpest <plane>", "the plane in focus, from 0, instead of the one found", wholeNumber())
      .option("--object <x,y>", "centre of the structure to be followed, pixels, instead of the one found", readPlace)
      .option("--no-classical", "leave classical methods out")
      .option("--force", "replace a study that exists");
    addInputOptions(command);
  },
  run: (paths, options, terminal) => {
    if (paths.length > 1) refuseForSeveral(options);
    const { truth: truthPath } = options;
    return withImages([...paths, ...(truthPath === undefined ? [] : [truthPath])], options, async (opened) => {
      const files = opened.slice(0, paths.length);
      const truth = opened[paths.length];
      const models = [];
      for (const folder of options.model) models.push(await loadModel(folder));
      const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
      try {
        const { channel, time, truthChannel, register, sharpest, object, classical, force } = options;
        const onProgress = terminal.progress("experiments");
        const command = commandOf(paths, options);
        const { signal } = terminal;
        const shared = {
          channel,
          time,
          truthChannel,
          register,
          classical,
          force,
          command,
          runtime,
          signal,
          onProgress,
        };
        if (files.length > 1) return severalResult(await studySeveral(files, models, options.out, shared));
        const done = await studyFiles(files[0], models, options.out, { ...shared, truth, sharpest, object });
        return {
          json: {
            report: done.report,
            headlines: done.headlines,
            verdicts: done.verdicts,
            warnings: done.warnings,
            seconds: Math.round(done.seconds * 10) / 10,
          },
          text: write(done),
          warnings: done.warnings,
        };
      } finally {
        await runtime.close();
      }
    });
  },
};

function severalResult({ report, studies, generalisation, seconds }: StudySeveralResult): Result {
  const stacks = studies.map(({ stack }) => stack);
  const candidates = [...new Set(generalisation.map(({ candidate }) => candidate))];
  const gain = (candidate: string, stack: string): string => {
    const found = generalisation.find((one) => one.candidate === candidate && one.stack === stack)?.gain_db;
    return found === undefined ? "-" : `${found > 0 ? "+" : ""}${found.toFixed(1)}`;
  };
  const rows = candidates.map((candidate) => [candidate, ...stacks.map((stack) => gain(candidate, stack))]);
  return {
    json: {
      report,
      generalisation: generalisation.map((one) => ({
        ...one,
        gain_db: one.gain_db ?? null,
        gain_ssim: one.gain_ssim ?? null,
        gain_detail: one.gain_detail ?? null,
        gain_over_input_db: one.gain_over_input_db ?? null,
      })),
      headlines: Object.fromEntries(studies.map(({ stack, headlines }) => [stack, headlines])),
      verdicts: Object.fromEntries(studies.map(({ stack, verdicts }) => [stack, verdicts])),
      warnings: studies.flatMap(({ stack, warnings }) => warnings.map((sentence) => `${stack}: ${sentence}`)),
      seconds: Math.round(seconds * 10) / 10,
    },
    text: [
      ...studies.map(({ stack, studies: own }) => [stack, ...own.map(headlineOf)].join("\n  ")),
      "Gain in PSNR over the best recorded baseline (the given planes, lightly smoothed or interpolated), dB:",
      table(
        [["", ...stacks], ...rows],
        stacks.map((_, i) => i + 1),
      ),
      table([
        ["page", report],
        ["took", `${seconds.toFixed(1)} s`],
      ]),
    ].join("\n\n"),
    warnings: [...new Set(studies.flatMap(({ warnings }) => warnings))],
  };
}

const collect = (value: string, all: string[] = []): string[] => [...all, value];

function readPlace(text: string): { y: number; x: number } {
  const [x, y, ...more] = text.split(",").map(numberOf);
  if (more.length === 0 && Number.isFinite(x) && Number.isFinite(y)) return { y, x };
  throw new InvalidArgumentError("Expected two numbers of pixels, such as 120,80.");
}

/** What to type to have it again. */
function commandOf(paths: readonly string[], options: StudyOptions): string {
  const words = ["parfocal study", ...paths, ...options.model.map((model) => `--model ${model}`)];
  const given: [string, string | number | undefined][] = [
    ["truth", options.truth],
    ["truth-channel", options.truthChannel],
    ["channel", options.channel],
    ["time", options.time],
    ["axes", options.axes],
    ["pattern", options.pattern && `"${options.pattern}"`],
    ["sharpest", options.sharpest],
    ["object", options.object && `${options.object.x},${options.object.y}`],
    ["pixel-size", options.pixelSize],
    ["z-step", options.zStep],
    ["na", options.na],
    ["wavelength", options.wavelength],
    ["refractive-index", options.refractiveIndex],
  ];
  for (const [name, value] of given) if (value !== undefined) words.push(`--${name} ${value}`);
  if (options.register) words.push("--register");
  if (!options.classical) words.push("--no-classical");
  return [...words, `-o ${options.out}`].join(" ");
}

const headlineOf = ({ candidate, headline }: Done["studies"][number]): string =>
  `${candidate.name}: ${headline.sentence}`;

type Done = Awaited<ReturnType<typeof studyFiles>>;

function write({ report, studies, seconds }: Done): string {
  const blocks = studies.map((one) => {
    const lines = one.verdicts.map(({ question, answer, good }) => [
      good === undefined ? "?" : good ? "good" : "BAD",
      `${question} ${answer}`,
    ]);
    return `${headlineOf(one)}\n${indent(table(lines))}`;
  });
  return [
    ...blocks,
    table([
      ["page", report],
      ["took", `${seconds.toFixed(1)} s`],
    ]),
  ].join("\n\n");
}
