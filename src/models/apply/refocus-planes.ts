/** Computes any plane of a volume from any number of recorded planes with a model of Recurrent-MZ. */
import { ParfocalError } from "../../errors.ts";
import { Graph, type Tensor } from "../../graph/graph.ts";
import { readWeights } from "../../graph/onnx/read.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { Model } from "../model-info.ts";
import { constantParameters } from "../networks/parameters.ts";
import {
  type RecurrentMzArchitecture,
  type RecurrentMzInfo,
  recurrentMzAlignment,
  recurrentMzNetwork,
} from "../networks/recurrent-mz.ts";
import { fixedStatistics } from "../networks/running-norm.ts";
import { applyTiles, type TiledField } from "./apply-tiles.ts";
import type { ReadRegion } from "./mirrored-region.ts";
import { denormalise, type Normalisation, normalise } from "./normalisation.ts";
import type { RefocusOptions } from "./refocus.ts";

/** The image to refocus, read piece by piece so that memory does not grow with the image. */
export interface RefocusPlanesInput {
  width: number;
  height: number;
  /** Counts of each input plane, and its position, um from the first one. */
  planes: readonly { read: ReadRegion; z: number }[];
  normalisation: Normalisation;
  /** Pixel size, um; undefined means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
  /** Refocusing distance of every pixel, um, added to each of the `distances`. */
  surface?: ReadRegion | undefined;
}

/**
 * The network for a given number of planes: `image` `[1, 2 planes, height, width]` to `refocused`. An ONNX file cannot
 * leave the number of planes variable, since the network has a part for each plane, but the weights fit any number. The
 * weights are therefore read from the file and the network is built for the planes that are present, so that no time is
 * spent on absent ones.
 */
export function recurrentMzGraph(
  planes: number,
  height: number,
  width: number,
  architecture: RecurrentMzArchitecture,
  weights: Record<string, Tensor>,
): Graph {
  const graph = new Graph();
  const image = graph.input("image", [1, 2 * planes, height, width]);
  const parameters = constantParameters(graph, weights);
  const build = { parameters, norm: fixedStatistics(parameters), form: "portable" } as const;
  graph.output("refocused", recurrentMzNetwork({ image }, architecture, build));
  return graph;
}

/**
 * Refocuses to a list of distances from the first input plane by {@link applyTiles}: tiles join without a seam, and the
 * image is mirrored at its edges.
 *
 * @param write receives whole rows of one output plane (index into `distances`), counts, starting at row `y0`
 * @throws usage without finite distances or without input planes; model.unfit when weights are missing in the file;
 *   interrupted
 */
export async function refocusPlanes(
  model: Model<RecurrentMzInfo>,
  runtime: Runtime,
  input: RefocusPlanesInput,
  options: RefocusOptions,
  write: (plane: number, y0: number, rows: Float32Array) => Promise<void>,
): Promise<void> {
  const { architecture, pixel_size } = model.info;
  const { distances } = options;
  if (distances.length === 0 || !distances.every(Number.isFinite)) {
    const message = `Refocusing needs one or more distances in um; got "${distances.join(", ")}".`;
    throw new ParfocalError("usage", message, { option: "--z", got: distances, expected: "one or more numbers" });
  }
  const count = input.planes.length;
  if (count === 0) {
    const message = "Refocusing needs at least one input plane; none was given.";
    throw new ParfocalError("usage", message, { option: "input_planes", expected: "one or more planes" });
  }
  const weights = readWeights(model.onnx);
  const scale = architecture.distance_scale;
  const field: TiledField<{ images: Float32Array[]; surface: Float32Array | undefined }> = {
    graphAt: (height, width) => recurrentMzGraph(count, height, width, architecture, weights),
    alignment: recurrentMzAlignment(architecture),
    modelPixelSize: pixel_size,
    width: input.width,
    height: input.height,
    pixelSize: input.pixelSize,
    passes: distances.length,
    async prepare(_seen, at) {
      const images: Float32Array[] = [];
      for (const { read } of input.planes) {
        const counts = await at(read);
        const image = new Float32Array(counts.length);
        normalise(counts, input.normalisation, image);
        images.push(image);
      }
      return { images, surface: input.surface && (await at(input.surface)) };
    },
    async run(session, { images, surface }, pass, { width, height }) {
      const size = width * height;
      const data = new Float32Array(2 * count * size);
      for (const [i, { z }] of input.planes.entries()) {
        data.set(images[i], 2 * i * size);
        const away = data.subarray((2 * i + 1) * size, (2 * i + 2) * size);
        const um = distances[pass] - z;
        if (surface) for (let k = 0; k < size; k++) away[k] = (um + surface[k]) / scale;
        else away.fill(um / scale);
      }
      const image: Tensor = { type: "float32", shape: [1, 2 * count, height, width], data };
      const { refocused } = await session.run("network", { image });
      const values = refocused.data as Float32Array;
      denormalise(values, input.normalisation);
      return [values];
    },
  };
  await applyTiles(runtime, field, options, (pass, _plane, y0, rows) => write(pass, y0, rows));
}
