/** Decompression of zlib data on the threads of Node. */
import { promisify } from "node:util";
import { inflate as inflateAside, inflateSync, type ZlibOptions } from "node:zlib";
import { inflate } from "./inflate.ts";

const onThread = promisify<Uint8Array, ZlibOptions, Buffer>(inflateAside);

/** Handing over less than this takes longer than decompressing it here, bytes. */
const leastForThread = 2 ** 14;

/** As {@link inflate}, to which data that hold more than is asked for are left. Several calls at once share the threads. */
export async function inflateOnThreads(parts: readonly Uint8Array[], limit: number): Promise<Uint8Array> {
  const input = parts.length === 1 ? parts[0] : Buffer.concat(parts);
  // Room for one byte more, so that the end of the data is seen in the first step.
  const options = { chunkSize: Math.max(limit + 1, 64), maxOutputLength: Math.max(limit, 1) };
  try {
    const bytes = limit < leastForThread ? inflateSync(input, options) : await onThread(input, options);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") return inflate(parts, limit);
    throw error;
  }
}
