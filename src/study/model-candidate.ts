/** A trained model as a candidate of a study. */
import { ParfocalError } from "../errors.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import type { Region } from "../image/image-file.ts";
import type { ReadRegion } from "../models/apply/mirrored-region.ts";
import { type Normalisation, normalisationOf } from "../models/apply/normalisation.ts";
import { refocus } from "../models/apply/refocus.ts";
import { refocusPlanes } from "../models/apply/refocus-planes.ts";
import { refocusRecursively } from "../models/apply/refocus-recursively.ts";
import { hasUncertainty, planesSeenBy, section } from "../models/apply/section.ts";
import type { Model, ModelInfo } from "../models/model-info.ts";
import type { Runtime } from "../run/runtime.ts";
import type { Candidate, PlaneRequest, PlanesWithSpread } from "./candidate.ts";

type RefocusInfo = Extract<ModelInfo, { task: "refocus" }>;
type SectionInfo = Extract<ModelInfo, { task: "section" }>;

/** Edge length of the tiles that are computed at a time, pixels. */
const tileSize = 1024;

/**
 * Makes a candidate from a model that refocuses or sections.
 * @throws model.unfit for a model of another task
 */
export function modelCandidate(name: string, { info, onnx, path }: Model, runtime: Runtime): Candidate {
  const known = {
    name,
    kind: "model",
    pixelSize: info.pixel_size,
    description: describe(info),
    trainedOn: info.trained_on.map((one) => one.name),
  } as const;
  if (info.task === "refocus") {
    const model = { info, onnx, path };
    return {
      ...known,
      task: "refocus",
      range: info.distance_range,
      offsets: offsetsOf(info),
      ...(info.method === "rlp" && { distanceStep: info.input_offsets[1] }),
      make: (stack, whole, requests, signal) => refocused(model, runtime, stack, whole, requests, signal),
    };
  }
  if (info.task === "section") {
    const model = { info, onnx, path };
    return {
      ...known,
      task: "section",
      offsets: [0],
      make: async (stack, whole, requests, signal) =>
        (await sectioned(model, runtime, stack, whole, requests, signal)).planes,
      ...(hasUncertainty(info) && {
        makeWithSpread: (stack, whole, requests, signal) => sectioned(model, runtime, stack, whole, requests, signal),
      }),
    };
  }
  const detail = `a study judges models that refocus or section, but this model is for ${info.task}`;
  throw new ParfocalError("model.unfit", `${path}: ${detail}.`, { path, detail });
}

/**
 * The offsets of the input planes, um. A model that takes planes at any distance gets two, at half of the largest
 * distance that it was trained with.
 */
function offsetsOf(info: RefocusInfo): readonly number[] {
  if (info.method !== "recurrent-mz") return info.input_offsets;
  return info.plane_counts[1] < 2 ? [0] : [0, info.plane_range[1] / 2 || info.plane_range[0] / 2];
}

function describe(info: ModelInfo): string {
  const objective = [
    info.optics.na && `NA ${info.optics.na}`,
    info.optics.wavelength && `${info.optics.wavelength} um`,
  ];
  const data = info.trained_on.map((one) => one.name).join(", ");
  const optics = objective.filter(Boolean).join(", ");
  return `${info.method} (${info.preset}), ${info.steps} steps on ${data}; pixels of ${Number(info.pixel_size.toPrecision(4))} um${optics && `, ${optics}`}`;
}

function blank(stack: Stack, count: number): Plane[] {
  const { height, width } = stack;
  return Array.from({ length: count }, () => ({ data: new Float32Array(height * width), height, width }));
}

/** Reads regions of a plane of a stack in memory, as models need them. */
function readerOf(stack: Stack, z: number): ReadRegion {
  const { data, width } = planeOf(stack, z);
  return async (region: Region) => {
    const out = new Float32Array(region.width * region.height);
    for (let y = 0; y < region.height; y++) {
      const from = (region.y + y) * width + region.x;
      out.set(data.subarray(from, from + region.width), y * region.width);
    }
    return out;
  };
}

/** Normalisations of whole stacks, measured once for each pair of percentiles. */
const measured = new WeakMap<Stack, Map<string, Normalisation>>();
function normalisationOn(whole: Stack, { norm_pmin, norm_pmax }: ModelInfo): Normalisation {
  const known = measured.get(whole) ?? new Map<string, Normalisation>();
  measured.set(whole, known);
  const key = `${norm_pmin} ${norm_pmax}`;
  const found = known.get(key) ?? normalisationOf(whole.data, norm_pmin, norm_pmax, "the stack");
  known.set(key, found);
  return found;
}

async function refocused(
  model: Model<RefocusInfo>,
  runtime: Runtime,
  stack: Stack,
  whole: Stack,
  requests: readonly PlaneRequest[],
  signal?: AbortSignal,
): Promise<Plane[]> {
  const { info, onnx, path } = model;
  const out = blank(stack, requests.length);
  const step = stack.zStep ?? 1;
  const base = {
    width: stack.width,
    height: stack.height,
    pixelSize: stack.pixelSize,
    normalisation: normalisationOn(whole, info),
  };
  for (const plane of new Set(requests.map((one) => one.plane))) {
    const own = requests.flatMap((one, i) => (one.plane === plane ? [{ i, distance: one.distance }] : []));
    const options = { distances: own.map(({ distance }) => distance), tileSize, signal };
    const write = async (k: number, y0: number, rows: Float32Array): Promise<void> =>
      out[own[k].i].data.set(rows, y0 * stack.width);
    const readers = offsetsOf(info).map((um) => ({ z: um, read: readerOf(stack, plane + Math.round(um / step)) }));
    const planes = readers.map(({ read }) => read);
    if (info.method === "recurrent-mz") {
      await refocusPlanes({ info, onnx, path }, runtime, { ...base, planes: readers }, options, write);
    } else if (info.method === "rlp") {
      const rlp = { info, onnx, path };
      await refocusRecursively(rlp, runtime, { ...base, planes }, options, (k, rows) => write(k, 0, rows));
    } else {
      await refocus({ info, onnx, path }, runtime, { ...base, planes }, options, write);
    }
  }
  return out;
}

/** Makes sections; the spread is empty for models that do not predict it. */
async function sectioned(
  model: Model<SectionInfo>,
  runtime: Runtime,
  stack: Stack,
  whole: Stack,
  requests: readonly PlaneRequest[],
  signal?: AbortSignal,
): Promise<PlanesWithSpread> {
  const out = {
    planes: blank(stack, requests.length),
    spread: hasUncertainty(model.info) ? blank(stack, requests.length) : [],
  };
  const half = planesSeenBy(model.info) >> 1;
  // If a model takes neighbouring planes, all planes from the first to the last are needed; otherwise only the
  // requested ones.
  const asked = [...new Set(requests.map(({ plane }) => plane))].sort((a, b) => a - b);
  const first = Math.max(0, asked[0] - half);
  const last = Math.min(stack.depth - 1, asked[asked.length - 1] + half);
  const seen = half === 0 ? asked : Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const input = {
    width: stack.width,
    height: stack.height,
    planes: seen.map((z) => readerOf(stack, z)),
    normalisation: normalisationOn(whole, model.info),
    pixelSize: stack.pixelSize,
  };
  await section(model, runtime, input, { tileSize, signal }, async (channel, k, y0, rows) => {
    const planes = channel === "section" ? out.planes : out.spread;
    for (const [i, { plane }] of requests.entries()) if (plane === seen[k]) planes[i].data.set(rows, y0 * stack.width);
  });
  return out;
}
