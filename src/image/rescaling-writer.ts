/**
 * An output that is rescaled to all counts. Values are kept as float32 until the smallest and the largest are known.
 */
import { extentOf, planeOffset } from "./axes.ts";
import { bytesOf, largestCount } from "./counts.ts";
import { planTiff, positionsOf } from "./encode-image.ts";
import type { ImageInfo, Rescale } from "./image.ts";
import { checkRescale, type OutputFormat } from "./image-format.ts";
import type { ImageWriter, WriteOptions } from "./image-writer.ts";
import { refuseNonFinite } from "./pixel-place.ts";
import { placeOf, rowLedger } from "./row-ledger.ts";
import type { Storage } from "./storage.ts";

/**
 * One scale for all planes and channels, so that they stay comparable: count 0 is the smallest value, the largest count
 * the largest. If all values are equal, the offset is that value and the scale is 1. The values are kept in a temporary
 * file beside the output.
 *
 * @param begin creates the output when the scale is known
 * @throws usage for float32; as `begin`; its `writeRows` throws `image.unfit` for NaN and infinite values
 */
export async function createRescalingWriter(
  storage: Storage,
  begin: (storage: Storage, path: string, info: ImageInfo, options: WriteOptions) => Promise<ImageWriter>,
  path: string,
  { displayRange: _unscaled, ...info }: ImageInfo,
  { displayRange: _other, ...options }: WriteOptions & { format: OutputFormat },
): Promise<ImageWriter> {
  const { dtype } = info;
  checkRescale(path, dtype, true);
  const maxCount = dtype === "uint8" ? largestCount.uint8 : largestCount.uint16;
  await storage.checkOutput(path, options.force);
  const width = extentOf(info, "X");
  const planeSize = extentOf(info, "Y") * width;
  const pixels = planeSize * extentOf(info, "C") * extentOf(info, "Z") * extentOf(info, "T");
  const { format } = options;
  const size = format === "png" ? pixels : planTiff(path, info, format, undefined).size;
  const waiting = storage.outputs({ force: true });
  const scratch = await waiting.create(path, 4 * pixels + size);
  const ledger = rowLedger(path, info);
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  let inner: ImageWriter | undefined;
  const abandon = async () => {
    await waiting.abandon();
    await inner?.abandon();
  };
  return {
    path,
    abandon,
    async writeRows(plane, y0, rows) {
      const position = ledger.check(plane, y0, rows);
      refuseNonFinite(rows, placeOf(path, info, position, y0));
      for (const value of rows) {
        if (value < min) min = value;
        if (value > max) max = value;
      }
      await scratch.write(bytesOf(rows), 4 * (planeOffset(info, position) + y0 * width));
      ledger.tick(position, y0, rows);
    },
    async finish() {
      try {
        ledger.complete();
        const rescale: Rescale = { offset: min, scale: max > min ? (max - min) / maxCount : 1 };
        inner = await begin(storage, path, { ...info, rescale }, { ...options, rescale: false });
        const band = Math.max(1, Math.floor(2 ** 20 / width)) * width;
        for (const position of positionsOf(info)) {
          for (let from = 0; from < planeSize; from += band) {
            const rows = new Float32Array(Math.min(band, planeSize - from));
            await scratch.read(bytesOf(rows), 4 * (planeOffset(info, position) + from));
            for (let i = 0; i < rows.length; i++) rows[i] = (rows[i] - rescale.offset) / rescale.scale;
            const plane = { channel: position.c, z: position.z, time: position.t };
            await inner.writeRows(plane, from / width, rows);
          }
        }
        return await inner.finish();
      } catch (error) {
        await inner?.abandon();
        throw error;
      } finally {
        await waiting.abandon();
      }
    },
  };
}
