/** Applies a network to a field of any size, tile by tile, without seams. */
import { throwIfAborted } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Region } from "../../image/image-file.ts";
import type { Runtime, Session } from "../../run/runtime.ts";
import { type ReadRegion, readMirrored } from "./mirrored-region.ts";
import { crop, imageRegion, modelRegion, pixelGrid, toImageGrid, toModelGrid } from "./pixel-grid.ts";
import { receptiveRadius } from "./receptive-field.ts";

export interface TileOptions {
  /** Side of the part of the image that is computed at a time, pixels; default 512. */
  tileSize?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after every tile; each tile counts once for every pass. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/** A network and the field that it is applied to. */
export interface TiledField<Prepared> {
  /** The network for tiles of a size: its first input is the image `[..., y, x]`. */
  graphAt(height: number, width: number): Graph;
  /** Image sizes must be multiples of this. */
  alignment: number;
  /** Lateral pixel size that the network was trained at, um. */
  modelPixelSize: number;
  /** Size of the field, in its own pixels. */
  width: number;
  height: number;
  /** Pixel size of the field, um; undefined means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
  /** How many times the network runs on each tile, such as once for each distance. */
  passes: number;
  /**
   * Reads the input of the network for a tile, once for all passes; `at` reads a plane of the field, resampled to the
   * model's pixels and mirrored at the edges: `[seen.height, seen.width]`.
   */
  prepare(seen: Region, at: (read: ReadRegion) => Promise<Float32Array>): Promise<Prepared>;
  /**
   * Runs the network (graph "network") and returns planes `[seen.height, seen.width]` in the units of the output, the
   * same number in every pass.
   */
  run(session: Session, prepared: Prepared, pass: number, seen: Region): Promise<Float32Array[]>;
}

/**
 * Each tile is read with a margin of the receptive radius, and its pooling windows are where they would be in the whole
 * image, so that tiles join without a seam: tiled equals untiled within 1e-5 of the range, for networks with frozen
 * normalisation.
 *
 * @param write receives whole rows of one output plane, starting at row `y0`; bands of rows come from top to bottom,
 *   each with all passes and planes before the next band
 * @throws interrupted, and what `prepare`, `run` and `write` throw
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
  // The receptive radius along y, which comes after z where the network takes several planes; along x it is the same.
  const halo = receptiveRadius(probe, probe.inputs[0].shape.length - 4);
  const core = modelRegion(grid, { x: 0, y: 0, width: tileWidth, height: tileHeight });
  // All tiles have one size, so that one graph serves them all. There is one more pixel, since the position of tiles on
  // the model's grid varies by fractions of a pixel, and one more alignment for the start of the tile.
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
