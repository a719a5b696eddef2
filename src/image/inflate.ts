/**
 * zlib data (RFC 1950) through the platform's own decompressor, which checks the checksum. Stops after `limit` bytes, so
 * that a damaged or hostile stream asks for no more memory than the image needs. Rejects for damaged data.
 */
export async function inflate(parts: readonly Uint8Array[], limit: number): Promise<Uint8Array<ArrayBuffer>> {
  const output = new Uint8Array(limit);
  let written = 0;
  const input = new Blob(parts.map((part) => new Uint8Array(part)));
  const reader = input.stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const part = value.subarray(0, limit - written);
    output.set(part, written);
    written += part.length;
    if (part.length < value.length) {
      await reader.cancel();
      break;
    }
  }
  return output.subarray(0, written);
}
