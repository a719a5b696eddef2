/**
 * Training data of hologram reconstruction: recorded intensities with their distances from focus, and the in-focus
 * field.
 */
import { gaussianFilter } from "../../array/filters.ts";
import { extent } from "../../array/statistics.ts";
import { depthOfField, focusOfField } from "../../classical/refocusing/focus-of-field.ts";
import { fringesOf } from "../../classical/refocusing/fringes.ts";
import { recoverField } from "../../classical/refocusing/recover-field.ts";
import { unwrapPhase } from "../../classical/refocusing/unwrap-phase.ts";
import { ParfocalError } from "../../errors.ts";
import { type Plane, planeOf, type Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import type { CoherentLight } from "../../optics/imaging/coherent-light.ts";
import { type ComplexField, phaseOf } from "../../optics/imaging/complex-field.ts";
import type { CommonConfig } from "../common-config.ts";
import { configError } from "../config-error.ts";
import type { TrainingInput } from "../training-method.ts";
import type { Box } from "./split-region.ts";
import { type TrainingSources, trainingSources } from "./training-sources.ts";

/** The configuration keys for holograms. Lengths in um. */
export type HologramDataConfig = CommonConfig & {
  /** Range of distances from hologram to focus, along the light. */
  distance_range: readonly [number, number];
  /** z of every plane; undefined where the planes are evenly spaced. */
  positions?: readonly number[] | undefined;
  focus_plane?: number | undefined;
  /** Maximum period of the phase variations that are learnt; undefined: all. */
  longest_wave?: number | undefined;
};

/** An in-focus field, and holograms at distances from it. */
interface FocusedHolograms {
  /** The in-focus field: mean intensity 1, most frequent phase 0. */
  truth: ComplexField;
  /** The holograms within the distance range, with their distance to the in-focus field, um along the light. */
  holograms: readonly { intensity: Plane; distance: number }[];
}

export interface HologramSource {
  name: string;
  /** Size of the part of the field that this source covers. */
  height: number;
  width: number;
  box: Box;
  light: CoherentLight;
  /** The whole in-focus field with its holograms; computed at the first call. */
  focused(): Promise<FocusedHolograms>;
}

/**
 * Checks and splits coherent stacks. The in-focus field of a simulated stack is known; that of a recorded stack is
 * recovered from all planes by multi-height phase retrieval and autofocused.
 *
 * @throws calibration.missing without wavelength, pixel size or z step; image.unfit for NaN, constant or dark planes,
 *   fringes of off-axis holograms, a single plane, stacks of several pixel sizes; usage for parts that do not fit.
 *   Errors that appear only when the field is recovered (no focus within the stack, no plane in the range) are thrown
 *   by {@link HologramSource.focused}.
 */
export function* hologramSources(
  input: Pick<TrainingInput, "samples" | "fields">,
  config: HologramDataConfig,
): Generator<void, TrainingSources<HologramSource, HologramSource>> {
  if (input.samples.length === 0) {
    throw new ParfocalError("usage", "Training needs at least one stack of holograms; none was given.", {});
  }
  return yield* trainingSources(input, config, {
    *whole(sample) {
      yield;
      return hologramSource(sample, config);
    },
    cut: (source, box) => ({
      ...source,
      box,
      height: box.rows[1] - box.rows[0],
      width: box.columns[1] - box.columns[0],
    }),
    index: (source) => source,
    together: checkSameLight,
  });
}

function checkSameLight([first, ...others]: readonly HologramSource[]): void {
  for (const { name, light } of others) {
    for (const [key, what] of [
      ["pixelSize", "pixels"],
      ["wavelength", "a wavelength"],
    ] as const) {
      if (Math.abs(light[key] / first.light[key] - 1) <= 0.02) continue;
      const detail = `${name} has ${what} of ${light[key]} um and ${first.name} of ${first.light[key]} um`;
      throw new ParfocalError(
        "image.unfit",
        `All stacks must have the same wavelength and pixel size, but ${detail}. Train on stacks of one kind.`,
        {
          path: name,
          detail,
        },
      );
    }
  }
}

function hologramSource(sample: NamedStack, config: HologramDataConfig): HologramSource {
  const { name, stack } = sample;
  const { depth, height, width } = stack;
  const light = lightOf(name, stack);
  const positions = positionsOf(name, stack, config);
  if (sample.field === undefined && depth < 2) {
    throw unfit(
      name,
      "it is a single hologram without a known field",
      "give a stack of planes at several distances, from which the field can be recovered, or simulate one (recipe holograms)",
    );
  }
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  for (let z = 0; z < depth; z++) {
    const { min, max } = extent(planeOf(stack, z).data);
    if (!(max > min && max > 0)) throw unfit(name, `plane ${z} is ${min} everywhere`, "leave it out");
  }
  const fringes = fringesOf(planeOf(stack, 0));
  if (fringes !== undefined) {
    const detail = `it has the fringes of an off-axis hologram, every ${fringes.toFixed(1)} pixels`;
    throw unfit(
      name,
      detail,
      "train on in-line holograms, or reconstruct this one with `off_axis` auto, since an off-axis hologram records the phase directly",
    );
  }
  let made: Promise<FocusedHolograms> | undefined;
  const focused = (): Promise<FocusedHolograms> => {
    made ??= focusedHolograms(sample, light, positions, config);
    return made;
  };
  return { name, height, width, box: { rows: [0, height], columns: [0, width] }, light, focused };
}

async function focusedHolograms(
  { name, stack, field }: NamedStack,
  light: CoherentLight,
  positions: readonly number[],
  config: HologramDataConfig,
): Promise<FocusedHolograms> {
  // Light travels towards negative z.
  const along = positions.map((z) => -z);
  let truth: ComplexField;
  let focus: number;
  if (field) {
    const plane = config.focus_plane ?? Math.floor(stack.depth / 2);
    const { height, width } = stack;
    truth = { real: planeOf(field.real, plane).data, imag: planeOf(field.imag, plane).data, height, width };
    focus = along[plane];
  } else {
    const planes = along.map((position, z) => ({ ...planeOf(stack, z), position }));
    const recovered = await recoverField(planes, light, { reach: along });
    focus =
      config.focus_plane === undefined
        ? await findFocus(name, recovered.at(recovered.position), recovered.position, along, light)
        : along[config.focus_plane];
    truth = recovered.at(focus);
  }
  const [low, high] = config.distance_range;
  const holograms = along
    .map((position, z) => ({ intensity: planeOf(stack, z), distance: focus - position }))
    .filter(({ distance }) => distance >= low - 1e-6 && distance <= high + 1e-6);
  if (holograms.length === 0) {
    const distances = along.map((position) => Number((focus - position).toFixed(2)));
    throw configError(
      "distance_range",
      `distance_range: no plane of ${name} is ${low} to ${high} um from its focus; its planes are at ${distances.join(", ")} um`,
    );
  }
  const { longest_wave: longest } = config;
  const learnt = longest === undefined ? truth : withoutSlowPhase(truth, longest / light.pixelSize);
  return { truth: normaliseField(learnt), holograms };
}

async function findFocus(
  name: string,
  field: ComplexField,
  position: number,
  along: readonly number[],
  light: CoherentLight,
): Promise<number> {
  const [first, last] = [Math.min(...along), Math.max(...along)];
  const { distance } = await focusOfField(field, light, { range: [first - position, last - position] });
  const focus = position + distance;
  const edge = Math.min(depthOfField(light), (last - first) / 20) / 2;
  if (focus > first + edge && focus < last - edge) return focus;
  throw unfit(
    name,
    `it has no focus inside the stack; the sharpest position is at its end, z ${-focus} um`,
    "record planes on both sides of the specimen, or give focus_plane",
  );
}

/**
 * Removes variations of the unwrapped phase with periods longer than `longest` pixels; a variation with exactly this
 * period is halved.
 */
function withoutSlowPhase(field: ComplexField, longest: number): ComplexField {
  const sigma = (longest * Math.sqrt(Math.LN2 / 2)) / Math.PI;
  const slow = gaussianFilter(unwrapPhase(phaseOf(field)), sigma).data;
  const real = Float32Array.from(field.real, (re, i) => re * Math.cos(slow[i]) + field.imag[i] * Math.sin(slow[i]));
  const imag = Float32Array.from(field.imag, (im, i) => im * Math.cos(slow[i]) - field.real[i] * Math.sin(slow[i]));
  return { ...field, real, imag };
}

/** Normalises to mean intensity 1 and most frequent phase 0. */
function normaliseField(field: ComplexField): ComplexField {
  let power = 0;
  for (let i = 0; i < field.real.length; i++) power += field.real[i] ** 2 + field.imag[i] ** 2;
  const scale = 1 / Math.sqrt(power / field.real.length);
  const turn = -mostFrequentPhase(phaseOf(field).data);
  const [c, s] = [scale * Math.cos(turn), scale * Math.sin(turn)];
  const real = new Float32Array(field.real.length);
  const imag = new Float32Array(field.real.length);
  for (let i = 0; i < real.length; i++) {
    real[i] = c * field.real[i] - s * field.imag[i];
    imag[i] = s * field.real[i] + c * field.imag[i];
  }
  return { ...field, real, imag };
}

/** The most frequent phase, which is that of the empty field. */
function mostFrequentPhase(phases: Float32Array): number {
  const bins = new Float64Array(64);
  const step = (2 * Math.PI) / bins.length;
  for (const phase of phases) bins[Math.floor((phase + 2 * Math.PI) / step) % bins.length]++;
  const around = (i: number): number => bins[(i + 63) % 64] + bins[i] + bins[(i + 1) % 64];
  let best = 0;
  for (let i = 1; i < bins.length; i++) if (around(i) > around(best)) best = i;
  const middle = (best + 0.5) * step;
  let [sum, count] = [0, 0];
  for (const phase of phases) {
    const off = Math.atan2(Math.sin(phase - middle), Math.cos(phase - middle));
    if (Math.abs(off) < 0.3) [sum, count] = [sum + off, count + 1];
  }
  return middle + (count > 0 ? sum / count : 0);
}

function positionsOf(
  name: string,
  { depth, zStep }: Stack,
  { positions, focus_plane }: HologramDataConfig,
): readonly number[] {
  if (focus_plane !== undefined && focus_plane >= depth) {
    throw configError("focus_plane", `focus_plane: ${name} has no plane ${focus_plane}; expected 0 to ${depth - 1}`);
  }
  if (positions) {
    if (positions.length === depth) return positions;
    throw configError(
      "positions",
      `positions has ${positions.length} values, but ${name} has ${depth} planes; give one value for each plane`,
    );
  }
  if (zStep !== undefined) return Array.from({ length: depth }, (_, z) => z * zStep);
  throw missing(name, "z step", "z_step", "um, or positions");
}

function lightOf(name: string, { pixelSize, optics }: Stack): CoherentLight {
  if (!pixelSize) throw missing(name, "pixel size", "pixel_size", "um in the specimen");
  if (optics?.wavelength === undefined) throw missing(name, "wavelength", "wavelength", "um");
  if (Math.abs(pixelSize.y / pixelSize.x - 1) > 0.01) {
    throw unfit(name, `pixels of ${pixelSize.y} x ${pixelSize.x} um are not square`, "resample them");
  }
  const { wavelength, refractiveIndex = 1, na } = optics;
  return { wavelength, refractiveIndex, pixelSize: pixelSize.x, ...(na === undefined ? {} : { na }) };
}

function missing(name: string, what: string, option: string, example: string): ParfocalError {
  const message = `${name}: the ${what} is not known, which is needed to propagate light. Give \`${option} <your ${what}>\` (${example}).`;
  return new ParfocalError("calibration.missing", message, { path: name, what, option });
}

function unfit(name: string, detail: string, advice: string): ParfocalError {
  return new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
}
