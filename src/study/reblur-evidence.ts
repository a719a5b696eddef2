/** Whether outputs explain their inputs: blurred again by the objective's PSF they must give them back, up to noise. */
import { median } from "../array/statistics.ts";
import { opticalPsf } from "../classical/deconvolution/optical-psf.ts";
import { planeOf } from "../image/image.ts";
import { reblurPlane, reblurResidual, reblurStack } from "../metrics/reblur-residual.ts";
import { psfModelOf } from "../optics/psf/optics-options.ts";
import type { Candidate } from "./candidate.ts";
import { type EveryPlane, isJudged } from "./every-plane.ts";
import { cropPlane, cropToBox, type Subject } from "./subject.ts";

export interface ReblurEvidence {
  /** Residual over the noise of the input, median over planes: 1 explains all that noise lets see. */
  output: number;
  /** The same of what can be done: of the recorded sharpest plane for refocusing, of the input itself, unsectioned, for sections. */
  reference: number;
  referenceName: string;
}

/** Planes of refocusing that are blurred again, at most: the nearest, in whose blur most is left to be seen. */
const most = 4;
/** Planes from the sharpest one whose sections are blurred again: farther off all is blurred so much that once more makes no difference. */
const nearFocus = 1;
/** Planes of a stack less of whose light comes from planes of the stack say little. */
const leastShare = 0.5;

/**
 * Refocused planes are taken for thin specimens in focus and blurred by their distance; sections for the specimen itself, blurred in 3-D.
 * @returns undefined where pixel size, NA or wavelength are not known, or nothing was made within range
 */
export function reblurEvidence(
  { task }: Pick<Candidate, "task">,
  { stack, sharpest, region }: Pick<Subject, "stack" | "sharpest" | "region">,
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
      const told = outcomes.filter(
        ({ plane }) => blurred.share[plane] >= leastShare && Math.abs(plane - sharpest) <= nearFocus,
      );
      if (told.length === 0) return undefined;
      return median(told.map(({ plane }) => reblurResidual(planeOf(blurred, plane), planeOf(input, plane)).ratio));
    };
    const [output, reference] = [ratioOf(data), ratioOf(input.data)];
    if (output === undefined || reference === undefined) return undefined;
    return { output, reference, referenceName: "the input itself" };
  }
  const judged = outcomes
    .filter(isJudged)
    .sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance))
    .slice(0, most);
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
  if (output === undefined || reference === undefined) return undefined;
  return { output, reference, referenceName: "the recorded sharpest plane" };
}
