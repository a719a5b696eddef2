/** Chooses the input planes for a model that takes any number of planes at any positions. */
import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageInfo } from "../../image/image.ts";
import type { Warning } from "../../warning.ts";
import type { RecurrentMzInfo } from "../networks/recurrent-mz.ts";

/** The number of a plane, and its distance from the first input plane, um. */
export interface PlacedPlane {
  plane: number;
  z: number;
}

/**
 * The given planes in their order; or all planes of an image that has no more than the model was trained with.
 * @param given plane numbers, from 0
 * @throws usage for planes that do not exist or are given twice, or when planes must be given; calibration.missing when
 *   several are given and the z step is not known
 */
export function placedPlanes(
  { plane_counts: [, max] }: RecurrentMzInfo,
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
  if (!given && depth > max) {
    wrong(`has ${depth} planes and the model was trained with up to ${max}: choose its planes with \`input_planes\``);
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
      `${path} has no z step, which the model needs to know the distances between its ${planes.length} input planes. Give \`z_step <your z step>\` (um).`,
      { path, what: "z step", option: "z_step" },
    );
  }
  return planes.map((plane) => ({ plane, z: (plane - planes[0]) * (zStep ?? 1) }));
}

/** Warns about a number or range of input planes that the model was not trained with. */
export function placedPlanesWarnings(
  { plane_counts: [min, max], plane_range: [low, high] }: RecurrentMzInfo,
  planes: readonly PlacedPlane[],
): Warning[] {
  const warnings: Warning[] = [];
  const count = planes.length;
  if (count < min || count > max) {
    const trained = min === max ? `${max}` : `${min} to ${max}`;
    warnings.push({
      code: "input_planes",
      text: `The model gets ${count} input plane${count === 1 ? "" : "s"}; it was trained with ${trained} and may perform worse with other numbers.`,
    });
  }
  const outside = planes.filter(({ z }) => z < low - 1e-6 || z > high + 1e-6);
  if (outside.length > 0) {
    const numbers = outside.map(({ plane }) => plane).join(", ");
    warnings.push({
      code: "input_planes",
      text: `Input planes ${numbers} are farther from the first one than in training (${low} to ${high} um). Choose planes closer together.`,
    });
  }
  return warnings;
}
