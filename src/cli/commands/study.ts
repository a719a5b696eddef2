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
    "Models that refocus are asked for the sharpest plane from every other one, which is there to compare with. For models that section give --truth or --truth-channel, if you have it; otherwise they are compared with the sharpest plane, as in the literature.",
    "The first sentence on each model says whether to use it, for what, and over which distances. The verdicts say whether it refocuses or sections, in which direction, whether it hallucinates, whether it depends on scale, over which range it is useful, whether it does harm, and whether it returns the planes that it was given. Gains are over the best recorded baseline: the planes that the model was given, lightly smoothed or interpolated.",
    "Several stacks get a page each, and one more with the gain of every model on every stack: how far it generalises. With --na and --wavelength (or where the file says them) Richardson-Lucy stands beside the models.",
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
      ["page", report],
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
