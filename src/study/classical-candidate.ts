/** Classical methods as candidates of a study, for comparison with models. */
import { percentiles } from "../array/statistics.ts";
import { opticalPsf } from "../classical/deconvolution/optical-psf.ts";
import { richardsonLucy } from "../classical/deconvolution/richardson-lucy.ts";
import type { PsfVolume, Volume } from "../classical/deconvolution/volume.ts";
import { throwIfAborted } from "../errors.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { psfModelOf } from "../optics/psf/optics-options.ts";
import type { Candidate } from "./candidate.ts";

const iterations = 20;

/**
 * Methods that need no network, if the optics are known: Richardson-Lucy deconvolution of the single plane, to compare
 * with refocusing, and of the whole stack, to compare with sectioning, with 20 iterations each. Empty where pixel size,
 * NA or wavelength are not known.
 */
export function classicalCandidates({ optics, pixelSize, zStep }: Stack): Candidate[] {
  if (optics?.na === undefined || optics.wavelength === undefined || pixelSize === undefined) return [];
  const objective = psfModelOf({
    na: optics.na,
    wavelength: optics.wavelength,
    ...(optics.refractiveIndex !== undefined && { refractive_index: optics.refractiveIndex }),
  });
  const settings = `NA ${optics.na}, ${optics.wavelength} um, ${iterations} iterations`;
  const known = { kind: "classical", offsets: [0] } as const;
  const plane: Candidate = {
    ...known,
    name: "Richardson-Lucy 2-D",
    task: "refocus",
    description: `Richardson-Lucy deconvolution of the single plane with the PSF in focus: ${settings}`,
    async make(stack, _whole, requests, signal) {
      const { psf } = opticalPsf(objective, { depth: 1, height: stack.height, width: stack.width, pixelSize });
      const made: Plane[] = [];
      for (const one of requests) {
        const input = planeOf(stack, one.plane);
        const size = { depth: 1, height: stack.height, width: stack.width };
        made.push({ ...input, data: await sharpened({ ...size, data: input.data }, psf, signal) });
      }
      return made;
    },
  };
  if (zStep === undefined) return [plane];
  const stackwise: Candidate = {
    ...known,
    name: "Richardson-Lucy 3-D",
    task: "section",
    description: `Richardson-Lucy deconvolution of the whole stack: ${settings}`,
    async make(stack, _whole, requests, signal) {
      const { psf } = opticalPsf(objective, { ...stack, pixelSize, zStep });
      const data = await sharpened(stack, psf, signal);
      return requests.map((one) => planeOf({ ...stack, data }, one.plane));
    },
  };
  return [plane, stackwise];
}

/**
 * Richardson-Lucy after subtraction of the camera's offset, which is estimated as percentile 0.1 of the image and added
 * again afterwards.
 */
async function sharpened(image: Volume, psf: PsfVolume, signal?: AbortSignal): Promise<Float32Array> {
  const [dark] = percentiles(image.data, [0.1]);
  const light = { ...image, data: image.data.map((value) => Math.max(0, value - dark)) };
  const afterIteration = (): void => throwIfAborted(signal);
  const found = await richardsonLucy(light, psf, { iterations, afterIteration });
  return found.map((value) => value + dark);
}
