/** All-in-focus fusion of a file: the image, its depth map, the depth map as a picture, and the mask of uncertain pixels. */

import { encode } from "fast-png";
import { percentiles } from "../array/statistics.ts";
import { coneSlope } from "../classical/cone-slope.ts";
import type { Light } from "../classical/focus/light.ts";
import { type FuseOptions, fuse, minConfidence } from "../classical/fusion/fuse.ts";
import { ParfocalError } from "../errors.ts";
import { depthColours } from "../figures/depth-colours.ts";
import { checkIndex, extentOf, refuseColour } from "../image/axes.ts";
import type { ImageInfo } from "../image/image.ts";
import { type ImageFile, readFinitePlane } from "../image/image-file.ts";
import { checkFormat, formatOf } from "../image/image-format.ts";
import type { Storage } from "../image/storage.ts";
import { plannedBytes, writeImages } from "../image/write-image.ts";
import type { Warning } from "../warning.ts";

export interface FuseFileOptions extends Omit<FuseOptions, "slope"> {
  channel?: number | undefined;
  time?: number | undefined;
  force?: boolean | undefined;
}

export interface FuseFileResult {
  /** The all-in-focus image, in the pixel type of the input. */
  output: string;
  /** The depth map: float32, um above the first plane. */
  depth: string;
  /** The depth map in colours, 8-bit RGB PNG. */
  colours: string;
  /** The mask of uncertain pixels, uint8: 255 where the depth follows the surroundings, 0 where it is the pixel's own. */
  uncertain: string;
  /** Depths of the first and the last colour, um: percentiles 2 and 98 of the certain depths, or of all if none is certain. */
  colour_range_um: [number, number];
  /** Share of the pixels whose depth is certain (confidence above a half). */
  confident: number;
  light: Light;
  warnings: Warning[];
  seconds: number;
}

/** NAME.tif, NAME_depth.tif, NAME_depth.png and NAME_uncertain.tif; an output NAME.png has its maps in .tif as well. */
function filesOf(output: string): Pick<FuseFileResult, "output" | "depth" | "colours" | "uncertain"> {
  formatOf(output);
  const stem = output.replace(/(\.ome)?\.(tiff?|png)$/i, "");
  return { output, depth: `${stem}_depth.tif`, colours: `${stem}_depth.png`, uncertain: `${stem}_uncertain.tif` };
}

/**
 * Reads the stack by bands, three times, so that memory does not grow with the number of planes as much as with the field.
 * @throws what {@link fuse} and the image reader and writer throw; `calibration.missing` without a z step; `output.exists` before any
 * work
 */
export async function fuseFile(
  storage: Storage,
  file: ImageFile,
  output: string,
  options: FuseFileOptions = {},
): Promise<FuseFileResult> {
  const begun = performance.now();
  const files = filesOf(output);
  for (const path of Object.values(files)) await storage.checkOutput(path, options.force);
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const time = checkIndex(file, "time", options.time, file.path);
  const [depth, height, width] = [extentOf(file, "Z"), extentOf(file, "Y"), extentOf(file, "X")];
  const { zStep } = file;
  if (zStep === undefined && depth > 1) {
    throw new ParfocalError(
      "calibration.missing",
      `${file.path}: ${depth} planes but no z step, which the depth map needs; give \`z_step <your z step>\` (um).`,
      { path: file.path, what: "z step", option: "z_step" },
    );
  }
  const source = {
    depth,
    height,
    width,
    read: (z: number, { y0, count }: { y0: number; count: number }) =>
      readFinitePlane(file, { channel, time, z }, { x: 0, y: y0, width, height: count }),
  };
  const info: ImageInfo = {
    axes: "YX",
    shape: [height, width],
    dtype: file.dtype,
    ...(file.pixelSize && { pixelSize: file.pixelSize }),
    ...(file.optics && { optics: file.optics }),
  };
  const about = {
    output: info,
    depth: { ...info, dtype: "float32" as const },
    uncertain: { ...info, dtype: "uint8" as const },
  };
  const names = ["output", "depth", "uncertain"] as const;
  for (const name of names) checkFormat(about[name], formatOf(files[name]), files[name]);
  await storage.checkRoom(names.map((name) => ({ path: files[name], size: plannedBytes(files[name], about[name]) })));
  const fused = await fuse(source, { ...options, slope: coneSlope(file) });
  const um = fused.depth.map((planes) => planes * (zStep ?? 1));
  const own = um.filter((_, i) => fused.confidence[i] > minConfidence);
  const [low, high] = percentiles(own.length > 0 ? own : um, [2, 98]);
  const rgb = encode({ width, height, data: depthColours(um, fused.image, [low, high]), depth: 8, channels: 3 });
  const uncertain = Uint8Array.from(fused.confidence, (c) => (c > minConfidence ? 0 : 255));
  const written = await writeImages(
    storage,
    [
      { path: files.output, image: { ...about.output, data: fused.image } },
      { path: files.depth, image: { ...about.depth, data: um }, displayRange: [low, high] },
      { path: files.uncertain, image: { ...about.uncertain, data: uncertain }, displayRange: [0, 255] },
    ],
    { force: options.force, files: [[files.colours, rgb]] },
  );
  const confident = own.length / um.length;
  return {
    ...files,
    colour_range_um: [low, high],
    confident,
    light: fused.light,
    warnings: [...written.flatMap(({ warnings }) => warnings), ...warningsFor(fused.light, confident)],
    seconds: (performance.now() - begun) / 1000,
  };
}

function warningsFor(light: Light, confident: number): Warning[] {
  const warnings: Warning[] = [];
  if (confident < 0.01) {
    warnings.push({
      code: "no_depth",
      text: "Hardly any pixel has a depth of its own: the stack has little detail, much noise, or its focus at an end or outside.",
    });
  }
  if (light === "transmitted") {
    warnings.push({
      code: "transmitted_light",
      text: "This looks like transmitted light: where contrast comes from phase, it is lowest in focus, and what is sharpest here is out of focus.",
    });
  }
  return warnings;
}
