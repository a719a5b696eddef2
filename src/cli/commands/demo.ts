import type { z } from "zod";
import type { demo as task } from "../../tasks/demo.ts";
import type { CommandText } from "../command.ts";
import { table } from "../text.ts";

interface Scores {
  psnr: number | null;
  ssim: number;
}

interface Distance {
  distance: number;
  given: boolean;
  input: Scores;
  output: Scores;
  baseline: Scores;
}

export const demo: CommandText<z.output<typeof task.result>> = {
  notes: [
    "The report OUTPUT/index.html shows refocused planes beside the recorded ones, the scores of output, input and best recorded baseline (a given plane, lightly smoothed or interpolated), and the training curve.",
    "The command takes about a minute longer than --minutes, which limits the training. Most flags of parfocal train --method deep-z can be given, too.",
  ],
  examples: [
    "parfocal demo",
    "parfocal demo --output demo --minutes 1 --json",
    "parfocal demo --data stack.tif --channel 1 --output mine",
  ],
  text(done) {
    const over = done.gain_over_baseline as unknown as { psnr: number | null };
    const decibels = (value: number | null): string => (value === null ? "infinite" : value.toFixed(1));
    return [
      table([
        ["report", done.report],
        ["sheet", done.sheet],
        ["model", done.model],
        ...(done.distances as unknown as Distance[]).map(({ distance, input, output, baseline, given }) => [
          `${distance < 0 ? "" : "+"}${distance.toFixed(2)} um`,
          `PSNR ${decibels(output.psnr)} dB (baseline ${baseline.psnr === null ? "identical" : baseline.psnr.toFixed(1)}, input ${decibels(input.psnr)}), SSIM ${output.ssim.toFixed(3)} (baseline ${baseline.ssim.toFixed(3)}, input ${input.ssim.toFixed(3)})${given ? "; the model was given this plane" : ""}`,
        ]),
        [
          "mean gain",
          `${decibels(over.psnr)} dB PSNR over the best recorded baseline (${decibels(done.gain_psnr)} dB over the unchanged first plane), on a field that the model has not seen`,
        ],
      ]),
      done.sentence,
    ].join("\n\n");
  },
};
