/**
 * Random access to the bytes of a file, on a disk, in a browser's `File`, or in memory.
 */
import { ParfocalError } from "../errors.ts";

export interface ByteSource {
  /** Path or file name as the user gave it, for error messages. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset`; the result must not be written to. Throws `file.corrupt` for a range that is
   * not inside the file, before anything is allocated.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Fills `target` with the bytes from `offset` on, if the source can do so without a copy. Throws as `read`. */
  readInto?(offset: number, target: Uint8Array): Promise<void>;
  /**
   * Decompresses zlib data as `inflate` (src/image/inflate.ts) does, if the source has a faster way: in Node, on
   * several threads.
   */
  inflate?(parts: readonly Uint8Array[], limit: number): Promise<Uint8Array>;
  /** Closes the source. */
  close?(): Promise<void>;
}

/** Throws `file.corrupt` when `offset .. offset + length` does not lie inside the source. */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  const inside = offset >= 0 && length >= 0 && Number.isSafeInteger(offset) && offset + length <= source.size;
  if (inside) return;
  throw new ParfocalError(
    "file.corrupt",
    `${source.name}: the file ends at byte ${source.size}, but points to bytes ${offset} to ${offset + length}; it is truncated or damaged, fetch or export it again.`,
    { path: source.name, detail: `bytes ${offset} to ${offset + length} of ${source.size}` },
  );
}

/** Fills `target` with the bytes from `offset` on. Throws as `read` of the source. */
export async function readInto(source: ByteSource, offset: number, target: Uint8Array): Promise<void> {
  if (source.readInto) await source.readInto(offset, target);
  else target.set(await source.read(offset, target.length));
}

/** A source of bytes in memory. */
export function memorySource(name: string, data: Uint8Array): ByteSource {
  // A plain view: Node's Buffer has methods of the same names that do other things (slice does not copy).
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const source: ByteSource = {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(source, offset, length);
      return bytes.subarray(offset, offset + length);
    },
  };
  return source;
}

/** A `Blob` or a `File` of the browser, read piece by piece. */
export function blobSource(blob: Blob, name = "name" in blob ? String(blob.name) : "blob"): ByteSource {
  const source: ByteSource = {
    name,
    size: blob.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer());
    },
  };
  return source;
}

/**
 * The same source with the last piece kept: small reads that are close together (directories, tags) then cost one read
 * of `window` bytes.
 */
export function withReadAhead(source: ByteSource, window = 65536): ByteSource {
  let start = 0;
  let kept = new Uint8Array(0) as Uint8Array;
  return {
    name: source.name,
    size: source.size,
    async read(offset, length) {
      checkRange(source, offset, length);
      if (length > window) return source.read(offset, length);
      if (offset < start || offset + length > start + kept.length) {
        const bytes = await source.read(offset, Math.min(window, source.size - offset));
        start = offset;
        kept = bytes;
        return bytes.subarray(0, length);
      }
      return kept.subarray(offset - start, offset - start + length);
    },
  };
}
