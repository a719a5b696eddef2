import type { z } from "zod";
import type { deconvolve as task } from "../../tasks/deconvolve.ts";
import type { CommandText } from "../command.ts";
import { digits, rescaleRows, table } from "../text.ts";

const why: Readonly<Record<string, string>> = { limit: "the most allowed", agreement: "no agreement left" };

export const deconvolve: CommandText<z.output<typeof task.result>> = {
  notes: [
    "The PSF is computed from NA, wavelength and refractive index, which the file states or flags give, or it is a measured PSF (--psf).",
    "After many iterations, richardson-lucy amplifies noise into dots. --tv 0.01 suppresses them, and --method consensus stops automatically before they appear.",
    "The output is float32, in counts above the camera's offset.",
  ],
  examples: [
    "parfocal deconvolve blurred.tif --na 0.8 --wavelength 0.515 -o sharp.tif",
    "parfocal deconvolve blurred.tif --psf bead.tif --iterations 50 --tv 0.01 --offset 100 -o sharp_tv.tif --json",
    "parfocal deconvolve stack.tif --channel 0 --method consensus --gain 2 --offset 100 --na 0.8 --wavelength 0.515 -o sharp_stack.tif",
    "parfocal deconvolve stack.tif --channel 0 --pinhole 1 --excitation-wavelength 0.488 --na 0.8 --wavelength 0.515 -o confocal.tif",
    "parfocal deconvolve stack.tif --channel 1 --method wiener --planes-separately --psf bead.tif -o wiener.ome.tif",
  ],
  text(done) {
    const stopped = done.stopped_by === undefined ? "" : `, stopped by ${why[done.stopped_by] ?? done.stopped_by}`;
    return table([
      ["output", done.output],
      ["method", `${done.method}, ${done.iterations} iterations${stopped}`],
      ["psf", `${done.psf.source}; ${done.psf.shape.join(" x ")} voxels (z, y, x)`],
      ["camera", `offset ${digits(done.offset)} counts${done.gain ? `, gain ${digits(done.gain)}` : ""}`],
      ...rescaleRows(done.rescale),
      ["took", `${done.seconds.toFixed(1)} s${done.tiles > 1 ? `, in ${done.tiles} tiles` : ""}`],
    ]);
  },
};
