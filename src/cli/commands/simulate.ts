import type { z } from "zod";
import type { simulate as task } from "../../tasks/simulate.ts";
import type { CommandText } from "../command.ts";
import { table } from "../text.ts";

type Result = z.output<typeof task.result>;

export const simulate: CommandText<Result> = {
  notes: [
    "A recipe is the name of a shipped recipe, or a .yaml file. --list shows the shipped recipes; NAME-aberrated is the same recipe with spherical aberration. --print prints a recipe, which can be saved as a .yaml file and edited.",
    "One field is written as three files: the stack (uint16), its ground truth without noise (float32), and a list of the objects in the field (JSON). They are in the folder OUTPUT, or are called NAME.tif, NAME_truth.tif and NAME_objects.json if OUTPUT is NAME.tif.",
    "Several fields are written as a data set: the folders train, val and test, and dataset.json. If it was interrupted, the same command continues.",
  ],
  examples: [
    "parfocal simulate --list",
    "parfocal simulate beads --seed 1",
    "parfocal simulate beads --output beads.tif --size 64 --planes 9 --beads 6 --json",
    "parfocal simulate beads --output oil --na 1.3 --refractive-index 1.515 --pixel-size 0.1 --z-step 0.3 --diameter 0.5:2",
    "parfocal simulate nuclei --print",
    "parfocal simulate wf-to-os-sim --output sections --fields 3 --size 64 --planes 3 --set specimen.cells=60",
  ],
  text(done) {
    if (done.recipes) return table(done.recipes.map(({ name, summary }) => [name, summary]));
    if (done.yaml !== undefined) return done.yaml.trimEnd();
    return done.images ? single(done, done.images) : dataSet(done);
  },
};

function single({ volume, objects = "", shape = [], seed }: Result, images: NonNullable<Result["images"]>): string {
  const [depth, height, width] = shape;
  return table([
    ...Object.entries(images).flatMap(([name, { image, truth, exposures, field }]) => [
      [name, image],
      ["  truth", truth],
      ...(exposures ? [["  exposures", exposures]] : []),
      ...(field ? [["  field", field]] : []),
    ]),
    ...(volume ? [["volume", volume]] : []),
    ["objects", objects],
    ["size", `${depth} planes of ${height} x ${width} pixels, seed ${seed}`],
  ]);
}

function dataSet({ output = "", manifest = "", fields = {}, skipped = 0 }: Result): string {
  return table([
    ["data set", output],
    ["manifest", manifest],
    ["fields", `${fields.train} to train, ${fields.val} to validate, ${fields.test} to test`],
    ...(skipped > 0 ? [["skipped", `${skipped} fields that existed already`]] : []),
  ]);
}
