/**
 * Applies an image-to-image model of any method to a stack, plane by plane, for example widefield to optical section.
 */
import { mirroredIndex } from "../../array/mirrored-index.ts";
import { ParfocalError } from "../../errors.ts";
import type { Graph } from "../../graph/graph.ts";
import { readOnnx } from "../../graph/onnx/read.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { Model, ModelInfo } from "../model-info.ts";
import { careAlignment } from "../networks/care.ts";
import { comiAlignment } from "../networks/comi.ts";
import { deepZAlignment } from "../networks/deep-z.ts";
import { pix2pixAlignment } from "../networks/pix2pix.ts";
import { unetAlignment } from "../networks/unet.ts";
import { applyTiles, type TiledField, type TileOptions } from "./apply-tiles.ts";
import type { ReadRegion } from "./mirrored-region.ts";
import { type Normalisation, normalise } from "./normalisation.ts";

export type SectionInfo = Extract<ModelInfo, { task: "section" }>;
/** A model that translates one kind of image into another. */
export type SectionModel = Model<SectionInfo>;

/** The stack to section, read piece by piece so that memory does not grow with the image. */
export interface SectionInput {
  width: number;
  height: number;
  /** One reader per plane; counts. */
  planes: readonly ReadRegion[];
  /** The normalisation of the whole stack. */
  normalisation: Normalisation;
  /** Pixel size, um; undefined means that of the model. */
  pixelSize?: { y: number; x: number } | undefined;
}

/** The outputs for every plane: the section and, for models with an uncertainty output, the scale of its error. */
export type SectionChannel = "section" | "uncertainty";

/** Number of planes in the input of the network. */
export const planesSeenBy = (info: SectionInfo): number => ("planes" in info ? info.planes : 1);

/** The axes and channels of a network's input, and the number of planes of its output. */
function formOf(info: SectionInfo): { dimensions: number; channels: number; given: number } {
  if (info.method === "pix2pix-3d") return { dimensions: 5, channels: 1, given: info.planes };
  return { dimensions: 4, channels: planesSeenBy(info), given: 1 };
}

/** Whether a model estimates the uncertainty of every pixel. */
export const hasUncertainty = (info: SectionInfo): boolean => info.method === "care" && info.architecture.laplace;

/**
 * Sections every plane of a stack of any size by {@link applyTiles}: tiles join without a seam, and the image is
 * mirrored at its edges. For models that take several planes, the output is the middle one of each sub-stack; the stack
 * is mirrored beyond its first and last plane.
 *
 * Sections are in counts like the training targets, and proportional to the brightness of the image: `output_low +
 * output_gain * (high - low) * output`. Uncertainty is the scale of a Laplace distribution in the same counts: half of
 * the errors should be smaller than 0.69 of the scale, nine in ten smaller than 2.30.
 *
 * @param write receives whole rows of plane `z`, starting at row `y0`; bands come from top to bottom, each with all
 *   planes before the next band
 * @throws model.unfit when description and network do not fit; interrupted
 */
export async function section(
  model: SectionModel,
  runtime: Runtime,
  input: SectionInput,
  options: TileOptions,
  write: (channel: SectionChannel, z: number, y0: number, rows: Float32Array) => Promise<void>,
): Promise<void> {
  const { info } = model;
  const seen = planesSeenBy(info);
  const form = formOf(info);
  const depth = input.planes.length;
  const graphAt = (height: number, width: number): Graph =>
    readOnnx(model.onnx, { batch: 1, z: seen, y: height, x: width });
  const channels = checkNetwork(graphAt(alignmentOf(info), alignmentOf(info)), model);
  const { low, high } = input.normalisation;
  const gain = info.output_gain * (high - low);
  const field: TiledField<PlaneReader> = {
    graphAt,
    alignment: alignmentOf(info),
    modelPixelSize: info.pixel_size,
    width: input.width,
    height: input.height,
    pixelSize: input.pixelSize,
    passes: depth,
    prepare: async (_seen, at) =>
      rememberingReader(seen, async (z) => {
        const counts = await at(input.planes[z]);
        const plane = new Float32Array(counts.length);
        normalise(counts, input.normalisation, plane);
        return plane;
      }),
    async run(session, plane, z, { width, height }) {
      const size = width * height;
      const data = new Float32Array(seen * size);
      const half = seen >> 1;
      for (let k = 0; k < seen; k++) data.set(await plane(mirroredIndex(z + k - half, depth)), k * size);
      const shape = form.dimensions === 5 ? [1, 1, seen, height, width] : [1, form.channels, height, width];
      const { output } = await session.run("network", { image: { type: "float32", shape, data } });
      return Array.from({ length: channels }, (_, channel) => {
        const start = (channel * form.given + (form.given >> 1)) * size;
        const offset = channel === 0 ? info.output_low : 0;
        return (output.data as Float32Array).slice(start, start + size).map((value) => value * gain + offset);
      });
    },
  };
  await applyTiles(runtime, field, options, (z, channel, y0, rows) =>
    write(channel === 0 ? "section" : "uncertainty", z, y0, rows),
  );
}

type PlaneReader = (z: number) => Promise<Float32Array>;

/** Caches the last few planes, since neighbouring sub-stacks share all but one. */
function rememberingReader(count: number, read: PlaneReader): PlaneReader {
  const known = new Map<number, Float32Array>();
  return async (z) => {
    const plane = known.get(z) ?? (await read(z));
    known.delete(z);
    known.set(z, plane);
    for (const oldest of known.keys()) {
      if (known.size <= count) break;
      known.delete(oldest);
    }
    return plane;
  };
}

/** Image sizes must be multiples of this. */
function alignmentOf(info: SectionInfo): number {
  switch (info.method) {
    case "care":
      return careAlignment(info.architecture);
    case "unet":
      return unetAlignment(info.architecture);
    case "pix2pix":
    case "pix2pix-3d":
      return pix2pixAlignment(info.architecture);
    case "comi":
    case "cycle-gan":
      return comiAlignment;
    case "self-supervised":
      return deepZAlignment(info.architecture);
    case "sectioning-cnn":
      return 1;
  }
}

/** Checks inputs and outputs of the network, and returns the number of output channels. */
function checkNetwork({ inputs, outputs }: Graph, { info, path }: SectionModel): number {
  const channels = hasUncertainty(info) ? 2 : 1;
  const { dimensions, channels: taken } = formOf(info);
  const [input] = inputs;
  const output = outputs.get("output");
  const fits = inputs.length === 1 && input.name === "image" && input.shape.length === dimensions;
  if (fits && input.shape[1] === taken && output?.shape[1] === channels) return channels;
  const detail = `its network does not take "image" of ${dimensions} axes and ${taken} channel${taken === 1 ? "" : "s"} and give "output" of ${channels} channel${channels === 1 ? "" : "s"}`;
  throw new ParfocalError("model.unfit", `${path}: the description and the network do not fit: ${detail}.`, {
    path,
    detail,
  });
}
