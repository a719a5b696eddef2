import { ParfocalError } from "../../errors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { readOnnx } from "../../graph/onnx/read.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { RefocusModel } from "../model-info.ts";
import { deepZAlignment } from "../networks/deep-z.ts";
import { applyTiles, type TiledField, type TileOptions } from "./apply-tiles.ts";
import type { ReadRegion } from "./mirrored-region.ts";
import { denormalise, type Normalisation, normalise } from "./normalisation.ts";

/** The image to refocus, read piece by piece so that memory does not grow with the image. */
export interface RefocusInput {
  width: number;
  height: number;
  /** One reader per input plane of the model, in the order of its `input_offsets`; counts. */
  planes: readonly ReadRegion[];
  normalisation: Normalisation;
  /** Pixel size, um; undefined means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
  /** Refocusing distance of every pixel, um, added to each of the `distances`. */
  surface?: ReadRegion | undefined;
}

export interface RefocusOptions extends TileOptions {
  /** Refocusing distances, um: z(target) - z(first input plane). */
  distances: readonly number[];
}

/**
 * Refocuses an image of any size to a list of distances by {@link applyTiles}: tiles join without a seam, and the image
 * is mirrored at its edges.
 *
 * @param write receives whole rows of one output plane (index into `distances`), counts, starting at row `y0`; bands of
 *   rows come from top to bottom, each with all planes before the next band
 * @throws model.unfit when the model takes another number of planes; usage without finite distances; interrupted
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
    const detail = `it takes ${info.input_offsets.length} input planes and got ${input.planes.length}`;
    throw new ParfocalError("model.unfit", `The model does not fit the input: ${detail}.`, { detail });
  }
  const { distances } = options;
  if (distances.length === 0 || !distances.every(Number.isFinite)) {
    throw new ParfocalError("usage", `Refocusing needs one or more distances in um; got "${distances.join(", ")}".`, {
      option: "--z",
      got: distances,
      expected: "one or more numbers",
    });
  }
  const check = readOnnx(model.onnx, { batch: 1, y: 64, x: 64 });
  const channels = check.inputs.length === 1 && check.inputs[0].name === "image" ? check.inputs[0].shape[1] : undefined;
  if (channels !== info.input_offsets.length + 1 || !check.outputs.has("refocused")) {
    const detail = `its network does not take "image" of ${info.input_offsets.length + 1} channels and give "refocused"`;
    throw new ParfocalError("model.unfit", `${model.path}: the description and the network do not fit: ${detail}.`, {
      path: model.path,
      detail,
    });
  }
  const { distance_scale: scale } = info.architecture;
  const field: TiledField<PreparedTile> = {
    graphAt: (height, width) => readOnnx(model.onnx, { batch: 1, y: height, x: width }),
    alignment: deepZAlignment(info.architecture),
    modelPixelSize: info.pixel_size,
    width: input.width,
    height: input.height,
    pixelSize: input.pixelSize,
    passes: distances.length,
    async prepare({ width, height }, at) {
      const size = width * height;
      const planes = new Float32Array(input.planes.length * size);
      for (const [i, read] of input.planes.entries()) {
        normalise(await at(read), input.normalisation, planes.subarray(i * size, (i + 1) * size));
      }
      return { planes, surface: input.surface && (await at(input.surface)) };
    },
    async run(session, { planes, surface }, pass, { width, height }) {
      const size = width * height;
      const data = new Float32Array(planes.length + size);
      data.set(planes);
      const last = data.subarray(planes.length);
      if (surface) for (let i = 0; i < size; i++) last[i] = (distances[pass] + surface[i]) / scale;
      else last.fill(distances[pass] / scale);
      const image: Tensor = { type: "float32", shape: [1, data.length / size, height, width], data };
      const { refocused } = await session.run("network", { image });
      const values = refocused.data as Float32Array;
      denormalise(values, input.normalisation);
      return [values];
    },
  };
  await applyTiles(runtime, field, options, (pass, _plane, y0, rows) => write(pass, y0, rows));
}

interface PreparedTile {
  /** `[planes, h, w]`, normalised. */
  planes: Float32Array;
  /** `[h, w]`, um. */
  surface: Float32Array | undefined;
}
