/** Which planes of an image a model gets that takes any number of them, anywhere. */
import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageInfo } from "../../image/image.ts";
import type { RecurrentMzInfo } from "../networks/recurrent-mz.ts";

/** A plane by its number, and its distance from the first one, um. */
export interface PlacedPlane {
  plane: number;
  z: number;
}

/**
 * The planes given, in their order; or all of an image that has no more than the model learnt from.
 * @param given planes by number, from 0
 * @throws usage for planes that are not there or given twice, or when it is to be said which; calibration.missing when
 *   several are given and the z step is not known
 */
export function placedPlanes(
  { plane_counts: [, most] }: RecurrentMzInfo,
  image: ImageInfo,
  given: readonly number[] | undefined,
  path: string,
): PlacedPlane[] {
  const depth = extentOf(image, "Z");
  const wrong = (detail: string, got?: unknown): never => {
    const expected = `one or more of 0 to ${depth - 1}, each once`;
    throw new ParfocalError("usage", `${path} ${detail}; expected ${expected}.`, {
      option: "input_planes",
      got,
      expected,
    });
  };
  if (!given && depth > most) {
    wrong(`has ${depth} planes and the model learnt from up to ${most}: say which it gets with \`input_planes\``);
  }
  const planes = given ?? Array.from({ length: depth }, (_, z) => z);
  const outside = planes.find((plane) => !Number.isInteger(plane) || plane < 0 || plane >= depth);
  if (outside !== undefined) wrong(`has no plane ${outside}`, planes);
  if (planes.length === 0) wrong("was given no input planes", planes);
  if (new Set(planes).size < planes.length) wrong(`was given an input plane twice (${planes.join(", ")})`, planes);
  const { zStep } = image;
  if (planes.length > 1 && zStep === undefined) {
    throw new ParfocalError(
      "calibration.missing",
      `${path}: no z step, and the model must know how far its ${planes.length} input planes are apart; give \`z_step <your z step>\` (um).`,
      { path, what: "z step", option: "z_step" },
    );
  }
  return planes.map((plane) => ({ plane, z: (plane - planes[0]) * (zStep ?? 1) }));
}

/** What a user should know of such a choice before trusting the output. */
export function placedPlanesWarnings(
  { plane_counts: [fewest, most], plane_range: [low, high] }: RecurrentMzInfo,
  planes: readonly PlacedPlane[],
): string[] {
  const warnings: string[] = [];
  const count = planes.length;
  if (count < fewest || count > most) {
    const learnt = fewest === most ? `${most}` : `${fewest} to ${most}`;
    warnings.push(
      `${count} input plane${count === 1 ? "" : "s"}: the model learnt from ${learnt} and may do worse with others.`,
    );
  }
  const outside = planes.filter(({ z }) => z < low - 1e-6 || z > high + 1e-6);
  if (outside.length > 0) {
    const numbers = outside.map(({ plane }) => plane).join(", ");
    warnings.push(
      `Input planes ${numbers} lie farther from the first one than the model learnt (${low} to ${high} um): choose planes closer together.`,
    );
  }
  return warnings;
}
