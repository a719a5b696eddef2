/** Finds the strips or tiles of each plane, for all layouts in which planes are stored. */
import { corrupt, unsupported } from "./file-errors.ts";
import { readNumbers, type TiffDirectory, type TiffStructure } from "./tiff-directory.ts";
import { type PageChunks, type PageHeader, readPageChunks, readPageHeader, rowBytes } from "./tiff-page.ts";
import { tag } from "./tiff-tags.ts";

/** The strips or tiles of a page, or of one sample of a page whose samples are stored separately. */
export type ChunksOf = (page: number, sample: number) => Promise<PageChunks>;

/**
 * One directory for each page. All pages must have the size and type of the first.
 * @param header of the first page of the image; with 1 sample if samples are stored separately
 * @param apart number of samples that are stored separately; 1 for all others
 */
export function pageChunks(
  file: TiffStructure,
  header: PageHeader,
  pages: readonly TiffDirectory[],
  apart: number,
): ChunksOf {
  return async (page, sample) => {
    if (page >= pages.length) throw corrupt(file.path, `it has ${pages.length} pages, and page ${page} was requested`);
    const own = await readPageHeader(file, pages[page]);
    for (const key of Object.keys(header) as (keyof PageHeader)[]) {
      const same = own[key] === (key === "samples" ? apart * header.samples : header[key]);
      if (same || key === "compression" || key === "predictor") continue;
      throw unsupported(
        file.path,
        `page ${page} differs from the first in ${key} (${own[key]}, not ${header[key]})`,
        "save the pages that belong together in a separate file",
      );
    }
    if (own.compression !== header.compression || own.predictor !== header.predictor) {
      throw unsupported(file.path, `page ${page} has another compression than the first`, "save it again uncompressed");
    }
    const chunks = await readPageChunks(file, pages[page], header);
    return apart === 1 ? chunks : sampleChunks(file, pages[page], chunks, sample);
  };
}

/** Strips or tiles of the first sample come first, then those of the second (TIFF 6.0, PlanarConfiguration 2). */
async function sampleChunks(
  file: TiffStructure,
  directory: TiffDirectory,
  chunks: PageChunks,
  sample: number,
): Promise<PageChunks> {
  const count = chunks.across * chunks.down;
  const of = async (id: number) => {
    const all = await readNumbers(file, directory, id, file.source.size);
    const own = all?.slice(sample * count, (sample + 1) * count);
    if (own?.length === count) return own;
    throw corrupt(file.path, `a page lists ${all?.length ?? 0} strips or tiles, too few for sample ${sample}`);
  };
  const offsets = await of(chunks.tiled ? tag.tileOffsets : tag.stripOffsets);
  const byteCounts = await of(chunks.tiled ? tag.tileByteCounts : tag.stripByteCounts);
  for (const [i, offset] of offsets.entries()) {
    if (offset > 0 && byteCounts[i] > 0 && offset + byteCounts[i] <= file.source.size) continue;
    throw corrupt(file.path, `strip or tile ${i} of sample ${sample} does not lie in the file`);
  }
  return { ...chunks, offsets, byteCounts };
}

/**
 * One directory, and the planes follow each other without gaps from its first strip on: ImageJ's layout above 4 GB, and
 * always that of MetaMorph.
 * @param says the source of the number of planes, for messages: "its ImageJ description"
 */
export async function contiguousChunks(
  file: TiffStructure,
  header: PageHeader,
  directory: TiffDirectory,
  count: number,
  says: string,
): Promise<ChunksOf> {
  const first = await readPageChunks(file, directory, header);
  const bytes = rowBytes(header, header.width) * header.height * header.samples;
  const start = first.offsets[0];
  const plain = header.compression === 1 && header.predictor === 1 && !first.tiled;
  if (!plain || start + bytes * count > file.source.size) {
    const stored = plain ? `${file.source.size} bytes` : "is compressed or in tiles";
    throw corrupt(
      file.path,
      `${says} states ${count} planes of ${bytes} bytes, but the file has one page and ${stored}`,
    );
  }
  return async (page) => ({
    width: header.width,
    height: header.height,
    across: 1,
    down: 1,
    tiled: false,
    offsets: Float64Array.of(start + page * bytes),
    byteCounts: Float64Array.of(bytes),
  });
}
