/** Estimates with a model how far each region of an image of any size is from focus. */
import { throwIfAborted } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import { readOnnx } from "../../graph/onnx/read.ts";
import type { Region } from "../../image/image-file.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { Model } from "../model-info.ts";
import { type AutofocusInfo, autofocusCell } from "../networks/autofocus.ts";
import type { TileOptions } from "./apply-tiles.ts";
import { combine, type DefocusEstimate, estimateOf } from "./defocus-estimate.ts";
import { type ReadRegion, readMirrored } from "./mirrored-region.ts";
import { type Normalisation, normalise } from "./normalisation.ts";
import { imageRegion, pixelGrid, toModelGrid } from "./pixel-grid.ts";
import { receptiveRadius } from "./receptive-field.ts";

export interface AutofocusInput {
  width: number;
  height: number;
  /** Counts. */
  read: ReadRegion;
  /** The normalisation of this plane alone, by the model's percentiles. */
  normalisation: Normalisation;
  /** Pixel size, um; undefined means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
}

export interface DefocusMap {
  /** The estimate for the whole image; undefined where no region has an estimate. */
  whole: DefocusEstimate | undefined;
  /** Centres of the rows and columns of cells, in image pixels. */
  y: number[];
  x: number[];
  /** `[y][x]`; cells without content are included. */
  cells: DefocusEstimate[][];
}

/**
 * Computes the map tile by tile; cells do not depend on where tiles begin. Cells have 32 x 32 pixels of the model's
 * pixel size; the last cells of a row or column may extend beyond the edge, where the image is mirrored.
 * @throws interrupted, and what reading throws
 */
export async function defocusMap(
  { info, onnx }: Model<AutofocusInfo>,
  runtime: Runtime,
  input: AutofocusInput,
  { tileSize = 1024, signal, onProgress }: TileOptions = {},
): Promise<DefocusMap> {
  const grid = pixelGrid(input.pixelSize, info.pixel_size);
  const graphAt = (height: number, width: number): Graph =>
    readOnnx(onnx, { batch: 1, y: height, x: width, rows: height / autofocusCell, columns: width / autofocusCell });
  const up = (n: number): number => Math.ceil(n / autofocusCell) * autofocusCell;
  const halo = up(receptiveRadius(graphAt(16 * autofocusCell, 16 * autofocusCell)));
  const [rows, columns] = [input.height * grid.scaleY, input.width * grid.scaleX].map((n) =>
    Math.max(1, Math.round(n / autofocusCell)),
  );
  const step = Math.max(1, Math.floor(tileSize / autofocusCell));
  const [tileRows, tileColumns] = [Math.min(step, rows), Math.min(step, columns)];
  const [height, width] = [tileRows, tileColumns].map((n) => n * autofocusCell + 2 * halo);
  const cells: DefocusEstimate[][] = Array.from({ length: rows }, () => []);
  const session = await runtime.open({ graphs: { network: graphAt(height, width) } });
  try {
    const total = Math.ceil(rows / tileRows) * Math.ceil(columns / tileColumns);
    let done = 0;
    for (let row = 0; row < rows; row += tileRows) {
      for (let column = 0; column < columns; column += tileColumns) {
        throwIfAborted(signal);
        const seen: Region = { x: column * autofocusCell - halo, y: row * autofocusCell - halo, width, height };
        const source = imageRegion(grid, seen);
        const data = toModelGrid(grid, await readMirrored(input.read, input, source), source, seen).slice();
        normalise(data, input.normalisation, data);
        const image = { type: "float32" as const, shape: [1, 1, height, width], data };
        const { focus } = await session.run("network", { image });
        const [, , h, w] = focus.shape;
        const margin = halo / autofocusCell;
        for (let i = 0; i < Math.min(tileRows, rows - row); i++) {
          for (let j = 0; j < Math.min(tileColumns, columns - column); j++) {
            const at = (margin + i) * w + margin + j;
            const raw = [0, 1, 2, 3].map((k) => focus.data[k * h * w + at]);
            cells[row + i][column + j] = estimateOf(raw, info.architecture.distance_scale);
          }
        }
        onProgress?.({ done: ++done, total });
      }
    }
  } finally {
    await session.close();
  }
  const centres = (count: number, scale: number): number[] =>
    Array.from({ length: count }, (_, i) => ((i + 0.5) * autofocusCell) / scale - 0.5);
  return { whole: combine(cells.flat()), y: centres(rows, grid.scaleY), x: centres(columns, grid.scaleX), cells };
}
