import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageInfo } from "../../image/image.ts";

/** Planes may lie this share of the distance between them beside where the model expects them. */
const tolerance = 0.25;

/**
 * Which planes of an image a model gets, in the order of its `input_offsets`.
 *
 * @param given planes by number, from 0: all that the model takes, or the first of them; undefined where the image has
 *   exactly as many planes as the model takes
 * @throws model.unfit when the image has too few planes or they lie elsewhere than the model learnt; usage for planes
 *   that are not there; calibration.missing when the z step decides and is not known
 */
export function inputPlanes(
  { input_offsets: offsets }: { input_offsets: readonly number[] },
  image: ImageInfo,
  given: readonly number[] | undefined,
  path: string,
): number[] {
  const depth = extentOf(image, "Z");
  const wanted = offsets.length === 1 ? "one plane" : `${offsets.length} planes, at ${offsets.join(" and ")} um`;
  const unfit = (detail: string): never => {
    throw new ParfocalError("model.unfit", `${path}: the model takes ${wanted}; ${detail}.`, { path, detail });
  };
  if (depth < offsets.length) unfit(`the image has ${depth}`);
  if (!given && depth !== offsets.length) {
    throw new ParfocalError(
      "usage",
      `${path} has ${depth} planes and the model takes ${wanted}; say which one is the first with \`input_planes\` (0 to ${depth - 1}).`,
      {
        option: "input_planes",
        expected: `0 to ${depth - 1}`,
      },
    );
  }
  const planes = given ? [...given] : offsets.map((_, i) => i);
  if (planes.length !== offsets.length && planes.length !== 1) unfit(`\`input_planes\` names ${planes.length}`);
  if (offsets.length > 1 && image.zStep === undefined) {
    throw new ParfocalError(
      "calibration.missing",
      `${path}: no z step, and the model's input planes are ${offsets.join(" and ")} um apart; give \`z_step <your z step>\` (um).`,
      {
        path,
        what: "z step",
        option: "z_step",
      },
    );
  }
  const step = image.zStep ?? 1;
  const all =
    planes.length === offsets.length ? planes : offsets.map((offset) => planes[0] + Math.round(offset / step));
  for (const [i, plane] of all.entries()) {
    if (!Number.isInteger(plane) || plane < 0 || plane >= depth) {
      throw new ParfocalError(
        "usage",
        `${path} has planes 0 to ${depth - 1}; the model's input at ${offsets[i]} um would be plane ${plane}.`,
        {
          option: "input_planes",
          got: plane,
          expected: `0 to ${depth - 1}`,
        },
      );
    }
    const lies = (plane - all[0]) * step;
    if (Math.abs(lies - offsets[i]) > tolerance * Math.abs(offsets[i])) {
      unfit(`plane ${plane} lies ${Number(lies.toFixed(3))} um from plane ${all[0]} (z step ${step} um)`);
    }
  }
  return all;
}
