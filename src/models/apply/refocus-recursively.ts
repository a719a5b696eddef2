/** Computes planes on both sides of two recorded ones, step by step, with a model of RLP. */
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

/** Distances may deviate by this fraction of a step from a multiple of the step. */
const tolerance = 0.05;

/**
 * Computes the planes at `distances`, which are multiples of the model's step. Each step computes the whole image in
 * tiles that join without a seam, and the next step starts from the result; three planes are held in memory. All steps
 * use the model's pixels, so that resampling errors do not accumulate.
 *
 * @param write receives one whole output plane (index into `distances`), counts, `[height, width]`; planes come in the
 *   order in which they are computed
 * @throws usage for distances between the steps or for a distance map; model.unfit when the network does not fit the
 *   description; interrupted
 */
export async function refocusRecursively(
  model: Model<RlpInfo>,
  runtime: Runtime,
  input: RefocusInput,
  options: RefocusOptions,
  write: (plane: number, rows: Float32Array) => Promise<void>,
): Promise<void> {
  const { info } = model;
  const targets = stepsOf(options.distances, info.input_offsets[1]);
  checkNetwork(model);
  if (input.surface) {
    const message =
      "A model of RLP refocuses plane by plane and cannot follow a distance map. Use a model of Deep-Z for `surface`.";
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
    if (!targets.includes(step)) return;
    // The plane is copied even where the pixel sizes are equal, since the next step starts from the normalised plane.
    const counts = toImageGrid(grid, plane, field, whole).slice();
    denormalise(counts, normalisation);
    for (const [i, one] of targets.entries()) if (one === step) await write(i, counts);
  };
  const [last, lowest] = [Math.max(1, ...targets), Math.min(0, ...targets)];
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

/** The number of steps of each distance. */
function stepsOf(distances: readonly number[], step: number): number[] {
  return distances.map((distance) => {
    const steps = Math.round(distance / step);
    if (Math.abs(distance - steps * step) <= tolerance * step) return steps;
    const near = [Math.floor(distance / step) * step, Math.ceil(distance / step) * step];
    throw new ParfocalError(
      "usage",
      `The model refocuses in steps of ${step} um, and ${distance} um is not a multiple of the step. Use ${near.join(" or ")}.`,
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

/** Computes the next plane of a whole field on the model's pixels. */
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
