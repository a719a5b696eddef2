/** `parfocal simulate`: z-stacks whose truth is known. */
import {
  beadFiles,
  checkBeadFiles,
  resolveSimulateBeadsOptions,
  saveBeads,
  simulateBeads,
  simulateBeadsOptions,
} from "../node.ts";
import { oneOf } from "./option-values.ts";
import { addSchemaOptions, schemaValues } from "./schema-options.ts";
import { table } from "./text.ts";
import type { Verb } from "./verb.node.ts";

const recipes = ["beads"] as const;

interface SimulateOptions {
  out: string;
  force?: boolean;
}

export const simulate: Verb<SimulateOptions> = {
  name: "simulate",
  arguments: "",
  summary: "Simulate a z-stack of fluorescent beads as a widefield microscope records it, with its truth.",
  notes: [
    "The recipe is beads. Written are the stack (uint16), its truth without noise (float32) and the place and kind of every",
    "bead (JSON): into a folder, or as NAME.tif, NAME_truth.tif and NAME_beads.json.",
  ],
  examples: [
    "parfocal simulate beads --seed 1",
    "parfocal simulate beads --out beads.tif --size 64 --planes 9 --beads 6 --json",
    "parfocal simulate beads --out oil --na 1.3 --refractive-index 1.515 --pixel-size 0.1 --z-step 0.3 --diameter 0.5:2",
  ],
  uses: ["seed"],
  options(command) {
    command.argument("<recipe>", "what is in the field: beads", oneOf(recipes));
    command.option("-o, --out <path>", "folder, or name of the stack (.tif, .ome.tif)", "simulated");
    command.option("--force", "replace files that exist");
    addSchemaOptions(command, simulateBeadsOptions);
  },
  async run(_recipe, options, terminal) {
    const started = performance.now();
    const files = beadFiles(options.out);
    await checkBeadFiles(files, options.force);
    const resolved = resolveSimulateBeadsOptions(schemaValues(simulateBeadsOptions, options));
    const onProgress = terminal.progress("planes simulated");
    const simulated = await simulateBeads(resolved, { signal: terminal.signal, onProgress });
    await saveBeads(files, simulated, options.force);
    const { stack, beads, warnings } = simulated;
    const shape = [stack.depth, stack.height, stack.width];
    const seconds = Math.round(performance.now() - started) / 1000;
    return {
      json: {
        ...files,
        shape,
        seed: resolved.seed,
        beads_in_field: beads.length,
        options: resolved,
        warnings,
        seconds,
      },
      text: table([
        ["stack", files.output],
        ["truth", files.truth],
        ["beads", files.beads],
        ["size", `${stack.depth} planes of ${stack.height} x ${stack.width} pixels, seed ${resolved.seed}`],
      ]),
      warnings,
    };
  },
};
