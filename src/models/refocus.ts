import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { Tensor } from "../graph/graph.ts";
import { readOnnx } from "../graph/onnx/read.ts";
import type { Region } from "../image/image-file.ts";
import type { Runtime, Session } from "../run/runtime.ts";
import { deepZAlignment } from "./deep-z.ts";
import { type ReadRegion, readMirrored } from "./mirrored-region.ts";
import type { RefocusModel } from "./model-info.ts";
import { denormalise, type Normalisation, normalise } from "./normalisation.ts";
import { crop, imageRegion, modelRegion, type PixelGrid, pixelGrid, toImageGrid, toModelGrid } from "./pixel-grid.ts";
import { receptiveRadius } from "./receptive-field.ts";

/** What is to be refocused, read piece by piece so that memory does not grow with the image. */
export interface RefocusInput {
  width: number;
  height: number;
  /** One reader per input plane of the model, in the order of its `input_offsets`; counts. */
  planes: readonly ReadRegion[];
  normalisation: Normalisation;
  /** um; unknown means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
  /** Refocusing distance of every pixel, um, added to each of the `distances`. */
  surface?: ReadRegion | undefined;
}

export interface RefocusOptions {
  /** Refocusing distances, um: z(target) - z(first input plane). */
  distances: readonly number[];
  /** Pixels of the image that are computed at a time, along each axis; default 512. */
  tileSize?: number | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Refocuses an image of any size to a list of distances, tile by tile. Each tile sees as much of its surroundings as the
 * network looks at, and its pooling windows stand where they would in the whole image, so that tiles join without a seam:
 * tiled equals untiled within 1e-5 of the range. Outside the image its mirror image is seen.
 *
 * @param write takes whole rows of one output plane (index into `distances`), counts, from row `y0` on; rows come from the
 *   top of the image to its end, for one band all planes before the next band
 * @throws model.unfit when the model takes another number of planes; usage for distances that are none; interrupted
 */
export async function refocus(
  model: RefocusModel,
  runtime: Runtime,
  input: RefocusInput,
  options: RefocusOptions,
  write: (plane: number, y0: number, rows: Float32Array) => Promise<void>,
): Promise<void> {
  const { info } = model;
  if (input.planes.length !== info.input_offsets.length) {
    const detail = `it takes ${info.input_offsets.length} input planes, got ${input.planes.length}`;
    throw new ParfocalError("model.unfit", `The model does not fit the input: ${detail}.`, { detail });
  }
  const { distances } = options;
  if (distances.length === 0 || !distances.every(Number.isFinite)) {
    throw new ParfocalError("usage", `Refocusing needs distances in um; got "${distances.join(", ")}".`, {
      option: "--z",
      got: distances,
      expected: "one or more numbers",
    });
  }
  const grid = pixelGrid(input.pixelSize, info.pixel_size);
  const tile = Math.max(16, options.tileSize ?? 512);
  const plan = planTiles(model, input, grid, tile);
  const graph = readOnnx(model.onnx, { batch: 1, y: plan.height, x: plan.width });
  const channels = graph.inputs.length === 1 && graph.inputs[0].name === "image" ? graph.inputs[0].shape[1] : undefined;
  if (channels !== info.input_offsets.length + 1 || !graph.outputs.has("refocused")) {
    const detail = `its network does not take "image" of ${info.input_offsets.length + 1} channels and give "refocused"`;
    throw new ParfocalError("model.unfit", `${model.path}: the description and the network do not fit: ${detail}.`, {
      path: model.path,
      detail,
    });
  }
  const session = await runtime.open({ graphs: { refocus: graph } });
  try {
    const bands = Math.ceil(input.height / plan.tileHeight);
    const columns = Math.ceil(input.width / plan.tileWidth);
    const total = bands * columns * options.distances.length;
    let done = 0;
    for (let y = 0; y < input.height; y += plan.tileHeight) {
      const height = Math.min(plan.tileHeight, input.height - y);
      const bandTiles: PreparedTile[] = [];
      for (let x = 0; x < input.width; x += plan.tileWidth) {
        const region = { x, y, width: Math.min(plan.tileWidth, input.width - x), height };
        bandTiles.push(await prepareTile(model, input, grid, plan, region));
      }
      for (const [plane, distance] of options.distances.entries()) {
        const rows = new Float32Array(height * input.width);
        for (const prepared of bandTiles) {
          throwIfAborted(options.signal);
          const values = await refocusTile(session, info.architecture.distance_scale, grid, prepared, distance);
          denormalise(values, input.normalisation);
          const { region } = prepared;
          for (let r = 0; r < height; r++) {
            rows.set(values.subarray(r * region.width, (r + 1) * region.width), r * input.width + region.x);
          }
          options.onProgress?.({ done: ++done, total });
        }
        await write(plane, y, rows);
      }
    }
  } finally {
    await session.close();
  }
}

interface TilePlan {
  /** Image pixels computed per tile. */
  tileHeight: number;
  tileWidth: number;
  /** Model pixels that the network sees per tile. */
  height: number;
  width: number;
  halo: number;
  alignment: number;
}

/** One size for all tiles, so that one graph serves them all. */
function planTiles(
  model: RefocusModel,
  { width, height }: { width: number; height: number },
  grid: PixelGrid,
  tile: number,
): TilePlan {
  const alignment = deepZAlignment(model.info.architecture);
  const halo = receptiveRadius(readOnnx(model.onnx, { batch: 1, y: alignment * 4, x: alignment * 4 }));
  const tileHeight = Math.min(tile, height);
  const tileWidth = Math.min(tile, width);
  const seen = modelRegion(grid, { x: 0, y: 0, width: tileWidth, height: tileHeight });
  // One more pixel, since where a tile falls on the other grid shifts from tile to tile, and alignment at the start.
  const extent = (core: number): number => alignUp(core + 1 + 2 * halo + alignment, alignment);
  return { tileHeight, tileWidth, height: extent(seen.height), width: extent(seen.width), halo, alignment };
}

const alignUp = (n: number, step: number): number => Math.ceil(n / step) * step;
const alignDown = (n: number, step: number): number => Math.floor(n / step) * step;

interface PreparedTile {
  /** Image pixels that this tile gives. */
  region: Region;
  /** Model pixels that the network sees. */
  seen: Region;
  /** `[planes, h, w]` of `seen`, normalised. */
  planes: Float32Array;
  /** `[h, w]` of `seen`, um. */
  surface: Float32Array | undefined;
}

async function prepareTile(
  { info }: RefocusModel,
  input: RefocusInput,
  grid: PixelGrid,
  plan: TilePlan,
  region: Region,
): Promise<PreparedTile> {
  const core = modelRegion(grid, region);
  const seen = {
    x: alignDown(core.x - plan.halo, plan.alignment),
    y: alignDown(core.y - plan.halo, plan.alignment),
    width: plan.width,
    height: plan.height,
  };
  const source = imageRegion(grid, seen);
  const size = seen.width * seen.height;
  const onModelGrid = async (read: ReadRegion): Promise<Float32Array> =>
    toModelGrid(grid, await readMirrored(read, input, source), source, seen);
  const planes = new Float32Array(info.input_offsets.length * size);
  for (const [i, read] of input.planes.entries()) {
    normalise(await onModelGrid(read), input.normalisation, planes.subarray(i * size, (i + 1) * size));
  }
  return { region, seen, planes, surface: input.surface && (await onModelGrid(input.surface)) };
}

async function refocusTile(
  session: Session,
  distanceScale: number,
  grid: PixelGrid,
  { region, seen, planes, surface }: PreparedTile,
  distance: number,
): Promise<Float32Array> {
  const size = seen.width * seen.height;
  const data = new Float32Array(planes.length + size);
  data.set(planes);
  const distances = data.subarray(planes.length);
  if (surface) for (let i = 0; i < size; i++) distances[i] = (distance + surface[i]) / distanceScale;
  else distances.fill(distance / distanceScale);
  const image: Tensor = { type: "float32", shape: [1, data.length / size, seen.height, seen.width], data };
  const { refocused } = await session.run("refocus", { image });
  const core = modelRegion(grid, region);
  return toImageGrid(grid, crop(refocused.data as Float32Array, seen, core), core, region);
}
