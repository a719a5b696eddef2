import type { z } from "zod";
import type { study as task } from "../../tasks/study.ts";
import type { CommandText } from "../command.ts";
import { indent, table } from "../text.ts";

type Result = z.output<typeof task.result>;

interface Headline {
  sentence: string;
}

interface Verdict {
  good: boolean | null;
  question: string;
  answer: string;
}

export const study: CommandText<Result> = {
  notes: [
    "A model that refocuses computes the sharpest plane from every other plane of the stack, and is compared with the recorded one. For a model that sections, give the ground truth (--truth or --truth-channel) if you have it; otherwise its output is compared with the sharpest plane, as in the literature.",
    "The first sentence on each model says whether to use it, for what, and over which distances. The verdicts say whether it refocuses or only sections, whether it refocuses in the right direction, whether it hallucinates, whether it depends on the pixel size, over which distances it is useful, where its output is worse than the input, and whether it reproduces the planes that it was given. Gains are over the best recorded baseline: the given planes, lightly smoothed or interpolated.",
    "For several stacks, one report is written for each, and one with the gain of every model on every stack. If NA and wavelength are known, from the file or from flags, the models are also compared with Richardson-Lucy deconvolution.",
  ],
  examples: [
    "parfocal study stack.tif --model runs/deep-z/version_0 -o study",
    "parfocal study stack.tif --model runs/deep-z/version_0 --model runs/comi/version_0 --na 0.8 --wavelength 0.52 -o study --json",
    "parfocal study stack.tif stack.tif --channel 1 --model runs/deep-z/version_0 -o studies",
    "parfocal study cells.tif --channel 1 --truth-channel 0 --register --model runs/unet/version_0 -o study",
  ],
  text(done) {
    const { report, headlines, verdicts, generalisation, seconds } = done;
    const end = table([
      ["report", report],
      ["took", `${seconds.toFixed(1)} s`],
    ]);
    if (generalisation) {
      const stacks = Object.entries(headlines as Record<string, Record<string, Headline>>);
      const lines = stacks.map(([stack, own]) =>
        [stack, ...Object.entries(own).map(([name, { sentence }]) => `${name}: ${sentence}`)].join("\n  "),
      );
      const title =
        "Gain in PSNR over the best recorded baseline (the given planes, lightly smoothed or interpolated), dB:";
      return [...lines, title, gains(generalisation), end].join("\n\n");
    }
    const blocks = Object.entries(headlines as Record<string, Headline>).map(([name, { sentence }]) => {
      const own = Object.values((verdicts as Record<string, Record<string, Verdict>>)[name]);
      const lines = own.map(({ good, question, answer }) => [
        good === null ? "?" : good ? "good" : "BAD",
        `${question} ${answer}`,
      ]);
      return `${name}: ${sentence}\n${indent(table(lines))}`;
    });
    return [...blocks, end].join("\n\n");
  },
};

function gains(found: NonNullable<Result["generalisation"]>): string {
  const stacks = [...new Set(found.map(({ stack }) => String(stack)))];
  const candidates = [...new Set(found.map(({ candidate }) => String(candidate)))];
  const gain = (candidate: string, stack: string): string => {
    const value = found.find((one) => one.candidate === candidate && one.stack === stack)?.gain_db;
    return typeof value === "number" ? `${value > 0 ? "+" : ""}${value.toFixed(1)}` : "-";
  };
  const rows = candidates.map((candidate) => [candidate, ...stacks.map((stack) => gain(candidate, stack))]);
  return table(
    [["", ...stacks], ...rows],
    stacks.map((_, i) => i + 1),
  );
}
