import { z } from "zod";
import { sizeOf } from "../array/shape.ts";
import { ParfocalError } from "../errors.ts";
import type { Tensors } from "../run/runtime.ts";

/**
 * Checkpoints are safetensors files (https://huggingface.co/docs/safetensors): 8 bytes with the length of a JSON header,
 * the header (name -> dtype, shape, data_offsets; `__metadata__` holds text), then the numbers. Any reader of that format
 * opens them.
 */
export interface Checkpoint {
  tensors: Tensors;
  metadata: Record<string, string>;
}

const entry = z.object({
  dtype: z.literal("F32"),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
type Entry = z.infer<typeof entry>;

const checkpointHeader = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(entry);

/** The bytes of a checkpoint; float32 tensors only. */
export function encodeCheckpoint({ tensors, metadata }: Checkpoint): Uint8Array {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: metadata };
  let offset = 0;
  for (const [name, { shape, data }] of Object.entries(tensors)) {
    header[name] = { dtype: "F32", shape: [...shape], data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = new TextEncoder().encode(JSON.stringify(header));
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + offset).fill(0x20, 8, 8 + headerLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  let at = 8 + headerLength;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * @param path what the checkpoint is called in errors
 * @throws file.corrupt when the bytes are no complete checkpoint
 */
export function decodeCheckpoint(bytes: Uint8Array, path: string): Checkpoint {
  const corrupt = (detail: string): never => {
    throw new ParfocalError("file.corrupt", `${path} is no readable checkpoint: ${detail}.`, { path, detail });
  };
  if (bytes.length < 8) return corrupt(`it has ${bytes.length} bytes`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (headerLength > bytes.length - 8) return corrupt(`its header says ${headerLength} bytes and ends early`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + headerLength)));
  } catch {
    return corrupt("its header is not JSON");
  }
  const header = checkpointHeader.safeParse(json);
  if (!header.success) return corrupt("its header is not that of a safetensors file");
  const { __metadata__: metadata = {}, ...entries } = header.data;
  const start = 8 + headerLength;
  const tensors = new Map<string, Tensors[string]>();
  for (const [name, { shape, data_offsets }] of Object.entries(entries)) {
    const [from, to] = data_offsets;
    if (to - from !== 4 * sizeOf(shape)) return corrupt(`tensor ${name} has ${to - from} bytes for shape [${shape}]`);
    if (start + to > bytes.length) return corrupt(`tensor ${name} ends after the file`);
    const data = new Float32Array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
    tensors.set(name, { type: "float32", shape, data });
  }
  return { tensors: Object.fromEntries(tensors), metadata };
}
