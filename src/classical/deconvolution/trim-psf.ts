/** Trims a PSF: every row less makes the working grid smaller. */
import { type Extent, type PsfVolume, type Volume, voxelsOf } from "./volume.ts";

/** Maximum share of the light that is cut off. */
const maxTrimmed = 0.01;

/**
 * The smallest box about the middle that keeps 99 % of the light (the widest plane of it, where there are several),
 * scaled to sum 1; negative values become 0. A z range is kept as it is: in wide field no plane is weaker than another.
 *
 * @param psf odd along every axis, its centre in the middle
 */
export function trimPsf(psf: Volume): PsfVolume {
  const { depth, height, width } = psf;
  const data = psf.data.map((v) => Math.max(v, 0));
  const [midY, midX] = [(height - 1) / 2, (width - 1) / 2];
  const byY = new Float64Array(midY + 1);
  const byX = new Float64Array(midX + 1);
  let i = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        byY[Math.abs(y - midY)] += data[i];
        byX[Math.abs(x - midX)] += data[i++];
      }
    }
  }
  const reachY = reachOf(byY);
  const reachX = reachOf(byX);
  const size: Extent = { depth, height: 2 * reachY + 1, width: 2 * reachX + 1 };
  const out = new Float32Array(voxelsOf(size));
  let sum = 0;
  for (let z = 0; z < depth; z++) {
    for (let y = 0; y < size.height; y++) {
      const from = (z * height + y + midY - reachY) * width + midX - reachX;
      const to = (z * size.height + y) * size.width;
      for (let x = 0; x < size.width; x++) {
        out[to + x] = data[from + x];
        sum += data[from + x];
      }
    }
  }
  for (let k = 0; k < out.length; k++) out[k] /= sum;
  return { ...size, data: out };
}

/** The distance from the middle within which all but the maxTrimmed light lies; half of it for each of two axes. */
function reachOf(profile: Float64Array): number {
  let outside = 0;
  const allowed = (maxTrimmed / 2) * profile.reduce((a, b) => a + b, 0);
  for (let r = profile.length - 1; r > 0; r--) {
    outside += profile[r];
    if (outside > allowed) return r;
  }
  return 0;
}
