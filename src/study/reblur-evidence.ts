/**
 * Measures whether outputs explain their inputs: blurred with the PSF of the objective, they must equal the input up to
 * noise.
 */
import { median } from "../array/statistics.ts";
import { opticalPsf } from "../classical/deconvolution/optical-psf.ts";
import { planeOf } from "../image/image.ts";
import { reblurPlane, reblurResidual, reblurStack } from "../metrics/reblur-residual.ts";
import { psfModelOf } from "../optics/psf/optics-options.ts";
import type { Candidate } from "./candidate.ts";
import { type EveryPlane, isJudged } from "./every-plane.ts";
import { cropPlane, cropToBox, type StudiedStack } from "./studied-stack.ts";

export interface ReblurEvidence {
  /**
   * Residual divided by the noise of the input, median over planes; 1 where the output explains the input completely.
   */
  output: number;
  /** The same for a recorded image: the sharpest plane for refocusing, the input itself for sections. */
  reference: number;
  referenceName: string;
}

/** Largest number of refocused planes that are blurred again: those nearest to focus, where the blur hides least. */
const maxPlanes = 4;
/**
 * Sections are only compared within this many planes from the sharpest one. Farther away the input is so blurred that
 * more blur makes no difference.
 */
const nearFocus = 1;
/** Planes are only compared if at least this share of their light comes from planes of the stack. */
const minShare = 0.5;

/**
 * Treats refocused planes as thin specimens in focus and blurs them by their distance. Treats sections as the specimen
 * itself and blurs them in 3-D.
 * @returns undefined where pixel size, NA or wavelength are not known, or without outputs within range
 */
export function reblurEvidence(
  { task }: Pick<Candidate, "task">,
  { stack, sharpest, region }: Pick<StudiedStack, "stack" | "sharpest" | "region">,
  { outcomes }: EveryPlane,
): ReblurEvidence | undefined {
  const { optics, pixelSize, zStep } = stack;
  if (optics?.na === undefined || optics.wavelength === undefined || pixelSize === undefined) return undefined;
  const { na, wavelength, refractiveIndex } = optics;
  const objective = psfModelOf({
    na,
    wavelength,
    ...(refractiveIndex !== undefined && { refractive_index: refractiveIndex }),
  });
  const input = cropToBox(stack, region);
  if (task === "section") {
    if (outcomes.length < stack.depth) return undefined;
    const data = new Float32Array(input.data.length);
    for (const { plane, output } of outcomes) {
      data.set(cropPlane(output, region).data, plane * region.height * region.width);
    }
    const { psf } = opticalPsf(objective, { ...input, pixelSize, zStep });
    const ratioOf = (values: Float32Array): number | undefined => {
      const blurred = reblurStack({ ...input, data: values }, psf);
      const usable = outcomes.filter(
        ({ plane }) => blurred.share[plane] >= minShare && Math.abs(plane - sharpest) <= nearFocus,
      );
      if (usable.length === 0) return undefined;
      return median(usable.map(({ plane }) => reblurResidual(planeOf(blurred, plane), planeOf(input, plane)).ratio));
    };
    const [output, reference] = [ratioOf(data), ratioOf(input.data)];
    if (output === undefined || reference === undefined) return undefined;
    return { output, reference, referenceName: "the input itself" };
  }
  const judged = outcomes
    .filter(isJudged)
    .sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance))
    .slice(0, maxPlanes);
  if (judged.length === 0) return undefined;
  const ratioOf = (of: (one: (typeof judged)[number]) => Float32Array): number =>
    median(
      judged.map((one) => {
        const plane = { data: of(one), height: region.height, width: region.width };
        const blurred = reblurPlane(plane, -one.distance, objective, { pixelSize: pixelSize.x });
        return reblurResidual(blurred, planeOf(input, one.plane)).ratio;
      }),
    );
  const output = ratioOf((one) => cropPlane(one.output, region).data);
  const reference = ratioOf(() => planeOf(input, sharpest).data);
  return { output, reference, referenceName: "the recorded sharpest plane" };
}
