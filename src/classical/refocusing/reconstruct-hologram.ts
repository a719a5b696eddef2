/** Reconstructs the amplitude and phase in focus from one hologram, by the angular spectrum. */
import { breathe, breatheThrough, runThrough } from "../../array/breathe.ts";
import { median } from "../../array/statistics.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import type { Plane } from "../../image/image.ts";
import { propagate } from "../../optics/imaging/angular-spectrum.ts";
import { type CoherentLight, checkLight } from "../../optics/imaging/coherent-light.ts";
import { amplitudeOf, type ComplexField, divideFields, phaseOf } from "../../optics/imaging/complex-field.ts";
import { inLineField } from "../../optics/imaging/in-line-field.ts";
import type { Warning } from "../../warning.ts";
import { flattenPhaseSteps } from "./flatten-phase.ts";
import { depthOfField, type FieldFocus, focusOfField, type SpecimenContrast } from "./focus-of-field.ts";
import { focusOfHologram, type HologramFocus } from "./focus-of-hologram.ts";
import { focusWarnings } from "./hologram-focus-warnings.ts";
import { type Carrier, demodulate, findCarrier } from "./off-axis.ts";
import { unwrapPhaseSteps } from "./unwrap-phase.ts";

export interface ReconstructOptions {
  /** Absent: in line. "auto" finds the carrier. */
  offAxis?: "auto" | Carrier | undefined;
  /** A hologram of the empty field, which removes the shape of the waves and dirt. */
  background?: Plane | undefined;
  /**
   * To the specimen along the light, um, or "auto" (default). Negative where the recorded plane lies behind the
   * specimen.
   */
  distance?: number | "auto" | undefined;
  /** Range of "auto", um; default 25 depths of field to both sides, or only the negative side for in-line holograms. */
  range?: readonly [number, number] | undefined;
  specimen?: SpecimenContrast | undefined;
  /**
   * Off axis: whether the specimen has a lower refractive index than its medium. The hologram does not determine the
   * sign.
   */
  invertPhase?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface Reconstruction extends SeparatedField {
  distance: number;
  /** How the distance was found; absent where it was given. */
  focus?: FieldFocus | HologramFocus;
  /** Off axis: fringes, cycles per pixel. */
  carrier?: Carrier;
  warnings: Warning[];
}

/** A field as amplitude and unwrapped phase. */
export interface SeparatedField {
  /** 1 where the field is empty. */
  amplitude: Plane;
  /** Radians, without jumps, 0 where the field is empty. */
  phase: Plane;
}

/** Amplitude over its median, and phase unwrapped and flattened. */
export const separateField = (field: ComplexField): SeparatedField => runThrough(separateFieldSteps(field));

/** As {@link separateField}, as work that yields now and then: see breathe.ts. */
export function* separateFieldSteps(field: ComplexField): Generator<void, SeparatedField> {
  const amplitude = amplitudeOf(field);
  const level = median(amplitude.data) || 1;
  yield;
  const phase = yield* unwrapPhaseSteps(phaseOf(field));
  yield;
  const flat = yield* flattenPhaseSteps(phase);
  return { amplitude: { ...amplitude, data: amplitude.data.map((value) => value / level) }, phase: flat };
}

/**
 * @throws `image.unfit` for an off-axis hologram without side band, a dark or uniform one, or a background of another
 * size; `usage` for impossible light, distance or range; `interrupted`
 */
export async function reconstructHologram(
  hologram: Plane,
  light: CoherentLight,
  options: ReconstructOptions = {},
): Promise<Reconstruction> {
  checkLight(light);
  const { background, offAxis, distance = "auto" } = options;
  if (background && (background.height !== hologram.height || background.width !== hologram.width)) {
    const detail =
      `Hologram: it has ${hologram.height} x ${hologram.width} pixels and the background ` +
      `${background.height} x ${background.width}; record both with one camera setting.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  await breathe(options.signal);
  // The carrier is found best in the hologram of the empty field.
  const carrier = offAxis === "auto" ? findCarrier(background ?? hologram) : offAxis;
  const recorded = carrier
    ? await breatheThrough(
        offAxisField(hologram, carrier, light, background, options.invertPhase ?? false),
        options.signal,
      )
    : inLineField(hologram, background);

  await breathe(options.signal);
  const warnings: Warning[] = [];
  const depth = depthOfField(light);
  const range = options.range ?? [-25 * depth, carrier ? 25 * depth : 0];
  const { specimen, signal, onProgress } = options;
  let focus: Reconstruction["focus"];
  if (distance === "auto" && !carrier) {
    const found = await focusOfHologram(recorded, light, { range, specimen, signal, onProgress });
    focus = found;
    warnings.push(...focusWarnings(found, range));
  } else if (distance === "auto") {
    focus = await focusOfField(recorded, light, { range, specimen, signal, onProgress });
    if (focus.confidence < 0.2) {
      warnings.push({
        code: "uncertain_focus",
        text:
          `The focus at ${focus.distance.toPrecision(3)} um is uncertain (confidence ${focus.confidence.toFixed(2)}); ` +
          "give `range`, `specimen`, or the `distance` itself.",
      });
    }
  }
  const found = focus?.distance ?? (distance === "auto" ? 0 : distance);
  if (!carrier)
    warnings.push({
      code: "twin_image",
      text: "A single in-line hologram has no phase information, so that its twin image is superimposed on the result.",
    });
  await breathe(signal);
  const field = propagate(recorded, light, found);
  await breathe(signal);
  const { amplitude, phase } = await breatheThrough(separateFieldSteps(field), signal);
  throwIfAborted(signal);
  return { amplitude, phase, distance: found, ...(focus && { focus }), ...(carrier && { carrier }), warnings };
}

/** As work that yields now and then. */
function* offAxisField(
  hologram: Plane,
  carrier: Carrier,
  { pixelSize, na, wavelength }: CoherentLight,
  background: Plane | undefined,
  invert: boolean,
): Generator<void, ComplexField> {
  const length = Math.hypot(carrier.y, carrier.x);
  // The whole aperture of the objective, if the fringes are fine enough.
  const radius = Math.min(length / 2, na === undefined ? length / 3 : (na / wavelength) * pixelSize);
  const field = demodulate(hologram, { carrier, radius });
  yield;
  const specimen = background ? divideFields(field, demodulate(background, { carrier, radius })) : field;
  // Most specimens have a higher refractive index than their medium: the few most deviating pixels have a positive
  // phase.
  yield;
  const { phase } = yield* separateFieldSteps(specimen);
  const skew = phase.data.reduce((sum, value) => sum + value ** 3, 0);
  return skew < 0 !== invert ? { ...specimen, imag: specimen.imag.map((value) => -value) } : specimen;
}
