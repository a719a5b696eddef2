// cspell:ignore адам
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ParfocalError } from "../src/errors.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../src/train/checkpoint.ts";
import { python } from "./helpers/python.ts";

const numpy = python("numpy");

const tensor = (shape: number[], first = 0) => ({
  type: "float32" as const,
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(first + i)),
});
const checkpoint: Checkpoint = {
  tensors: { "down0/weights": tensor([2, 3, 3]), scalar: tensor([], 5), адам: tensor([7], 9) },
  metadata: { step: "12", best: "Infinity", note: 'quotes " and \n lines' },
};

const refusal = (bytes: Uint8Array): unknown => {
  try {
    decodeCheckpoint(bytes, "run/last");
  } catch (error) {
    return error instanceof ParfocalError && error.message.includes("run/last") ? error.code : error;
  }
  return "accepted";
};

describe("a checkpoint", () => {
  it("comes back bit for bit: every number, name, shape and text", () => {
    const special = { type: "float32" as const, shape: [4], data: Float32Array.of(NaN, -0, 1e-42, -Infinity) };
    const whole = { ...checkpoint, tensors: { ...checkpoint.tensors, special } };
    const { tensors, metadata } = decodeCheckpoint(encodeCheckpoint(whole), "x");
    expect(metadata).toEqual(whole.metadata);
    expect(Object.keys(tensors)).toEqual(Object.keys(whole.tensors));
    for (const [name, { shape, data }] of Object.entries(whole.tensors)) {
      expect(tensors[name].shape).toEqual(shape);
      expect(new Uint8Array(tensors[name].data.slice().buffer)).toEqual(new Uint8Array(data.slice().buffer));
    }
  });

  it("is read from a view of a larger buffer, and its tensors are its own", () => {
    const bytes = encodeCheckpoint(checkpoint);
    const larger = new Uint8Array(bytes.length + 9);
    larger.set(bytes, 3);
    const { tensors } = decodeCheckpoint(larger.subarray(3, 3 + bytes.length), "x");
    larger.fill(0);
    expect(tensors.scalar.data[0]).toBe(Math.fround(Math.sin(5)));
  });

  it("has the layout of safetensors: aligned header, offsets from its end, no holes", () => {
    const bytes = encodeCheckpoint(checkpoint);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const length = Number(view.getBigUint64(0, true));
    expect(length % 8).toBe(0);
    const { __metadata__, ...header } = JSON.parse(Buffer.from(bytes.subarray(8, 8 + length)).toString("utf8"));
    expect(__metadata__).toEqual({ crc32: expect.stringMatching(/^[0-9a-f]{8}$/), ...checkpoint.metadata });
    let at = 0;
    for (const [name, { shape, data }] of Object.entries(checkpoint.tensors)) {
      expect(header[name]).toEqual({ dtype: "F32", shape, data_offsets: [at, at + 4 * data.length] });
      data.forEach((value, i) => {
        expect(view.getFloat32(8 + length + at + 4 * i, true)).toBe(value);
      });
      at += 4 * data.length;
    }
    expect(8 + length + at).toBe(bytes.length);
  });

  it.skipIf(!numpy)("is read by ten lines of Python that follow the format's description", () => {
    const script = `
import json, struct, sys, zlib, numpy
raw = bytes.fromhex(sys.argv[1])
(n,) = struct.unpack("<Q", raw[:8])
header = json.loads(raw[8:8 + n])
said = header["__metadata__"]["crc32"]
out = {"__metadata__": header.pop("__metadata__")}
for name, entry in header.items():
    start, end = entry["data_offsets"]
    out[name] = numpy.frombuffer(raw[8 + n + start:8 + n + end], "<f4").reshape(entry["shape"]).tolist()
out["checksum"] = zlib.crc32(raw.replace(said.encode(), b"00000000", 1))
print(json.dumps(out))`;
    const read = JSON.parse(numpy?.(script, [Buffer.from(encodeCheckpoint(checkpoint)).toString("hex")]) ?? "{}");
    expect(read.__metadata__).toMatchObject(checkpoint.metadata);
    expect(parseInt(read.__metadata__.crc32, 16)).toBe(read.checksum);
    expect(read.scalar).toBe(Math.fround(Math.sin(5)));
    expect(read["down0/weights"][1][2][0]).toBe(checkpoint.tensors["down0/weights"].data[15]);
  });

  it("cut off anywhere is corrupt", () => {
    const bytes = encodeCheckpoint(checkpoint);
    for (let length = 0; length < bytes.length; length++)
      expect(refusal(bytes.subarray(0, length))).toBe("file.corrupt");
  });

  it("with any of its bits flipped is corrupt, in the header as in the numbers", () => {
    const bytes = encodeCheckpoint(checkpoint);
    expect(refusal(bytes)).toBe("accepted");
    const accepted: number[] = [];
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const damaged = bytes.slice();
      damaged[bit >> 3] ^= 1 << (bit & 7);
      // A file without a checksum is one of another program; a training takes none that says what it learns from.
      if (refusal(damaged) !== "file.corrupt" && decodeCheckpoint(damaged, "run/last").checked) accepted.push(bit);
    }
    expect(accepted).toEqual([]);
  });

  it("with a damaged header is corrupt, or one without a checksum, and never breaks the reader", () => {
    const bytes = encodeCheckpoint(checkpoint);
    const headerEnd = bytes.length - 4 * 26;
    fc.assert(
      fc.property(fc.nat(headerEnd - 1), fc.nat(255), (at, value) => {
        const damaged = bytes.slice();
        damaged[at] = value;
        if (damaged.every((byte, i) => byte === bytes[i])) return;
        expect(["file.corrupt", "accepted"]).toContain(refusal(damaged));
      }),
      { seed: 1, numRuns: 400 },
    );
  });

  it("whose header is JSON of something else is corrupt", () => {
    const withHeader = (header: unknown): Uint8Array => {
      const json = Buffer.from(JSON.stringify(header));
      const bytes = new Uint8Array(8 + json.length + 8);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
      bytes.set(json, 8);
      return bytes;
    };
    const entry = { dtype: "F32", shape: [2], data_offsets: [0, 8] };
    expect(refusal(withHeader({ a: entry }))).toBe("accepted");
    const wrong = [
      null,
      [],
      7,
      { a: 1 },
      { a: { ...entry, dtype: "F16" } },
      { a: { ...entry, shape: [3] } },
      { a: { ...entry, shape: "2" } },
      { a: { ...entry, data_offsets: [0] } },
      { a: { ...entry, data_offsets: [4, 12] } },
      { a: { ...entry, data_offsets: [-8, 0] } },
      { a: entry, __metadata__: { step: 3 } },
    ];
    for (const header of wrong) expect(refusal(withHeader(header))).toBe("file.corrupt");
  });
});
