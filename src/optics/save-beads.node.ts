/** Simulated beads as files: the stack, its truth, and where every bead is. */
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { ParfocalError } from "../errors.ts";
import { checkOutput, writeFileAtomic } from "../image/atomic-file.node.ts";
import { formatOf } from "../image/image-format.ts";
import { imageOfStack } from "../image/stack-image.ts";
import { writeImage } from "../image/write-image.node.ts";
import { version } from "../version.ts";
import type { SimulatedBeads } from "./simulate-beads.ts";

/** Where the three files of a simulation go. */
export interface BeadFiles {
  /** What the camera recorded, uint16. */
  output: string;
  /** The same without noise, float32. */
  truth: string;
  /** Options and beads, JSON; lengths in um. */
  beads: string;
}

/**
 * The files for a target: a folder (beads.tif, truth.tif, beads.json in it), or the name of the stack (NAME.tif, with
 * NAME_truth.tif and NAME_beads.json beside it).
 * @throws usage for a file name of another kind than .tif or .ome.tif
 */
export function beadFiles(target: string): BeadFiles {
  if (!/\.[a-z]\w*$/i.test(target)) {
    return { output: join(target, "beads.tif"), truth: join(target, "truth.tif"), beads: join(target, "beads.json") };
  }
  if (formatOf(target) === "png") {
    throw new ParfocalError("usage", `${target}: a PNG holds one plane, not a stack; give a .tif name or a folder.`, {
      option: "--out",
      got: target,
      expected: "a .tif or .ome.tif name, or a folder",
    });
  }
  const [, stem, ending] = /^(.*?)((?:\.ome)?\.\w+)$/i.exec(target) ?? [];
  return { output: target, truth: `${stem}_truth${ending}`, beads: `${stem}_beads.json` };
}

/**
 * Throws before any work when a file is in the way (`output.exists`, unless `force`) or its name is of no format that
 * is written (`usage`).
 */
export async function checkBeadFiles(files: BeadFiles, force = false): Promise<void> {
  for (const path of [files.output, files.truth, files.beads]) await checkOutput(path, force);
}

/** Writes all three, the JSON last, and makes the folder. Throws `output.exists`, `output.failed`. */
export async function saveBeads(files: BeadFiles, simulated: SimulatedBeads, force = false): Promise<void> {
  await checkBeadFiles(files, force);
  await mkdir(dirname(files.output), { recursive: true });
  const { stack, truth, beads, options, warnings } = simulated;
  await writeImage(files.output, imageOfStack(stack, files.output), { force });
  await writeImage(files.truth, imageOfStack(truth, files.truth), { force });
  const record = { parfocal_version: version, recipe: "beads", options, warnings, beads };
  await writeFileAtomic(files.beads, `${JSON.stringify(record, null, 2)}\n`, { force });
}
