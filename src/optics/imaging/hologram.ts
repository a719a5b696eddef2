/**
 * Holograms of a specimen in laser light. In line, the scattered light interferes with the light that passes the
 * specimen unscattered (Gabor, Nature 161, 777 (1948)); off axis, with a tilted reference wave, whose fringes carry the
 * phase (Leith & Upatnieks, J. Opt. Soc. Am. 52, 1123 (1962)).
 */
import { z } from "zod";
import { ParfocalError } from "../../errors.ts";
import type { Volume } from "../phantom/volume.ts";
import { checkPupil, type Pupil } from "../psf/pupil.ts";
import { type ComplexField, intensityOf } from "./complex-field.ts";
import { checkPlanes } from "./image-volume.ts";
import { materialKeys, materialOf } from "./material-options.ts";
import { createMultislice } from "./multislice.ts";
import { createPace, type ImagingControl } from "./pace.ts";
import { requirePlanes } from "./require-planes.ts";

const hologramKinds = ["in-line", "off-axis"] as const;

/** Keys besides those of the objective and of the specimen (`materialKeys`). */
export const hologramOptions = z.strictObject({
  ...materialKeys,
  kind: z.enum(hologramKinds).default("in-line").describe("in-line, or off-axis with a tilted reference wave"),
  reference_amplitude: z
    .number()
    .positive()
    .default(1)
    .describe("off-axis: amplitude of the reference wave relative to the light through an empty field"),
  carrier: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe("off-axis: fringes per um along y and x; default: diagonal, as fine as the pixels resolve"),
});
export type HologramOptions = z.input<typeof hologramOptions>;

export interface Holograms {
  /** Intensity relative to the light through an empty field without reference, `[planes, height, width]`. */
  data: Float32Array;
  /** The field behind the objective in each plane: the ground truth of a reconstruction. */
  fields: ComplexField[];
  /** Off-axis: fringes per um, rounded to the grid so that the hologram wraps as the volume does. */
  carrier?: { y: number; x: number };
}

/**
 * Records holograms of the whole wrapping box, with light that travels down.
 *
 * @param planes focal planes of the objective, um: in the specimen for image-plane holograms, above or below it for
 * defocused ones
 * @throws `usage` for impossible optics, planes that are not numbers, or pixels too coarse for the fringes;
 * `interrupted`
 */
export async function imageHolograms(
  volume: Volume,
  pupil: Pupil,
  planes: readonly number[],
  options: HologramOptions = {},
  control: ImagingControl = {},
): Promise<Holograms> {
  checkPupil(pupil);
  checkPlanes(planes);
  // Counts, and the field of every plane.
  requirePlanes(planes.length, volume, 12);
  const resolved = hologramOptions.parse(options);
  const carrier = resolved.kind === "off-axis" ? carrierFor(volume, pupil, resolved.carrier) : undefined;
  const pace = createPace(control, planes.length);
  const multislice = createMultislice(volume, pupil, materialOf(resolved));
  const wave = multislice.exitWave({ y: 0, x: 0 });
  const size = volume.height * volume.width;
  const data = new Float32Array(planes.length * size);
  const fields: ComplexField[] = [];
  for (const [p, z] of planes.entries()) {
    const field = multislice.imageField(wave, z);
    fields.push(field);
    const seen = carrier
      ? intensityOf(addReference(field, carrier, resolved.reference_amplitude, volume.pixelSize))
      : intensityOf(field);
    data.set(seen.data, p * size);
    await pace();
  }
  return { data, fields, ...(carrier && { carrier }) };
}

/**
 * U + r exp(-i 2 pi carrier x): the interference term U r exp(+i 2 pi carrier x) stands at +carrier in the spectrum.
 * @param carrier fringes per um
 */
export function addReference(
  field: ComplexField,
  carrier: { y: number; x: number },
  amplitude: number,
  pixelSize: number,
): ComplexField {
  const { height, width } = field;
  const real = Float32Array.from(field.real);
  const imag = Float32Array.from(field.imag);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const angle = -2 * Math.PI * pixelSize * (carrier.y * y + carrier.x * x);
      real[y * width + x] += amplitude * Math.cos(angle);
      imag[y * width + x] += amplitude * Math.sin(angle);
    }
  }
  return { real, imag, height, width };
}

function carrierFor(volume: Volume, pupil: Pupil, given: [number, number] | undefined): { y: number; x: number } {
  const { height, width, pixelSize } = volume;
  const band = pupil.na / pupil.wavelength;
  const nyquist = 1 / (2 * pixelSize);
  const [cy, cx] = given ?? [nyquist - band, nyquist - band];
  const onGrid = (f: number, size: number) => Math.round(f * size * pixelSize) / (size * pixelSize);
  const carrier = { y: onGrid(cy, height), x: onGrid(cx, width) };
  // The side band must not overlap its conjugate, and must lie within the Nyquist limit of the pixels.
  const clear = Math.hypot(carrier.y, carrier.x) >= band;
  const shown = Math.max(Math.abs(carrier.y), Math.abs(carrier.x)) + band <= nyquist * 1.02;
  if (clear && shown) return carrier;
  const finest = 1 / (2 * band * (1 + Math.SQRT1_2));
  const message =
    `Hologram: pixels of ${pixelSize} um cannot resolve fringes of ${carrier.y.toFixed(3)} and ${carrier.x.toFixed(3)} ` +
    `per um with a side band ${band.toFixed(3)} per um wide; give pixels of ${finest.toPrecision(2)} um or less, ` +
    "another carrier, or a smaller na.";
  throw new ParfocalError("usage", message, {
    option: "carrier",
    got: [carrier.y, carrier.x],
    expected: "inside Nyquist",
  });
}
