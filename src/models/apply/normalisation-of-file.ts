import { StreamingHistogram } from "../../array/statistics.ts";
import { throwIfAborted } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import { type ImageFile, readFinitePlane } from "../../image/image-file.ts";
import { type Normalisation, normalisationOf } from "./normalisation.ts";

/**
 * The normalisation of a whole z-stack in a file, as in training; reads the file once, in bands of rows.
 * @param percentiles the percentiles that become 0 and 1
 * @throws image.unfit for a constant image; interrupted; what the reader throws
 */
export async function normalisationOfFile(
  file: ImageFile,
  place: { channel: number; time: number },
  percentiles: { norm_pmin: number; norm_pmax: number },
  signal?: AbortSignal,
): Promise<Normalisation> {
  const [height, width] = file.shape.slice(-2);
  const histogram = new StreamingHistogram();
  for (let z = 0; z < extentOf(file, "Z"); z++) {
    for (let y = 0; y < height; y += 512) {
      throwIfAborted(signal);
      const region = { x: 0, y, width, height: Math.min(512, height - y) };
      histogram.add(await readFinitePlane(file, { ...place, z }, region));
    }
  }
  return normalisationOf(histogram, percentiles.norm_pmin, percentiles.norm_pmax, file.path);
}
