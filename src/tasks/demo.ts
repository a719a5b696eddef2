import { z } from "zod";
import { readStack } from "../image/image-file.ts";
import type { NamedStack } from "../image/named-stack.ts";
import { demo as runDemo } from "./demo/demo.ts";
import { meanGain, meanGainOverBaseline } from "./demo/demo-report.ts";
import { force, imageSource, option, otherInput, runtimeOptions, seed } from "./options.ts";
import { plain, warnings } from "./results.ts";
import { defineTask, type TaskContext } from "./task.ts";
import { reportStep } from "./train.ts";
import { methodOptions } from "./training-options.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const options = z.strictObject({
  data: otherInput("your own z-stack, instead of simulated beads").optional(),
  output: option(z.string().default("parfocal-demo"), "folder for all results", {
    role: "output",
    short: "o",
    placeholder: "folder",
  }),
  minutes: option(z.number().positive().optional(), "training time", { unit: "minutes", default_in_words: "3.5" }),
  force,
  seed,
  ...runtimeOptions,
  ...imageSource,
});

type Options = z.output<typeof options>;

const figures = z.record(z.string(), z.unknown());

/** Trains a model on simulated beads or a part of a stack, refocuses what it has not seen, and shows whether it helped. */
export const demo = defineTask({
  options,
  moreOptions: async () => methodOptions("deep-z", ["seed", "max_minutes", "experiment_name"]),
  result: z.strictObject({
    run: z.string(),
    steps: z.int(),
    seconds: z.number(),
    val: figures,
    model: z.string(),
    report: z.string().describe("the page"),
    sheet: z.string().describe("the contact sheet"),
    distances: z.array(figures).describe("scores at each distance"),
    gain_psnr: z.number().nullable(),
    gain_over_baseline: figures,
    worse: z.array(figures),
    sentence: z.string(),
    warnings,
  }),
  async run(given, context) {
    const { output, minutes: maxMinutes, force, seed } = given;
    const { signal, note, warn } = context;
    const data = await readData(given, context);
    const keys = Object.entries(given).filter(([key]) => !(key in options.shape));
    return withRuntime(given, context, async (runtime) => {
      const done = await runDemo(context, {
        ...{ output, data, maxMinutes, force, seed, runtime, signal, onStage: note, config: Object.fromEntries(keys) },
        onWarning: warn,
        onProgress: (progress) => reportStep(progress, context),
      });
      const { training, distances, report, sheet, worse, sentence } = done;
      const { run, steps, model } = training;
      return plain({
        ...{ run, steps, seconds: Math.round(training.seconds * 1000) / 1000, val: training.report.scores, model },
        ...{ report, sheet, distances, gain_psnr: meanGain(distances) },
        ...{ gain_over_baseline: meanGainOverBaseline(distances), worse, sentence },
      });
    });
  },
});

function readData({ data, channel, time, ...source }: Options, context: TaskContext): Promise<NamedStack | undefined> {
  const { storage, signal } = context;
  const paths = data === undefined ? [] : [data];
  return withImages(paths, source, context, async ([image]) =>
    image === undefined
      ? undefined
      : { name: storage.basename(image.path), stack: await readStack(image, { channel, time, signal, finite: true }) },
  );
}
