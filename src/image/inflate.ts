/**
 * The first `limit` bytes of zlib data (RFC 1950), through the platform's own decompressor. Further bytes (the last
 * strip of a page may be padded) are dropped, but read to the end, where the checksum is compared. Rejects for damaged
 * data, and for far more than `limit` bytes, so that a hostile stream gets neither memory nor time.
 */
export async function inflate(parts: readonly Uint8Array[], limit: number): Promise<Uint8Array> {
  const output = new Uint8Array(limit);
  let written = 0;
  let total = 0;
  const input = new Blob(parts.map((part) => new Uint8Array(part)));
  const reader = input.stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return output.subarray(0, written);
    const part = value.subarray(0, limit - written);
    output.set(part, written);
    written += part.length;
    total += value.length;
    if (total > 64 * limit + 65536) {
      await reader.cancel();
      throw new RangeError(`more than ${total} bytes where ${limit} were expected`);
    }
  }
}
