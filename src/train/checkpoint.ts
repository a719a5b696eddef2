import { z } from "zod";
import { sizeOf } from "../array/shape.ts";
import { ParfocalError } from "../errors.ts";
import { crc32 } from "../image/crc32.ts";
import type { Tensors } from "../run/runtime.ts";

/**
 * Checkpoints are safetensors files (https://huggingface.co/docs/safetensors): 8 bytes with the length of a JSON
 * header, the header (name -> dtype, shape, data_offsets; `__metadata__` holds text), then the numbers. Any safetensors
 * reader can open them.
 *
 * The metadata begin with `crc32`: the CRC-32 of the whole file with eight zeros in place of the checksum. Files of
 * other programs and of older versions of Parfocal have no checksum and are read without it.
 */
export interface Checkpoint {
  tensors: Tensors;
  metadata: Record<string, string>;
}

export interface ReadCheckpoint extends Checkpoint {
  /** Whether the file has a checksum and it is correct. */
  checked: boolean;
}

const blank = "00000000";
/** The start of the header of a checkpoint with a checksum; the digits follow. */
const beginning = '{"__metadata__":{"crc32":"';

const entry = z.object({
  dtype: z.literal("F32"),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
type Entry = z.infer<typeof entry>;

const checkpointHeader = z.object({ __metadata__: z.record(z.string(), z.string()).optional() }).catchall(entry);

/**
 * Maximum size of the header, bytes. A real header describes a few hundred tensors in about 100 bytes each; a crafted
 * header with half a million tensors would take seconds to check.
 */
const maxHeader = 2 ** 23;

/** The bytes of a checkpoint, checksum included; float32 tensors only. */
export function encodeCheckpoint({ tensors, metadata }: Checkpoint): Uint8Array {
  const header: Record<string, Entry | Record<string, string>> = { __metadata__: { crc32: blank, ...metadata } };
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
  bytes.set(new TextEncoder().encode(hexadecimal(crc32([bytes]))), digitsAt);
  return bytes;
}

const hexadecimal = (checksum: number): string => checksum.toString(16).padStart(8, "0");
const [digitsAt, digitsEnd] = [8 + beginning.length, 8 + beginning.length + blank.length];

/** The checksum stored in a file and the one computed from its bytes; undefined for a file without a checksum. */
function checksums(bytes: Uint8Array): { stored: string; found: string } | undefined {
  const [start, stored] = [bytes.subarray(8, digitsAt), bytes.subarray(digitsAt, digitsEnd)].map((part) =>
    new TextDecoder().decode(part),
  );
  if (start !== beginning) return undefined;
  const zeros = new TextEncoder().encode(blank);
  return { stored, found: hexadecimal(crc32([bytes.subarray(0, digitsAt), zeros, bytes.subarray(digitsEnd)])) };
}

/**
 * @param path name of the checkpoint in errors
 * @returns the checkpoint, without its checksum
 * @throws file.corrupt when the bytes are not a complete checkpoint, or do not match their checksum
 */
export function decodeCheckpoint(bytes: Uint8Array, path: string): ReadCheckpoint {
  const corrupt = (detail: string): never => {
    throw new ParfocalError("file.corrupt", `The checkpoint ${path} cannot be read: ${detail}.`, { path, detail });
  };
  if (bytes.length < 8) return corrupt(`it has only ${bytes.length} bytes`);
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (headerLength > maxHeader)
    return corrupt(`its header should have ${headerLength} bytes, expected at most ${maxHeader}`);
  if (headerLength > bytes.length - 8)
    return corrupt(`its header should have ${headerLength} bytes, but the file ends before that`);
  const checksum = checksums(bytes);
  if (checksum && checksum.stored !== checksum.found) {
    return corrupt(
      `its CRC-32 is ${checksum.found}, but ${checksum.stored} is stored in it; the file was changed after it was written`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + headerLength)));
  } catch {
    return corrupt("its header is not JSON");
  }
  const header = checkpointHeader.safeParse(json);
  if (!header.success) return corrupt("its header does not describe safetensors");
  const { __metadata__: { crc32: stored, ...metadata } = {}, ...entries } = header.data;
  if (stored !== undefined && !checksum) return corrupt("its checksum is not at the expected place");
  const start = 8 + headerLength;
  // Overlapping tensors could take many times the memory of the file, and the format does not allow them.
  const total = Object.values(entries).reduce((sum, { data_offsets: [from, to] }) => sum + to - from, 0);
  if (total > bytes.length - start) return corrupt("its tensors overlap");
  const tensors = new Map<string, Tensors[string]>();
  for (const [name, { shape, data_offsets }] of Object.entries(entries)) {
    const [from, to] = data_offsets;
    if (to - from !== 4 * sizeOf(shape)) return corrupt(`tensor ${name} has ${to - from} bytes for shape [${shape}]`);
    if (start + to > bytes.length) return corrupt(`the file ends before the end of tensor ${name}`);
    const data = new Float32Array(new Uint8Array(bytes.subarray(start + from, start + to)).buffer);
    tensors.set(name, { type: "float32", shape, data });
  }
  return { tensors: Object.fromEntries(tensors), metadata, checked: checksum !== undefined };
}
