/** Amplitude and phase of a hologram or a through-focus stack in files. */

import { breatheThrough } from "../array/breathe.ts";
import {
  type ReconstructOptions,
  reconstructHologram,
  type SeparatedField,
  separateFieldSteps,
} from "../classical/refocusing/reconstruct-hologram.ts";
import { recoverField } from "../classical/refocusing/recover-field.ts";
import { ParfocalError } from "../errors.ts";
import { checkIndex, extentOf, refuseColour } from "../image/axes.ts";
import type { Plane } from "../image/image.ts";
import { type ImageFile, readFinitePlane } from "../image/image-file.ts";
import { requirePairable } from "../image/pairable.ts";
import type { Storage } from "../image/storage.ts";
import { writeImage } from "../image/write-image.ts";
import type { CoherentLight } from "../optics/imaging/coherent-light.ts";
import type { Warning } from "../warning.ts";

export const reconstructMethods = ["angular-spectrum", "multi-height", "tie"] as const;
export type ReconstructMethod = (typeof reconstructMethods)[number];

export interface ReconstructFileOptions extends Omit<ReconstructOptions, "background"> {
  /** "angular-spectrum" for one hologram (default); "multi-height" and "tie" for planes at different focus. */
  method?: ReconstructMethod | undefined;
  channel?: number | undefined;
  time?: number | undefined;
  /** A hologram without specimen. */
  background?: ImageFile | undefined;
  /** Stacks: which planes are used, from 0; default all. One hologram of several: which. */
  inputPlanes?: readonly number[] | undefined;
  /** Stacks: z of every plane of the file, um; default from the z step, the first plane at 0. */
  positions?: readonly number[] | undefined;
  /** Stacks: where the field is wanted, um on the same axis; default the middle one of the planes that are used. */
  z?: readonly number[] | undefined;
  /** Multi-height: rounds at most. */
  iterations?: number | undefined;
  force?: boolean | undefined;
}

export interface ReconstructFileResult {
  /** Two channels, float32: amplitude (1 where the field is empty) and phase (radians, 0 there). */
  output: string;
  method: ReconstructMethod;
  /** Holograms: from the recorded plane to the focus, um along the light. */
  distance_um?: number;
  specimen?: "amplitude" | "phase";
  confidence?: number;
  /** In line: probability of the sign, 0.5 to 1; null where the range leaves no choice, or the hologram is in focus. */
  direction_confidence?: number | null;
  /** In line: n lambda / NA^2, um, with the NA that is known or that the hologram shows. */
  depth_of_field_um?: number;
  /** Off-axis: fringes, cycles per pixel, [y, x]. */
  carrier?: [number, number];
  /** Stacks: z of the written planes, um. */
  planes_um?: number[];
  /** Stacks: relative error of the amplitudes before each round and after the last. */
  errors?: number[];
  converged?: boolean;
  warnings: Warning[];
  seconds: number;
}

/**
 * z of a stack counts up into the sample and light goes down, as everywhere in Parfocal: with the objective below, the phase of
 * a denser specimen is positive.
 *
 * @throws `output.exists` before any work; `calibration.missing` without wavelength, pixel size or (stacks) z step; what
 * {@link reconstructHologram} and {@link recoverField} throw
 */
export async function reconstructFile(
  storage: Storage,
  file: ImageFile,
  output: string,
  options: ReconstructFileOptions = {},
): Promise<ReconstructFileResult> {
  const begun = performance.now();
  await storage.checkOutput(output, options.force);
  refuseColour(file, file.path);
  const channel = checkIndex(file, "channel", options.channel, file.path);
  const light = lightOf(file, channel);
  const method = options.method ?? "angular-spectrum";
  const { planes, z, ...report } =
    method === "angular-spectrum"
      ? await fromHologram(file, light, channel, options)
      : await fromStack(file, light, channel, { ...options, method });
  await writeFields(storage, output, file, planes, z, options.force);
  return { output, method, ...report, seconds: (performance.now() - begun) / 1000 };
}

type Report = Omit<ReconstructFileResult, "output" | "method" | "seconds"> & {
  planes: SeparatedField[];
  z: readonly number[];
};

async function fromHologram(
  file: ImageFile,
  light: CoherentLight,
  channel: number,
  options: ReconstructFileOptions,
): Promise<Report> {
  const { inputPlanes = [] } = options;
  if (inputPlanes.length === 0 ? extentOf(file, "Z") > 1 : inputPlanes.length > 1) {
    const got = inputPlanes.length > 1 ? `\`input_planes\` names ${inputPlanes.length}` : `has ${extentOf(file, "Z")}`;
    const detail =
      `${file.path} ${got} planes, but \`method\` angular-spectrum takes one hologram; choose it with \`input_planes 0\`, ` +
      "or give `method` multi-height or tie for planes at different focus.";
    throw new ParfocalError("image.unfit", detail, { path: file.path, detail });
  }
  const hologram = await readHologram(file, channel, options.time, checkIndex(file, "z", inputPlanes[0], file.path));
  const { background: empty, ...rest } = options;
  if (empty) requirePairable([file.path, placedOf(file)], [empty.path, placedOf(empty)], { planes: false });
  const background = empty && (await readHologram(empty, extentOf(empty, "C") > 1 ? channel : 0, undefined, 0));
  const done = await reconstructHologram(hologram, light, { ...rest, background });
  const { amplitude, phase, distance, focus, carrier, warnings } = done;
  return {
    planes: [{ amplitude, phase }],
    z: [0],
    distance_um: distance,
    ...(focus && { specimen: focus.specimen, confidence: focus.confidence }),
    ...(focus &&
      "depthOfField" in focus && {
        direction_confidence: focus.directionConfidence ?? null,
        depth_of_field_um: focus.depthOfField,
      }),
    ...(carrier && { carrier: [carrier.y, carrier.x] }),
    warnings,
  };
}

const placedOf = (file: ImageFile) => ({
  depth: 1,
  height: extentOf(file, "Y"),
  width: extentOf(file, "X"),
  pixelSize: file.pixelSize,
});

async function fromStack(
  file: ImageFile,
  light: CoherentLight,
  channel: number,
  options: ReconstructFileOptions & { method: ReconstructMethod },
): Promise<Report> {
  const places = placesOf(file, options.positions);
  const chosen = options.inputPlanes ?? places.map((_, i) => i);
  const planes = [];
  for (const index of chosen) {
    const plane = await readHologram(file, channel, options.time, checkIndex(file, "z", index, file.path));
    planes.push({ ...plane, position: -places[index] });
  }
  const middle = [...chosen].map((index) => places[index]).sort((a, b) => a - b)[chosen.length >> 1];
  const wanted = options.z ?? (middle === undefined ? [] : [middle]);
  const { signal, onProgress } = options;
  const recovered = await recoverField(planes, light, {
    iterations: options.method === "tie" ? 0 : options.iterations,
    reach: wanted.map((z) => -z),
    signal,
    onProgress,
  });
  const separated = [];
  for (const z of wanted) {
    separated.push(await breatheThrough(separateFieldSteps(recovered.at(-z)), signal));
  }
  const warnings: Warning[] = [];
  if (options.method === "multi-height" && !recovered.converged) {
    const last = (100 * (recovered.errors.at(-1) ?? 0)).toFixed(2);
    warnings.push({
      code: "not_converged",
      text: `Still improving after ${recovered.errors.length - 1} iterations (error ${last} %); give more \`iterations\`.`,
    });
  }
  return {
    planes: separated,
    z: wanted,
    planes_um: [...wanted],
    errors: recovered.errors,
    ...(options.method === "multi-height" && { converged: recovered.converged }),
    warnings,
  };
}

function placesOf(file: ImageFile, positions: readonly number[] | undefined): readonly number[] {
  const depth = extentOf(file, "Z");
  if (positions) {
    if (positions.length === depth) return positions;
    const message = `${file.path} has ${depth} planes and \`positions\` names ${positions.length}; give one for each plane.`;
    throw new ParfocalError("usage", message, {
      option: "positions",
      got: positions.length,
      expected: String(depth),
    });
  }
  const { zStep } = file;
  if (zStep === undefined && depth > 1) throw missing(file, "z step", "`z_step <your z step>` (um)", "z_step");
  return Array.from({ length: depth }, (_, i) => i * (zStep ?? 1));
}

/** The light that a file was recorded with. @throws `calibration.missing` without wavelength or pixel size */
export function lightOf(file: ImageFile, channel: number): CoherentLight {
  const wavelength = file.emissionWavelengths?.[channel] ?? file.optics?.wavelength;
  if (wavelength === undefined) throw missing(file, "wavelength", "`wavelength <your wavelength>` (um)", "wavelength");
  const { pixelSize, optics } = file;
  if (!pixelSize) throw missing(file, "pixel size", "`pixel_size <your pixel size>` (um in the sample)", "pixel_size");
  if (Math.abs(pixelSize.y / pixelSize.x - 1) > 0.01) {
    const detail = `${file.path}: pixels of ${pixelSize.y} x ${pixelSize.x} um are not square; resample them, or give \`pixel_size\`.`;
    throw new ParfocalError("image.unfit", detail, { path: file.path, detail });
  }
  const na = optics?.na;
  return {
    wavelength,
    pixelSize: pixelSize.x,
    refractiveIndex: optics?.refractiveIndex ?? 1,
    ...(na !== undefined && { na }),
  };
}

function missing(file: ImageFile, what: string, example: string, option: string): ParfocalError {
  const message = `${file.path}: the ${what} is not known, and light cannot be followed without it; give ${example}.`;
  return new ParfocalError("calibration.missing", message, { path: file.path, what, option });
}

export async function readHologram(
  file: ImageFile,
  channel: number,
  time: number | undefined,
  z: number,
): Promise<Plane> {
  const data = await readFinitePlane(file, { channel, time, z });
  return { data, height: extentOf(file, "Y"), width: extentOf(file, "X") };
}

/** Writes amplitudes and phases as two channels. */
export async function writeFields(
  storage: Storage,
  output: string,
  file: ImageFile,
  planes: readonly SeparatedField[],
  z: readonly number[],
  force: boolean | undefined,
): Promise<void> {
  const { height, width } = planes[0].amplitude;
  const size = height * width;
  const data = new Float32Array(2 * planes.length * size);
  planes.forEach(({ amplitude, phase }, p) => {
    data.set(amplitude.data, p * size);
    data.set(phase.data, (planes.length + p) * size);
  });
  const step = z[1] - z[0];
  const even = step > 0 && z.every((value, i) => Math.abs(value - z[0] - i * step) < 1e-6 * step * z.length);
  const { pixelSize, optics } = file;
  const image = {
    axes: planes.length > 1 ? "CZYX" : "CYX",
    shape: planes.length > 1 ? [2, planes.length, height, width] : [2, height, width],
    dtype: "float32" as const,
    channelNames: ["amplitude", "phase (rad)"],
    ...(pixelSize && { pixelSize }),
    ...(even && { zStep: step }),
    ...(optics && { optics }),
    data,
  };
  await writeImage(storage, output, image, { force });
}
