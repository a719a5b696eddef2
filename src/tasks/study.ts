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
    stacks: imageInputs("z-stacks on which the models are judged"),
    model: option(
      z.array(z.string()).min(1),
      "folder of a model, or of its training run; repeat it for several models",
      {
        role: "model",
        placeholder: "folder",
      },
    ),
    output: output("folder for the report (index.html), its figures and data", "folder"),
    force,
    truth: otherInput("ground truth of the optical sections, with the same planes as the stack").optional(),
    truth_channel: option(
      z.int().nonnegative().optional(),
      "channel of the ground truth; without `truth`, another channel of the stack is the ground truth",
    ),
    register: option(
      z.boolean().default(false),
      "register the ground truth to the stack first, and crop both to their overlap",
    ),
    sharpest: option(z.int().nonnegative().optional(), "number of the plane in focus, from 0", {
      default_in_words: "found automatically",
      ...one,
    }),
    structure: option(
      z.tuple([z.number(), z.number()]).optional(),
      "centre of the structure that the report follows through focus, pixels",
      {
        placeholder: "x,y",
        default_in_words: "found automatically",
        ...one,
      },
    ),
    classical: option(z.boolean().default(true), "compare the models with classical methods"),
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
    const structure = given.structure && { x: given.structure[0], y: given.structure[1] };
    const { sharpest, output } = given;
    if (stacks.length > 1) refuseForSeveral({ truth: truthPath, sharpest, structure });
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
        const done = await studyFiles(context, files[0], models, output, { ...shared, truth, sharpest, structure });
        for (const warning of done.warnings) warn(warning);
        const { report, headlines, verdicts } = done;
        return plain({ report, headlines, verdicts, seconds: inSeconds(begun) });
      });
    });
  },
});
