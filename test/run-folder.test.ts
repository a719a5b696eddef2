import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import type { ValidationReport } from "../src/train/learner.ts";
import { createRunFolder, newestRun, openRunFolder, readRunConfig } from "../src/train/run-folder.ts";
import { scalarsRecord, versionRecord } from "../src/train/tensorboard.ts";
import type { MetricsRow } from "../src/train/training-store.ts";
import { tinyConfig } from "./helpers/tiny.ts";
import { tinyModel } from "./helpers/tiny-model.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "parfocal-runs-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const config = tinyConfig({
  experiment_name: "beads",
  input_offsets: [0, 2],
  architecture: {
    down: [
      [4, 4],
      [8, 8],
    ],
    up: [4],
  },
});
const row = (step: number): MetricsRow => ({
  epoch: step / 10,
  step,
  train_loss: 1 / step,
  val_loss: 0.123456789,
  lr: 1.5e-3,
  val_ssim: 0.9,
  val_psnr: 31.25,
  seconds: step * 0.5,
});
const picture = '<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2"/>';
const report: ValidationReport = {
  loss: 0.1,
  scores: { loss: 0.1, psnr: 30, ssim: 0.9, input_psnr: 28, input_ssim: 0.8 },
  groups: [],
  draw: async () => picture,
};

const columns = [
  "epoch",
  "step",
  "train_loss",
  "val_loss",
  "lr",
  "val_ssim",
  "val_psnr",
  "seconds",
  "discriminator_loss",
];
async function open(path: string, resumedAt?: number) {
  const store = await openRunFolder(fileStorage, path, async ({ draw }) => svgPng(await draw("a title")));
  await store.beginMetrics(columns, resumedAt);
  return store;
}

describe("a run's folder", () => {
  it("has the layout that is promised", async () => {
    const path = await createRunFolder(fileStorage, root, config);
    expect(path).toBe(join(root, "beads", "version_0"));
    const store = await open(path);
    await store.saveMetrics(row(10));
    await store.savePreview(10, report);
    await store.saveCheckpoint("last", Uint8Array.of(1, 2));
    await store.saveCheckpoint("best", Uint8Array.of(3));
    await store.saveCheckpoint("best", Uint8Array.of(4));
    const { info, onnx } = tinyModel();
    await store.saveModel(info, onnx);
    expect(decode(await readFile(join(path, "previews", "step_000010.png")))).toMatchObject({ width: 3, height: 2 });
    const files = (await readdir(path, { recursive: true })).map((name) =>
      name.replace(/^events\.out\.tfevents\.\d{9,}\..+/, "EVENTS"),
    );
    expect(files.sort()).toEqual(
      [
        "EVENTS",
        "checkpoints",
        join("checkpoints", "best.safetensors"),
        join("checkpoints", "last.safetensors"),
        "config.yaml",
        "metrics.csv",
        "model",
        join("model", "model.onnx"),
        join("model", "model.yaml"),
        "previews",
        join("previews", "step_000010.png"),
      ].sort(),
    );
    expect(await store.readCheckpoint("best")).toEqual(Uint8Array.of(4));
  });

  it("keeps the whole configuration, as YAML that comes back the same", async () => {
    const path = await createRunFolder(fileStorage, root, config);
    expect(await readRunConfig(fileStorage, path)).toEqual(config);
    const yaml = parse(await readFile(join(path, "config.yaml"), "utf8"));
    expect(Object.keys(yaml)).toEqual(
      expect.arrayContaining([
        "experiment_name",
        "patch_size",
        "batch_size",
        "num_steps",
        "learning_rate",
        "norm_pmin",
        "norm_pmax",
        "seed",
      ]),
    );
    expect(yaml.input_offsets).toEqual([0, 2]);
  });

  it("says what is wrong with a configuration that was edited", async () => {
    const path = await createRunFolder(fileStorage, root, config);
    const file = join(path, "config.yaml");
    await writeFile(file, "a: [1");
    await expect(readRunConfig(fileStorage, path)).rejects.toMatchObject({
      code: "file.corrupt",
      message: /config\.yaml/,
    });
    await writeFile(file, "patch_size: big");
    await expect(readRunConfig(fileStorage, path)).rejects.toMatchObject({ code: "usage", message: /patch_size/ });
    await rm(file);
    await expect(readRunConfig(fileStorage, path)).rejects.toMatchObject({ code: "file.missing" });
  });

  it("is its own for each of several trainings that start together", async () => {
    const paths = await Promise.all(Array.from({ length: 5 }, () => createRunFolder(fileStorage, root, config)));
    expect(new Set(paths).size).toBe(5);
    for (const path of paths) expect(await readRunConfig(fileStorage, path)).toEqual(config);
  });

  it("that cannot be written says so", async () => {
    const file = join(root, "file");
    await writeFile(file, "");
    await expect(createRunFolder(fileStorage, file, config)).rejects.toMatchObject({
      code: "output.failed",
      message: /file.*could not be written/,
    });
    const path = await createRunFolder(fileStorage, root, config);
    const store = await open(path);
    await rm(join(path, "metrics.csv"));
    await mkdir(join(path, "metrics.csv"));
    await expect(store.saveMetrics(row(10))).rejects.toMatchObject({ code: "output.failed", message: /metrics\.csv/ });
  });

  it("counts versions up, as numbers, and finds the newest that can go on", async () => {
    await expect(newestRun(fileStorage, root, "beads")).rejects.toMatchObject({
      code: "training.failed",
      message: /no run with a checkpoint/,
    });
    await mkdir(join(root, "beads", "version_9"), { recursive: true });
    await mkdir(join(root, "beads", "version_old"));
    const tenth = await createRunFolder(fileStorage, root, config);
    expect(tenth).toBe(join(root, "beads", "version_10"));
    await expect(newestRun(fileStorage, root, "beads")).rejects.toMatchObject({ code: "training.failed" });
    await (await open(tenth)).saveCheckpoint("last", Uint8Array.of(1));
    const eleventh = await createRunFolder(fileStorage, root, config);
    expect(eleventh).toBe(join(root, "beads", "version_11"));
    await (await open(eleventh)).saveCheckpoint("best", Uint8Array.of(1));
    expect(await newestRun(fileStorage, root, "beads")).toBe(tenth);
  });
});

describe("metrics.csv", () => {
  it("has the columns that are promised, then the discriminator's, one line per validation", async () => {
    const path = await createRunFolder(fileStorage, root, config);
    const store = await open(path);
    await store.saveMetrics(row(10));
    await store.saveMetrics({ ...row(20), discriminator_loss: 0.25 });
    expect(await readFile(join(path, "metrics.csv"), "utf8")).toBe(
      "epoch,step,train_loss,val_loss,lr,val_ssim,val_psnr,seconds,discriminator_loss\n" +
        "1,10,0.1,0.123457,0.0015,0.9,31.25,5,\n" +
        "2,20,0.05,0.123457,0.0015,0.9,31.25,10,0.25\n",
    );
  });

  it("loses the lines after the checkpoint when it goes on, and half a line of a crash", async () => {
    const path = await createRunFolder(fileStorage, root, config);
    const store = await open(path);
    for (const step of [10, 20, 30]) await store.saveMetrics(row(step));
    await appendFile(join(path, "metrics.csv"), "4,4");
    await (await open(path, 20)).saveMetrics({ ...row(30), val_psnr: 7 });
    const lines = (await readFile(join(path, "metrics.csv"), "utf8")).split("\n");
    expect(lines.map((line) => line.split(",")[1])).toEqual(["step", "10", "20", "30", undefined]);
    expect(lines[3]).toContain(",7,");
  });
});

describe("the TensorBoard events", () => {
  /** CRC-32C by long division of the bits, one at a time: slow, and written from the polynomial 0x1EDC6F41. */
  function crc32c(bytes: Uint8Array): number {
    let crc = 0xffffffffn;
    for (const byte of bytes) {
      for (let bit = 0; bit < 8; bit++) {
        const top = ((crc >> 31n) & 1n) ^ BigInt((byte >> bit) & 1);
        crc = ((crc << 1n) & 0xffffffffn) ^ (top ? 0x1edc6f41n : 0n);
      }
    }
    let reflected = 0;
    for (let bit = 0n; bit < 32n; bit++) reflected = reflected * 2 + Number((crc >> bit) & 1n);
    return (reflected ^ 0xffffffff) >>> 0;
  }
  const masked = (crc: number): number => ((((crc >>> 15) | (crc << 17)) >>> 0) + 0xa282ead8) >>> 0;

  interface Event {
    wallTime: number;
    step: number;
    version: string;
    scalars: Record<string, number>;
  }

  /** Fields of a protobuf message: number, and the bytes or number that it holds. */
  function* fields(bytes: Uint8Array): Generator<[number, Uint8Array]> {
    let at = 0;
    const varint = (): number => {
      let [value, shift] = [0, 1];
      for (;;) {
        const byte = bytes[at++];
        value += (byte & 127) * shift;
        if (byte < 128) return value;
        shift *= 128;
      }
    };
    while (at < bytes.length) {
      const tag = varint();
      const type = tag & 7;
      const start = at;
      const length = type === 1 ? 8 : type === 5 ? 4 : type === 2 ? varint() : 0;
      if (type === 0) {
        const value = varint();
        yield [tag >> 3, new Uint8Array(Float64Array.of(value).buffer)];
      } else {
        const from = type === 2 ? at : start;
        yield [tag >> 3, bytes.slice(from, from + length)];
        at = from + length;
      }
    }
    expect(at).toBe(bytes.length);
  }
  const float64 = (bytes: Uint8Array): number => new DataView(bytes.buffer).getFloat64(0, true);
  const float32 = (bytes: Uint8Array): number => new DataView(bytes.buffer).getFloat32(0, true);
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

  function readEvent(bytes: Uint8Array): Event {
    const event: Event = { wallTime: 0, step: 0, version: "", scalars: {} };
    for (const [number, content] of fields(bytes)) {
      if (number === 1) event.wallTime = float64(content);
      if (number === 2) event.step = float64(content);
      if (number === 3) event.version = text(content);
      if (number !== 5) continue;
      for (const [inner, value] of fields(content)) {
        expect(inner).toBe(1);
        const parts = new Map(fields(value));
        event.scalars[text(parts.get(1) ?? new Uint8Array())] = float32(parts.get(2) ?? new Uint8Array(4));
      }
    }
    return event;
  }

  function readRecords(file: Buffer): Event[] {
    // Slices of a Buffer share its memory, those of a plain array do not.
    const bytes = new Uint8Array(file);
    const events: Event[] = [];
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    while (at < bytes.length) {
      const length = Number(view.getBigUint64(at, true));
      expect(view.getUint32(at + 8, true)).toBe(masked(crc32c(bytes.subarray(at, at + 8))));
      const data = bytes.slice(at + 12, at + 12 + length);
      expect(view.getUint32(at + 12 + length, true)).toBe(masked(crc32c(data)));
      events.push(readEvent(data));
      at += length + 16;
    }
    return events;
  }

  it("are checked by the CRC of the standard's own example", () => {
    // RFC 3720, B.4: 32 bytes of zeros.
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
    expect(crc32c(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  });

  it("hold what was written: times, steps and scalars, each record with its checksums", () => {
    const bytes = Buffer.concat([
      versionRecord(1.7e9),
      scalarsRecord(1.7e9 + 0.25, 200, { val_loss: 0.125, lr: 1e-3 }),
      scalarsRecord(2, 1e6, {}),
    ]);
    expect(readRecords(bytes)).toEqual([
      { wallTime: 1.7e9, step: 0, version: "brain.Event:2", scalars: {} },
      { wallTime: 1.7e9 + 0.25, step: 200, version: "", scalars: { val_loss: 0.125, lr: Math.fround(1e-3) } },
      { wallTime: 2, step: 1e6, version: "", scalars: {} },
    ]);
  });

  it("of a run follow its metrics", async () => {
    const path = await createRunFolder(fileStorage, root, config);
    const store = await open(path);
    const before = Date.now() / 1000;
    await store.saveMetrics(row(10));
    await store.saveMetrics({ ...row(20), discriminator_loss: 0.25 });
    const [name] = (await readdir(path)).filter((file) => file.startsWith("events.out.tfevents."));
    const [version, first, second] = readRecords(await readFile(join(path, name)));
    expect(version.version).toBe("brain.Event:2");
    expect(first).toMatchObject({ step: 10, scalars: { val_psnr: 31.25, val_loss: Math.fround(0.123456789) } });
    expect(Math.abs(first.wallTime - before)).toBeLessThan(60);
    expect(second).toMatchObject({ step: 20, scalars: { discriminator_loss: 0.25 } });
  });
});
