import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageInfo } from "../../image/image.ts";

/** Planes may deviate by this fraction of the expected offset from the positions that the model expects. */
const tolerance = 0.25;

/**
 * Chooses the input planes for a model, in the order of its `input_offsets`.
 *
 * @param given plane numbers, from 0: all that the model takes, or only the first of them; may be undefined where the
 *   image has exactly as many planes as the model takes
 * @throws model.unfit when the image has too few planes, or planes at other offsets than the model was trained on;
 *   usage for planes that do not exist; calibration.missing when the z step is needed and not known
 */
export function inputPlanes(
  { input_offsets: offsets }: { input_offsets: readonly number[] },
  image: ImageInfo,
  given: readonly number[] | undefined,
  path: string,
): number[] {
  const depth = extentOf(image, "Z");
  const takes = offsets.length === 1 ? "one plane" : `${offsets.length} planes, at ${offsets.join(" and ")} um`;
  const unfit = (detail: string): never => {
    throw new ParfocalError("model.unfit", `${path}: the model takes ${takes}; ${detail}.`, { path, detail });
  };
  if (depth < offsets.length) unfit(`the image has ${depth}`);
  if (!given && depth !== offsets.length) {
    throw new ParfocalError(
      "usage",
      `${path} has ${depth} planes and the model takes ${takes}. Give the number of the first one with \`input_planes\` (0 to ${depth - 1}).`,
      {
        option: "input_planes",
        expected: `0 to ${depth - 1}`,
      },
    );
  }
  const planes = given ? [...given] : offsets.map((_, i) => i);
  if (planes.length !== offsets.length && planes.length !== 1) unfit(`\`input_planes\` lists ${planes.length}`);
  if (offsets.length > 1 && image.zStep === undefined) {
    throw new ParfocalError(
      "calibration.missing",
      `${path} has no z step, which is needed to find the input planes of the model (at ${offsets.join(" and ")} um). Give \`z_step <your z step>\` (um).`,
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
        `${path} has planes 0 to ${depth - 1}, but the input of the model at ${offsets[i]} um would be plane ${plane}.`,
        {
          option: "input_planes",
          got: plane,
          expected: `0 to ${depth - 1}`,
        },
      );
    }
    const offset = (plane - all[0]) * step;
    if (Math.abs(offset - offsets[i]) > tolerance * Math.abs(offsets[i])) {
      unfit(`plane ${plane} is ${Number(offset.toFixed(3))} um from plane ${all[0]} (z step ${step} um)`);
    }
  }
  return all;
}
