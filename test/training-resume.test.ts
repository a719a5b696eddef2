/** Going on from a checkpoint: only from a whole one, with the same data, and with everything that the end needs. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { NamedStack } from "../src/image/named-stack.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import type { Runtime } from "../src/run/runtime.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../src/train/checkpoint.ts";
import type { DeepZConfig } from "../src/train/methods/deep-z-config.ts";
import { type TrainingOptions, trainModel } from "../src/train/train.ts";
import { readTrainingCheckpoint } from "../src/train/training-checkpoint.ts";
import { blurredStack, type MemoryStore, memoryStore, tinyConfig } from "./helpers/tiny.ts";

let runtime: Runtime;
beforeAll(async () => {
  runtime = await openNativeRuntime({ threads: 1 });
});
afterAll(() => runtime.close());

const stack = blurredStack(6, 48, 80, 1);
const samples: NamedStack[] = [{ name: "a.tif", stack }];
const config = tinyConfig({ num_steps: 6, steps_per_epoch: 2 });

async function train(store: MemoryStore, of = samples, own: DeepZConfig = config, more: Partial<TrainingOptions> = {}) {
  return trainModel(of, own, { runtime, store, ...more });
}

const halves = new Map<number, Promise<MemoryStore>>();
/** A training that was stopped after so many steps; each caller gets a store of its own. */
async function stopped(at: number): Promise<MemoryStore> {
  const once = halves.get(at) ?? stop(at);
  halves.set(at, once);
  const { checkpoints, rows, previews } = await once;
  return Object.assign(memoryStoreWith(checkpoints), { rows: [...rows], previews: [...previews] });
}

function memoryStoreWith(checkpoints: ReadonlyMap<string, Uint8Array>): MemoryStore {
  const store = memoryStore();
  for (const [kind, bytes] of checkpoints) store.checkpoints.set(kind, bytes.slice());
  return store;
}

async function stop(at: number): Promise<MemoryStore> {
  const store = memoryStore();
  const control = new AbortController();
  const onProgress = ({ step }: { step: number }) => {
    if (step === at) control.abort();
  };
  const work = train(store, samples, config, { signal: control.signal, onProgress });
  await expect(work).rejects.toMatchObject({ code: "interrupted" });
  return store;
}

/** The store with a checkpoint written anew, with other metadata. */
function rewritten(store: MemoryStore, kind: "last" | "best", change: (metadata: Record<string, string>) => object) {
  const { tensors, metadata } = decodeCheckpoint(store.checkpoints.get(kind) ?? new Uint8Array(), kind);
  const changed = { ...metadata, ...change(metadata) };
  const kept = Object.entries(changed).filter((one): one is [string, string] => one[1] !== undefined);
  store.checkpoints.set(kind, encodeCheckpoint({ tensors, metadata: Object.fromEntries(kept) }));
}

describe("a training goes on with its own data only", () => {
  const flipped = (): NamedStack[] => [{ name: "a.tif", stack: { ...stack, data: stack.data.slice().reverse() } }];
  const others: [string, () => NamedStack[], RegExp][] = [
    ["another stack of the same shape and name", flipped, /other data \(a\.tif: its pixels are others\)/],
    [
      "the stack with one pixel changed",
      () => {
        const data = stack.data.slice();
        data[1000] += 1;
        return [{ name: "a.tif", stack: { ...stack, data } }];
      },
      /a\.tif: its pixels are different/,
    ],
    [
      "another z step",
      () => [{ name: "a.tif", stack: { ...stack, zStep: 1.1 } }],
      /a\.tif: its z_step was 1, now 1\.1/,
    ],
    [
      "another objective",
      () => [{ name: "a.tif", stack: { ...stack, optics: { na: 0.8 } } }],
      /a\.tif: its optics was not known, now \{"na":0\.8\}/,
    ],
    [
      "one stack more",
      () => [...samples, { name: "b.tif", stack: blurredStack(6, 48, 80, 2) }],
      /there were 1 stacks \(a\.tif\), now 2 \(a\.tif, b\.tif\)/,
    ],
    ["targets beside it", () => [{ ...samples[0], target: stack }], /a\.tif: it had no target/],
    [
      "another stack, larger",
      () => [{ name: "c.tif", stack: blurredStack(6, 64, 80, 1) }],
      /c\.tif \(before: a\.tif\): its shape was \[6,48,80\], now \[6,64,80\]/,
    ],
  ];
  it.each(others)("and not with %s", async (_, of, why) => {
    const store = await stopped(3);
    const before = new Map(store.checkpoints);
    const work = train(store, of(), config, { resume: true });
    await expect(work).rejects.toMatchObject({ code: "training.failed", message: why });
    await expect(work).rejects.toThrow(/use the same data, or start a new run/);
    expect(store.checkpoints).toEqual(before);
  });

  it("also when the file has another name", async () => {
    const [store, straight] = [await stopped(3), memoryStore()];
    await train(straight);
    await train(store, [{ name: "moved.tif", stack }], config, { resume: true });
    expect(store.model?.onnx).toEqual(straight.model?.onnx);
  });

  it("and not with other simulated fields", async () => {
    const fields = (description: string): Partial<TrainingOptions> => ({
      fields: {
        name: "blobs",
        description,
        field: async (i) => ({ name: `blob ${i}`, stack: blurredStack(6, 32, 32, i) }),
      },
    });
    const store = memoryStore();
    await train(store, samples, config, fields("beads: 3"));
    await expect(train(store, samples, config, { ...fields("beads: 4"), resume: true })).rejects.toThrow(
      /the recipe of the simulated fields is different/,
    );
    await train(store, samples, config, { ...fields("beads: 3"), resume: true });
  });
});

describe("a checkpoint that cannot be gone on from", () => {
  it("is told from its bits: any of them flipped, in header and numbers", async () => {
    const store = await stopped(1);
    const bytes = store.checkpoints.get("last") ?? new Uint8Array();
    const headerEnd = 8 + Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
    // Every bit of the lengths and the metadata, and one in many of the rest.
    const metadataEnd = Buffer.from(bytes).indexOf('"}', 0, "utf8");
    const bits = Array.from({ length: 8 * metadataEnd }, (_, i) => i);
    for (let bit = 8 * metadataEnd; bit < 8 * bytes.length; bit += bit < 8 * headerEnd ? 97 : 4099) bits.push(bit);
    const accepted = bits.filter((bit) => {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      try {
        readTrainingCheckpoint(damaged, "last");
        return true;
      } catch (error) {
        expect(error).toMatchObject({ code: "file.corrupt", message: /^last is no/ });
        return false;
      }
    });
    expect(bits.length).toBeGreaterThan(8000);
    expect(accepted).toEqual([]);
  }, 60_000);

  const wrong: [string, Record<string, string | undefined>, RegExp][] = [
    ["a step beyond the last", { step: "7" }, /after step 7 of 6/],
    ["a step below none", { step: "-1" }, /step cannot be read/],
    ["a step that is no number", { step: "two" }, /step cannot be read/],
    ["no step", { step: undefined }, /step cannot be read/],
    ["no configuration", { config: undefined }, /config cannot be read/],
    ["a configuration that is no JSON", { config: "{" }, /config cannot be read: expected JSON/],
    ["sums that are none", { sums: '{"train_loss":3}' }, /sums/],
    ["a best loss that is no number", { best: "NaN" }, /best cannot be read/],
    ["no time", { seconds: undefined }, /seconds cannot be read/],
    ["data that are none", { data: "[]" }, /data cannot be read/],
  ];
  it.each(wrong)("has %s", async (_, change, why) => {
    const store = await stopped(3);
    rewritten(store, "last", () => change);
    const work = train(store, samples, config, { resume: true });
    await expect(work).rejects.toMatchObject({ code: "file.corrupt", message: why });
    expect(store.model).toBeUndefined();
  });

  it("has no best beside it, or a damaged one: that is found before the remaining steps", async () => {
    for (const bad of [undefined, (bytes: Uint8Array) => bytes.with(bytes.length - 2, bytes[bytes.length - 2] ^ 4)]) {
      const store = await stopped(3);
      const best = store.checkpoints.get("best") ?? new Uint8Array();
      if (bad) store.checkpoints.set("best", bad(best));
      else store.checkpoints.delete("best");
      let steps = 0;
      const work = train(store, samples, config, { resume: true, onProgress: () => steps++ });
      await expect(work).rejects.toThrow(bad ? /checkpoints\/best cannot be read/ : /best.* is missing/);
      expect(steps).toBe(0);
    }
  });

  it("is of another network", async () => {
    const store = await stopped(3);
    const { tensors, metadata } = decodeCheckpoint(store.checkpoints.get("last") ?? new Uint8Array(), "last");
    const [name] = Object.keys(tensors);
    const { [name]: _, ...rest } = tensors;
    store.checkpoints.set("last", encodeCheckpoint({ tensors: rest, metadata }));
    await expect(train(store, samples, config, { resume: true })).rejects.toThrow(
      new RegExp(`another network: ${name} is absent in the checkpoint and \\[`),
    );
  });

  it("is of an older Parfocal: it is taken, with a warning", async () => {
    const [store, straight] = [await stopped(3), memoryStore()];
    await train(straight);
    // As they were written before they had checksums and said what they learn from.
    for (const kind of ["last", "best"] as const) {
      rewritten(store, kind, () => ({ data: undefined }));
      const bytes = store.checkpoints.get(kind) ?? new Uint8Array();
      const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
      const header = Buffer.from(bytes.subarray(8, 8 + length))
        .toString()
        .replace(/"crc32":"[0-9a-f]{8}",/, "");
      store.checkpoints.set(
        kind,
        new Uint8Array([...bytes.subarray(0, 8), ...Buffer.from(header.padEnd(length)), ...bytes.subarray(8 + length)]),
      );
    }
    const warnings: string[] = [];
    await train(store, samples, config, { resume: true, onWarning: ({ text }) => warnings.push(text) });
    expect(warnings).toEqual([
      expect.stringMatching(/checkpoint of memory was written by an older version.*cannot be verified/),
    ]);
    expect(store.model?.onnx).toEqual(straight.model?.onnx);
  });
});

describe("what is only looked at", () => {
  it("does not end a training when it cannot be written, and comes after the checkpoint", async () => {
    const straight = memoryStore();
    await train(straight);
    const order: string[] = [];
    const store = memoryStore();
    const { saveCheckpoint } = store;
    store.saveCheckpoint = async (kind, bytes) => {
      order.push(kind);
      await saveCheckpoint(kind, bytes);
    };
    store.savePreview = async () => {
      order.push("preview");
      throw new Error("no room for a picture");
    };
    store.saveMetrics = async () => {
      order.push("metrics");
      throw new Error("the disk is full");
    };
    const warnings: string[] = [];
    const { steps } = await train(store, samples, config, { onWarning: ({ text }) => warnings.push(text) });
    expect(steps).toBe(6);
    expect(store.model?.onnx).toEqual(straight.model?.onnx);
    expect(order.filter((kind) => kind !== "best").slice(0, 3)).toEqual(["last", "metrics", "preview"]);
    expect(warnings).toEqual([
      "The metrics of step 2 could not be written; the training continues. the disk is full",
      "The preview of step 2 could not be written; the training continues. no room for a picture",
    ]);
  });

  it("unlike the checkpoint: without it the training ends", async () => {
    const store = memoryStore();
    store.saveCheckpoint = async () => {
      throw new Error("the disk is full");
    };
    await expect(train(store)).rejects.toThrow("the disk is full");
  });
});
