import type { z } from "zod";
import type { section as task } from "../../tasks/section.ts";
import type { CommandText } from "../command.ts";
import { digits, rescaleRows, table } from "../text.ts";

type Result = z.output<typeof task.result>;

export const section: CommandText<Result> = {
  notes: [
    "With --model, the section is computed from a widefield image. Its counts are on the scale of the sections that the model was trained on, and are proportional to the light.",
    "hilo needs two exposures of every plane: the first in uniform light, the second in laser speckle. sim needs three, with the grid shifted by a third of its period each time. The exposures are separate files, or they are the channels, time points or planes of one image (--phases, --order). Stacks are processed plane by plane, so memory does not grow with their depth.",
    "The output is float32, in counts above --offset. A section contains only a small part of the light. The noise of a hilo section can be negative; in a sim section, noise raises dark regions to about its standard deviation.",
  ],
  examples: [
    "parfocal section grid.tif --method sim --offset 100 -o section.tif",
    "parfocal section speckle.tif --method hilo --offset 100 --na 0.8 --wavelength 0.515 -o hilo.tif --json",
    "parfocal section uniform.tif laser.tif --method hilo --sigma 1.5 --gain 2 --read-noise 1.5 --offset 100 -o hilo.ome.tif",
    "parfocal section pages.tif --method sim --phases z --order blocks --widefield mean.tif -o sections.tif --json",
    "parfocal section stack.tif --channel 1 --model runs/unet/version_0 -o by-model.tif",
    "parfocal section stack.tif --channel 1 --model runs/care/version_0 --uncertainty uncertainty.tif -o restored.tif --json",
  ],
  text: (done) =>
    table([
      ["output", done.output],
      ...(done.widefield === undefined ? [] : [["widefield", done.widefield]]),
      ...(done.uncertainty === undefined ? [] : [["uncertainty", done.uncertainty]]),
      ...(done.method === undefined ? [] : [["method", `${done.method}, exposures in ${done.exposures}`]]),
      ...(done.model === undefined ? [] : [["model", done.model]]),
      ["planes", String(done.planes)],
      ...rescaleRows(done.rescale),
      ...rescaleRows(done.widefield_rescale, "widefield rescaled"),
      ...measured(done),
      ["took", `${done.seconds.toFixed(1)} s`],
    ]),
};

/** What the method measured, for people. */
function measured(done: Result): [string, string][] {
  const { eta, period_pixels: pixels, period_um: um, orientation_degrees: degrees, planes_with_grid: seen } = done;
  const rows: [string, string][] = [];
  if (pixels !== undefined && degrees !== undefined) {
    const length = `${digits(pixels)} pixels${um === undefined ? "" : ` (${digits(um)} um)`}`;
    rows.push(["grid", `${length} a period, at ${digits(degrees)} degrees; seen in ${seen} of ${done.planes} planes`]);
  }
  if (eta !== undefined) rows.push(["low frequencies", `weighted by ${digits(eta)}`]);
  const [what, shares] = done.in_focus ? ["in focus", done.in_focus] : ["modulated", done.modulation ?? []];
  const known = shares.filter((share) => share !== null).map((share) => 100 * share);
  if (known.length > 0) {
    const [low, high] = [Math.min(...known), Math.max(...known)].map((share) => share.toFixed(0));
    rows.push([what, `${low === high ? low : `${low} to ${high}`} % of the light of a plane`]);
  }
  return rows;
}
