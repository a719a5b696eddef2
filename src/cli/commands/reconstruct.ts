import type { z } from "zod";
import type { reconstruct as task } from "../../tasks/reconstruct.ts";
import type { CommandText } from "../command.ts";
import { digits, table } from "../text.ts";

export const reconstruct: CommandText<z.output<typeof task.result>> = {
  notes: [
    "The output has two float32 channels: the amplitude, which is 1 in empty regions, and the unwrapped phase in radians, which is 0 there.",
    "angular-spectrum reconstructs one hologram, in-line or off-axis (--off-axis). Distances are positive along the light. For an in-line hologram, --distance auto also gives the probability that the distance is right (confidence) and that its sign is right (direction_confidence). A specimen that only absorbs light looks the same on both sides; then give a --range on one side.",
    "--model reconstructs one in-line hologram with a trained model, which removes the twin image. The distance needs to be known only approximately.",
    "multi-height and tie (transport of intensity) use a stack of at least two planes in transmitted light. z increases into the specimen, towards the lamp.",
  ],
  examples: [
    "parfocal reconstruct hologram.tif --off-axis auto --wavelength 0.532 --distance auto --range -10:10 -o field.tif",
    "parfocal reconstruct inline.tif --wavelength 0.532 --distance -12 -o inline_field.tif --json",
    "parfocal reconstruct inline.tif --wavelength 0.532 --model runs/hologram/version_0 --distance -12 -o focused.tif",
    "parfocal reconstruct brightfield.tif --method multi-height --wavelength 0.55 --iterations 5 -o phase.tif",
    "parfocal reconstruct brightfield.tif --method tie --wavelength 0.55 --input-planes 0,2 --z 0:4:2 -o refocused_field.tif",
  ],
  text(done) {
    const rows: string[][] = [["output", `${done.output}: amplitude, phase in radians`]];
    if (done.distance_um !== undefined) {
      const kind = done.specimen && `${done.specimen === "phase" ? "a phase" : "an amplitude"} specimen, `;
      const { confidence, direction_confidence: direction } = done;
      const known = typeof confidence === "number";
      const how = known ? `, found${kind ? ` for ${kind}` : ", "}confidence ${confidence.toFixed(2)}` : "";
      const sign =
        typeof direction === "number" ? `, sign right with ${(100 * direction).toFixed(0)} % probability` : "";
      rows.push(["distance", `${digits(done.distance_um)} um along the light${how}${sign}`]);
    }
    if (done.carrier)
      rows.push(["fringes", `${done.carrier.map((f) => digits(f)).join(", ")} cycles per pixel (y, x)`]);
    if (done.planes_um) rows.push(["planes", `${done.planes_um.map((z) => digits(z)).join(", ")} um`]);
    const error = done.errors?.at(-1);
    if (error !== undefined && done.errors) {
      const rounds = done.errors.length - 1;
      rows.push(["error", `${(100 * error).toFixed(2)} % of the amplitude after ${rounds} iterations`]);
    }
    rows.push(["took", `${done.seconds.toFixed(1)} s`]);
    return table(rows);
  },
};
