/** Decompression of zlib data on the threads of Node. */
import { promisify } from "node:util";
import { inflate as inflateAside, inflateSync, type ZlibOptions } from "node:zlib";
import { inflate } from "./inflate.ts";

const onThread = promisify<Uint8Array, ZlibOptions, Buffer>(inflateAside);

/** Bytes below which decompressing on this thread is faster than handing the data over. */
const minBytesForThread = 2 ** 14;

/** Like {@link inflate}, which gets data that hold more than requested. Simultaneous calls share the threads. */
export async function inflateOnThreads(parts: readonly Uint8Array[], limit: number): Promise<Uint8Array> {
  const input = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  // There is room for one more byte, so that the end of the data is found in the first step.
  const options = { chunkSize: Math.max(limit + 1, 64), maxOutputLength: Math.max(limit, 1) };
  try {
    const bytes = limit < minBytesForThread ? inflateSync(input, options) : await onThread(input, options);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return inflate(parts, limit);
    throw error;
  }
}
