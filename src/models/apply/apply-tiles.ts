/** Applying a network to a field of any size, tile by tile, without seams. */
import { throwIfAborted } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Region } from "../../image/image-file.ts";
import type { Runtime, Session } from "../../run/runtime.ts";
import { type ReadRegion, readMirrored } from "./mirrored-region.ts";
import { crop, imageRegion, modelRegion, pixelGrid, toImageGrid, toModelGrid } from "./pixel-grid.ts";
import { receptiveRadius } from "./receptive-field.ts";

export interface TileOptions {
  /** Pixels of the image that are computed at a time, along each axis; default 512. */
  tileSize?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Told of tiles, each counted once for every pass. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** A network and the field that it is applied to. */
export interface TiledField<Prepared> {
  /** The network for tiles of a size: its first input is the image `[..., y, x]`. */
  graphAt(height: number, width: number): Graph;
  /** Sizes that the network takes are multiples of this. */
  alignment: number;
  /** Lateral pixel size that the network was trained at, um. */
  modelPixelSize: number;
  /** Of the field, in its own pixels. */
  width: number;
  height: number;
  /** Of the field, um; unknown means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
  /** How often the network runs on each tile, such as once for each distance. */
  passes: number;
  /**
   * Reads what the network sees of a tile, once for all passes; `at` reads a plane of the field on the model's pixels,
   * mirrored outside: `[seen.height, seen.width]`.
   */
  prepare(seen: Region, at: (read: ReadRegion) => Promise<Float32Array>): Promise<Prepared>;
  /**
   * Runs the network (graph "network") and gives planes `[seen.height, seen.width]` in the output's units; as many in
   * every pass.
   */
  run(session: Session, prepared: Prepared, pass: number, seen: Region): Promise<Float32Array[]>;
}

/**
 * Each tile sees as much of its surroundings as the network looks at, and its pooling windows stand where they would in
 * the whole image, so that tiles join without a seam: tiled equals untiled within 1e-5 of the range, for networks whose
 * normalisation is fixed.
 *
 * @param write takes whole rows of one output plane, from row `y0` on; rows come from the top of the field to its end,
 *   for one band all passes and planes before the next band
 * @throws interrupted, and what the network's own reading and running throw
 */
export async function applyTiles<Prepared>(
  runtime: Runtime,
  field: TiledField<Prepared>,
  options: TileOptions,
  write: (pass: number, plane: number, y0: number, rows: Float32Array) => Promise<void>,
): Promise<void> {
  const grid = pixelGrid(field.pixelSize, field.modelPixelSize);
  const { alignment } = field;
  const tile = Math.max(16, options.tileSize ?? 512);
  const [tileHeight, tileWidth] = [Math.min(tile, field.height), Math.min(tile, field.width)];
  const probe = field.graphAt(4 * alignment, 4 * alignment);
  // Along y, which follows z where the network sees several planes; along x networks look as far.
  const halo = receptiveRadius(probe, probe.inputs[0].shape.length - 4);
  const core = modelRegion(grid, { x: 0, y: 0, width: tileWidth, height: tileHeight });
  // One size for all tiles, so that one graph serves them all. One more pixel, since where a tile falls on the other
  // grid shifts from tile to tile, and alignment at the start.
  const extent = (size: number): number => alignUp(size + 1 + 2 * halo + alignment, alignment);
  const [height, width] = [extent(core.height), extent(core.width)];
  const opened = await runtime.open({ graphs: { network: field.graphAt(height, width) } });
  const session: Session = { ...opened, run: (graph, inputs) => opened.run(graph, inputs, options.signal) };
  try {
    const total = Math.ceil(field.height / tileHeight) * Math.ceil(field.width / tileWidth) * field.passes;
    let done = 0;
    for (let y = 0; y < field.height; y += tileHeight) {
      const rowsHere = Math.min(tileHeight, field.height - y);
      const tiles: { region: Region; seen: Region; prepared: Prepared }[] = [];
      for (let x = 0; x < field.width; x += tileWidth) {
        const region = { x, y, width: Math.min(tileWidth, field.width - x), height: rowsHere };
        const inner = modelRegion(grid, region);
        const seen = {
          x: alignDown(inner.x - halo, alignment),
          y: alignDown(inner.y - halo, alignment),
          width,
          height,
        };
        const source = imageRegion(grid, seen);
        const at = async (read: ReadRegion): Promise<Float32Array> =>
          toModelGrid(grid, await readMirrored(read, field, source), source, seen);
        throwIfAborted(options.signal);
        tiles.push({ region, seen, prepared: await field.prepare(seen, at) });
      }
      for (let pass = 0; pass < field.passes; pass++) {
        const bands: Float32Array[] = [];
        for (const { region, seen, prepared } of tiles) {
          throwIfAborted(options.signal);
          const inner = modelRegion(grid, region);
          for (const [plane, values] of (await field.run(session, prepared, pass, seen)).entries()) {
            bands[plane] ??= new Float32Array(rowsHere * field.width);
            const cut = toImageGrid(grid, crop(values, seen, inner), inner, region);
            for (let r = 0; r < rowsHere; r++) {
              const row = cut.subarray(r * region.width, (r + 1) * region.width);
              bands[plane].set(row, r * field.width + region.x);
            }
          }
          options.onProgress?.({ done: ++done, total });
        }
        for (const [plane, rows] of bands.entries()) await write(pass, plane, y, rows);
      }
    }
  } finally {
    await session.close();
  }
}

const alignUp = (n: number, step: number): number => Math.ceil(n / step) * step;
const alignDown = (n: number, step: number): number => Math.floor(n / step) * step;
