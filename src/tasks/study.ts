import { z } from "zod";
import { loadModel } from "../models/model-folder.ts";
import type { Model } from "../models/model-info.ts";
import { warningsAbout } from "../warning.ts";
import { force, imageInputs, imageSource, option, otherInput, output, runtimeOptions } from "./options.ts";
import { inSeconds, plain, warnings } from "./results.ts";
import { studyFiles } from "./study-files.ts";
import { refuseForSeveral, studySeveral } from "./study-several.ts";
import { defineTask } from "./task.ts";
import { withImages } from "./with-images.ts";
import { withRuntime } from "./with-runtime.ts";

const figures = z.record(z.string(), z.unknown());
const one = { group: "One stack" };

/** Judges models on z-stacks: use them or not, for what, and over which distances. */
export const study = defineTask({
  options: z.strictObject({
    stacks: imageInputs("z-stacks that the models are judged on"),
    model: option(z.array(z.string()).min(1), "a model to be judged; give it several times for several", {
      role: "model",
      placeholder: "folder",
    }),
    output: output("where the page (index.html), its figures and numbers are written", "folder"),
    force,
    truth: otherInput("ground truth of sections of the stack, plane by plane").optional(),
    truth_channel: option(
      z.int().nonnegative().optional(),
      "channel of the ground truth; of the stack itself without truth",
    ),
    register: option(
      z.boolean().default(false),
      "move the ground truth onto the stack, and crop both to their overlap",
    ),
    sharpest: option(z.int().nonnegative().optional(), "the plane in focus, from 0", {
      default_in_words: "the one found",
      ...one,
    }),
    object: option(z.tuple([z.number(), z.number()]).optional(), "centre of the structure to follow, x,y", {
      unit: "pixels",
      placeholder: "x,y",
      default_in_words: "the one found",
      ...one,
    }),
    classical: option(z.boolean().default(true), "classical methods beside the models"),
    ...runtimeOptions,
    ...imageSource,
  }),
  result: z.strictObject({
    report: z.string().describe("the page"),
    headlines: figures.describe("for each model, or stack and model: whether to use it, for what, at which distances"),
    verdicts: figures.describe("for each model, or stack and model, and question: what was found"),
    generalisation: z.array(figures).optional().describe("of several stacks: the gain of every model on every stack"),
    seconds: z.number(),
    warnings,
  }),
  async run(given, context) {
    const begun = performance.now();
    const { storage, signal, warn, request: command } = context;
    const { stacks, truth: truthPath, channel, time, truth_channel: truthChannel, register, classical, force } = given;
    const object = given.object && { x: given.object[0], y: given.object[1] };
    const { sharpest, output } = given;
    if (stacks.length > 1) refuseForSeveral({ truth: truthPath, sharpest, object });
    return withImages([...stacks, ...(truthPath === undefined ? [] : [truthPath])], given, context, async (opened) => {
      const files = opened.slice(0, stacks.length);
      const models: Model[] = [];
      for (const folder of given.model) models.push(await loadModel(storage, folder));
      return withRuntime(given, context, async (runtime) => {
        const shared = {
          ...{ channel, time, truthChannel, register, classical, force, command, runtime, signal },
          onProgress: ({ done, total, what }: { done: number; total: number; what: string }) =>
            context.onProgress({ done, total, unit: "experiments", message: what }),
        };
        if (files.length > 1) {
          const { report, studies, generalisation } = await studySeveral(context, files, models, output, shared);
          for (const { stack, warnings: own } of studies) {
            for (const warning of warningsAbout(stack, own)) warn(warning);
          }
          const none = { gain_db: null, gain_ssim: null, gain_detail: null, gain_over_input_db: null };
          return plain({
            report,
            generalisation: generalisation.map((gain) => ({ ...none, ...JSON.parse(JSON.stringify(gain)) })),
            headlines: Object.fromEntries(studies.map(({ stack, headlines }) => [stack, headlines])),
            verdicts: Object.fromEntries(studies.map(({ stack, verdicts }) => [stack, verdicts])),
            seconds: inSeconds(begun),
          });
        }
        const truth = opened[stacks.length];
        const done = await studyFiles(context, files[0], models, output, { ...shared, truth, sharpest, object });
        for (const warning of done.warnings) warn(warning);
        const { report, headlines, verdicts } = done;
        return plain({ report, headlines, verdicts, seconds: inSeconds(begun) });
      });
    });
  },
});
