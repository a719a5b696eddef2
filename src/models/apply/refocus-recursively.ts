/** Planes to both sides of two recorded ones, step by step, by a model of RLP. */
import { ParfocalError } from "../../errors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { readOnnx } from "../../graph/onnx/read.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { Model } from "../model-info.ts";
import { deepZAlignment } from "../networks/deep-z.ts";
import type { RlpInfo } from "../networks/rlp.ts";
import { applyTiles, type TiledField } from "./apply-tiles.ts";
import { type ReadRegion, readMirrored } from "./mirrored-region.ts";
import { denormalise, normalise } from "./normalisation.ts";
import { crop, imageRegion, modelRegion, pixelGrid, toImageGrid, toModelGrid } from "./pixel-grid.ts";
import type { RefocusInput, RefocusOptions } from "./refocus.ts";

/** Distances may lie this share of a step beside a multiple of it. */
const tolerance = 0.05;

/**
 * Makes the planes at `distances`, multiples of the model's step. Each step covers the whole image by tiles that join
 * without a seam, and the next one starts from it; three planes are held in memory. On the model's pixel all the way,
 * so that resampling does not add up.
 *
 * @param write takes one whole output plane (index into `distances`), counts, `[height, width]`; planes come in the
 *   order in which they are made
 * @throws usage for distances between the steps or for a distance map; model.unfit when the network is another;
 *   interrupted
 */
export async function refocusRecursively(
  model: Model<RlpInfo>,
  runtime: Runtime,
  input: RefocusInput,
  options: RefocusOptions,
  write: (plane: number, rows: Float32Array) => Promise<void>,
): Promise<void> {
  const { info } = model;
  const wanted = stepsOf(options.distances, info.input_offsets[1]);
  checkNetwork(model);
  if (input.surface) {
    const message = "A model of RLP travels plane by plane and takes no distance map; train Deep-Z for `surface`.";
    throw new ParfocalError("usage", message, { option: "surface" });
  }
  const { width, height, normalisation } = input;
  const whole = { x: 0, y: 0, width, height };
  const grid = pixelGrid(input.pixelSize, info.pixel_size);
  const field = modelRegion(grid, whole);
  const [first, second] = await Promise.all(
    input.planes.map(async (read) => {
      const source = imageRegion(grid, field);
      const plane = toModelGrid(grid, await readMirrored(read, whole, source), source, field);
      normalise(plane, normalisation, plane);
      return plane;
    }),
  );
  const give = async (step: number, plane: Float32Array): Promise<void> => {
    if (!wanted.includes(step)) return;
    // A copy, also where the pixels are the same: the next step starts from the plane as it is.
    const counts = toImageGrid(grid, plane, field, whole).slice();
    denormalise(counts, normalisation);
    for (const [i, one] of wanted.entries()) if (one === step) await write(i, counts);
  };
  const [last, lowest] = [Math.max(1, ...wanted), Math.min(0, ...wanted)];
  const total = last - 1 - lowest;
  let done = 0;
  await give(0, first);
  await give(1, second);
  for (const [direction, from, to] of [
    [1, 1, last],
    [-1, 0, lowest],
  ]) {
    let [near, far] = direction > 0 ? [second, first] : [first, second];
    for (let at = from; at !== to; ) {
      [near, far] = [await step(model, runtime, { ...field, near, far, direction }, options), near];
      at += direction;
      await give(at, near);
      options.onProgress?.({ done: ++done, total });
    }
  }
}

/** How many steps each distance is. */
function stepsOf(distances: readonly number[], step: number): number[] {
  return distances.map((distance) => {
    const steps = Math.round(distance / step);
    if (Math.abs(distance - steps * step) <= tolerance * step) return steps;
    const near = [Math.floor(distance / step) * step, Math.ceil(distance / step) * step];
    throw new ParfocalError(
      "usage",
      `The model travels in steps of ${step} um, and ${distance} um lies between two of them; take ${near.join(" or ")}.`,
      { option: "--z", got: distance, expected: `multiples of ${step}` },
    );
  });
}

interface TwoPlanes {
  width: number;
  height: number;
  near: Float32Array;
  far: Float32Array;
  direction: number;
}

/** The next plane of a whole field on the model's pixels. */
async function step(
  { onnx, info }: Model<RlpInfo>,
  runtime: Runtime,
  { width, height, near, far, direction }: TwoPlanes,
  { tileSize, signal }: RefocusOptions,
): Promise<Float32Array> {
  const whole = { x: 0, y: 0, width, height };
  const reads = [near, far].map(
    (plane): ReadRegion =>
      async (region) =>
        crop(plane, whole, region),
  );
  const field: TiledField<Float32Array> = {
    graphAt: (y, x) => readOnnx(onnx, { batch: 1, y, x }),
    alignment: deepZAlignment(info.architecture),
    modelPixelSize: info.pixel_size,
    width,
    height,
    passes: 1,
    async prepare(seen, at) {
      const size = seen.width * seen.height;
      const image = new Float32Array(3 * size).fill(direction, 2 * size);
      for (const [i, read] of reads.entries()) image.set(await at(read), i * size);
      return image;
    },
    async run(session, data, _pass, seen) {
      const image: Tensor = { type: "float32", shape: [1, 3, seen.height, seen.width], data };
      const { refocused } = await session.run("network", { image });
      return [refocused.data as Float32Array];
    },
  };
  const next = new Float32Array(width * height);
  await applyTiles(runtime, field, { tileSize, signal }, async (_pass, _plane, y0, rows) => next.set(rows, y0 * width));
  return next;
}

function checkNetwork({ onnx, path }: Model<RlpInfo>): void {
  const { inputs, outputs } = readOnnx(onnx, { batch: 1, y: 64, x: 64 });
  if (inputs.length === 1 && inputs[0].name === "image" && inputs[0].shape[1] === 3 && outputs.has("refocused")) return;
  const detail = 'its network does not take "image" of 3 channels and give "refocused"';
  const message = `${path}: the description and the network do not fit: ${detail}.`;
  throw new ParfocalError("model.unfit", message, { path, detail });
}
