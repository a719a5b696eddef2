/** One damaged file, read twice: an error of Parfocal's own, or the same answer both times. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memorySource } from "../../src/array/bytes.ts";
import { Random } from "../../src/array/random.ts";
import { ParfocalError } from "../../src/errors.ts";
import { readOnnx, readWeights } from "../../src/graph/onnx/read.ts";
import { crc32 } from "../../src/image/crc32.ts";
import { fileStorage } from "../../src/image/file-storage.node.ts";
import { readAll } from "../../src/image/image-file.ts";
import { openImageSource } from "../../src/image/open-image.ts";
import { loadModel } from "../../src/models/model-folder.node.ts";
import { findRecipe } from "../../src/simulate/recipe-file.ts";
import { createSimulator } from "../../src/simulate/simulator.ts";
import { decodeCheckpoint } from "../../src/train/checkpoint.ts";
import { resolveConfig } from "../../src/train/config.ts";
import { readConfigFile } from "../../src/train/config-file.ts";
import { type Damaged, mutate } from "./mutate.ts";
import { fuzzSeeds, type Kind, kinds, type Seed, tiffWithDescription } from "./seeds.ts";
import { tiffFields } from "./tiff-fields.ts";

export interface Outcome {
  index: number;
  kind: Kind;
  /** The seed's name and the damage. */
  what: string;
  /** An error code, or "read". */
  result: string;
  /** What must not be: an error of another class, other pixels, a shape that is not that of the header, time, memory. */
  fault?: string;
  /** Processor time of the reading, s. */
  seconds: number;
}

export interface Limits {
  seconds: number;
  bytes: number;
}

/** More pictures than other files: they are what others write. */
const shares: readonly Kind[] = [
  "tiff",
  "tiff",
  "tiff",
  "tiff",
  "tiff",
  "tiff",
  "png",
  "png",
  "xml",
  "xml",
  "checkpoint",
  "onnx",
  "model",
  "recipe",
  "recipe",
  "config",
];

const knownCodes = new Set([
  "usage",
  "file.missing",
  "file.corrupt",
  "file.unsupported",
  "image.unfit",
  "calibration.missing",
  "model.unfit",
  "graph.invalid",
  "training.failed",
]);

/** Beside the limit, so many bytes may take another second of processor time. */
const bytesPerSecond = 1e7;

/** What a run of the fuzz needs: seeds, a folder for files that are read by path, and what the whole seeds hold. */
export class Fuzz {
  readonly seeds: Record<Kind, Seed[]>;
  private readonly folder = mkdtempSync(join(tmpdir(), "parfocal-fuzz-"));
  private readonly whole = new Map<Seed, string>();
  private readonly random: Random;
  private readonly limits: Limits;

  constructor(seed: number, limits: Limits, fixtures?: string) {
    this.seeds = fuzzSeeds(fixtures);
    this.random = new Random(seed);
    this.limits = limits;
    mkdirSync(join(this.folder, "model"));
    writeFileSync(join(this.folder, "model", "model.onnx"), this.seeds.onnx[0].bytes);
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The damaged file of a case. */
  damaged(index: number): { seed: Seed; damaged: Damaged } {
    const random = this.random.fork(index);
    const kind = shares[random.integer(shares.length)];
    const seed = this.seeds[kind][random.integer(this.seeds[kind].length)];
    return { seed, damaged: mutate(seed, this.seeds[kinds[random.integer(kinds.length)]], random) };
  }

  async run(index: number): Promise<Outcome> {
    const { seed, damaged } = this.damaged(index);
    const { kind } = seed;
    const what = `${seed.name}, ${damaged.how}`;
    const memory = process.resourceUsage().maxRSS * 1024;
    const started = process.cpuUsage();
    const first = await this.attempt(kind, damaged.bytes);
    const { user, system } = process.cpuUsage(started);
    const seconds = (user + system) / 1e6;
    const grown = process.resourceUsage().maxRSS * 1024 - memory;
    const outcome = { index, kind, what, result: first.code, seconds };
    if (first.fault !== undefined) return { ...outcome, fault: first.fault };
    // Damage that repeats lines makes files of up to 100 MB, whose reading may take its time.
    const allowed = this.limits.seconds + damaged.bytes.length / bytesPerSecond;
    if (seconds > allowed) return { ...outcome, fault: `${seconds.toFixed(1)} s` };
    if (grown > this.limits.bytes) return { ...outcome, fault: `${(grown / 2 ** 20).toFixed(0)} MiB` };
    if (first.code !== "read") return outcome;
    // Another file in between: memory that was not written to would show as other bytes.
    const other = this.seeds[kind][index % this.seeds[kind].length];
    await this.attempt(kind, other.bytes);
    const second = await this.attempt(kind, damaged.bytes);
    if (second.code !== first.code || second.answer !== first.answer)
      return { ...outcome, fault: "another answer when read again" };
    if (damaged.samePixels) {
      if (!this.whole.has(seed)) this.whole.set(seed, (await this.attempt(kind, seed.bytes)).answer);
      if (this.whole.get(seed) !== first.answer) return { ...outcome, fault: "other pixels without an error" };
    }
    return outcome;
  }

  /** The code of the error, or "read" and a digest of what was read. */
  private async attempt(kind: Kind, bytes: Uint8Array): Promise<{ code: string; answer: string; fault?: string }> {
    try {
      return { code: "read", answer: await this.read(kind, bytes) };
    } catch (error) {
      if (!(error instanceof ParfocalError))
        return { code: "fault", answer: "", fault: (error as Error)?.stack?.slice(0, 600) ?? String(error) };
      return {
        code: error.code,
        answer: "",
        ...(knownCodes.has(error.code) ? {} : { fault: `${error.code}: ${error.message}` }),
      };
    }
  }

  private async read(kind: Kind, bytes: Uint8Array): Promise<string> {
    switch (kind) {
      case "tiff":
      case "png":
        return readPicture(kind, bytes);
      case "xml":
        return readPicture("tiff", tiffWithDescription(bytes, 23, 19, 6));
      case "checkpoint": {
        const { tensors, metadata } = decodeCheckpoint(bytes, "a.safetensors");
        return JSON.stringify([
          metadata,
          Object.entries(tensors).map(([name, { shape, data }]) => [name, shape, digest(data)]),
        ]);
      }
      case "onnx": {
        const graph = readOnnx(bytes, { batch: 1, y: 16, x: 16, height: 16, width: 16 });
        const weights = Object.entries(readWeights(bytes)).map(([name, { data }]) => [
          name,
          digest(data as Float32Array),
        ]);
        return JSON.stringify([graph.nodes.length, weights]);
      }
      case "model": {
        writeFileSync(join(this.folder, "model", "model.yaml"), bytes);
        return JSON.stringify((await loadModel(join(this.folder, "model"))).info);
      }
      case "recipe": {
        const path = join(this.folder, "recipe.yaml");
        writeFileSync(path, bytes);
        const { recipe, memory, warnings } = createSimulator((await findRecipe(fileStorage, path)).recipe);
        return JSON.stringify([recipe, memory, warnings]);
      }
      default: {
        const path = join(this.folder, "config.yaml");
        writeFileSync(path, bytes);
        return JSON.stringify(resolveConfig(await readConfigFile(fileStorage, path)));
      }
    }
  }
}

/** Axes, shape and a digest of all pixels; throws where the shape is not what the header says. */
async function readPicture(kind: "tiff" | "png", bytes: Uint8Array): Promise<string> {
  const file = await openImageSource(memorySource("damaged", bytes));
  const { axes, shape, data } = await readAll(file);
  await file.close();
  const [height, width] = shape.slice(-2);
  if (data.length !== shape.reduce((a, b) => a * b, 1)) throw new Error(`${data.length} pixels of shape ${shape}`);
  const said = kind === "tiff" ? tiffFields(bytes) : pngSize(bytes);
  // 0 where the other parser finds no size, which happens for tags of thousands of values.
  if (said?.width && said.height && (said.width !== width || said.height !== height))
    throw new Error(`shape ${shape} of a header that says ${said.width} x ${said.height}`);
  return `${axes} ${shape} ${digest(data)}`;
}

function pngSize(bytes: Uint8Array): { width: number; height: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { width: view.getUint32(16), height: view.getUint32(20) };
}

function digest({ buffer, byteOffset, byteLength }: ArrayBufferView): string {
  return crc32([new Uint8Array(buffer, byteOffset, byteLength)]).toString(16);
}
