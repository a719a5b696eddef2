/** `parfocal demo`: the whole story, on simulated beads or on a real stack. */
import { basename } from "node:path";
import {
  type DemoOptions,
  meanGain,
  meanGainOverBaseline,
  type NamedStack,
  openRuntime,
  readStack,
  demo as runDemo,
  trainingMethods,
} from "../node.ts";
import { addInputOptions, type InputOptions, withImages } from "./input.node.ts";
import { positiveNumber } from "./option-values.ts";
import { deviceOf } from "./refocus.node.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { table } from "./text.ts";
import { newsOf, stepsOf } from "./train.node.ts";
import type { CommonOptions, Verb } from "./verb.node.ts";

interface CliDemoOptions extends InputOptions, CommonOptions {
  data?: string;
  out: string;
  minutes?: number;
  force?: boolean;
}

/** Keys of the training that may be given. */
const keys = trainingMethods["deep-z"].config.omit({
  method: true,
  seed: true,
  max_minutes: true,
  experiment_name: true,
});

export const demo: Verb<CliDemoOptions> = {
  name: "demo",
  arguments: "",
  summary:
    "Train a model on simulated beads (or a part of your stack), refocus what it has not seen, and show whether it helped.",
  notes: [
    "Leaves a page, OUT/index.html: the contact sheet, scores of output, input and the best recorded baseline (the given planes, lightly smoothed or",
    "interpolated) beside each other, the training curve.",
    "Takes --minutes for training, and about a minute more. Every key of parfocal train can be given as well.",
  ],
  examples: [
    "parfocal demo",
    "parfocal demo --out demo --minutes 1 --json",
    "parfocal demo --data stack.tif --channel 1 --out mine",
  ],
  uses: ["device", "threads", "seed"],
  options(command) {
    command
      .option("--data <stack>", "a z-stack of your own instead of simulated beads")
      .option("-o, --out <folder>", "where everything is kept", "parfocal-demo")
      .option("--minutes <number>", "training time (default: 3.5)", positiveNumber)
      .option("--force", "replace a demo that is there");
    addInputOptions(command);
    addSchemaOptions(command, keys);
  },
  async run(_paths, options, terminal) {
    const { channel, time, out: output, minutes: maxMinutes, force, seed } = options;
    const { signal } = terminal;
    const paths = options.data === undefined ? [] : [options.data];
    const data = await withImages(
      paths,
      options,
      async ([image]): Promise<NamedStack | undefined> =>
        image && { name: basename(image.path), stack: await readStack(image, { channel, time, signal, finite: true }) },
    );
    const runtime = await openRuntime({ ...deviceOf(options), onWarning: terminal.warn });
    try {
      const report = terminal.progress("steps");
      const settings: DemoOptions = { output, data, maxMinutes, force, seed, runtime, signal };
      settings.config = schemaValues(keys, options);
      settings.onStage = terminal.note;
      settings.onWarning = terminal.warn;
      settings.onProgress = (progress) => {
        report(stepsOf(progress));
        if (progress.validation) terminal.note(newsOf(progress));
      };
      const done = await runDemo(settings);
      const { training, distances } = done;
      const seconds = Math.round(training.seconds * 1000) / 1000;
      const { run, steps, model } = training;
      const gain = meanGain(distances);
      const overBaseline = meanGainOverBaseline(distances);
      return {
        json: {
          run,
          steps,
          seconds,
          val: training.report.scores,
          model,
          report: done.report,
          sheet: done.sheet,
          distances,
          gain_psnr: gain,
          gain_over_baseline: overBaseline,
          worse: done.worse,
          sentence: done.sentence,
        },
        text: [
          table([
            ["page", done.report],
            ["sheet", done.sheet],
            ["model", model],
            ...distances.map(({ distance, input, output, baseline, given }) => [
              `${distance < 0 ? "" : "+"}${distance.toFixed(2)} um`,
              `PSNR ${output.psnr.toFixed(1)} dB (baseline ${Number.isFinite(baseline.psnr) ? baseline.psnr.toFixed(1) : "identical"}, input ${input.psnr.toFixed(1)}), SSIM ${output.ssim.toFixed(3)} (baseline ${baseline.ssim.toFixed(3)}, input ${input.ssim.toFixed(3)})${given ? "; the model was given this plane" : ""}`,
            ]),
            [
              "mean gain",
              `${overBaseline.psnr.toFixed(1)} dB PSNR over the best recorded baseline (${gain.toFixed(1)} dB over the untouched first plane), on a field that the model has not seen`,
            ],
          ]),
          done.sentence,
        ].join("\n\n"),
      };
    } finally {
      await runtime.close();
    }
  },
};
