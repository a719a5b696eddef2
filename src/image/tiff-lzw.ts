/**
 * LZW of TIFF 6.0, section 13: codes of 9 to 12 bits, most significant bit first, widened one code early. libtiff
 * before version 3 wrote the least significant bit first and widened a code later, as GIF does: such data begin with
 * the byte 0 and an odd byte, a clear code in the other bit order. geotiff's decoder is not used because it follows
 * codes beyond its table without end.
 */
const clearCode = 256;
const endCode = 257;

/**
 * At most `limit` bytes; fewer if the codes end earlier. Throws RangeError for a code that cannot occur.
 */
export function decodeLzw(input: Uint8Array, limit: number): Uint8Array {
  const old = input[0] === 0 && (input[1] & 1) === 1;
  const early = old ? 0 : 1;
  const output = new Uint8Array(limit);
  // Every string of the table is in the output already. These arrays hold its start and its length.
  const starts = new Int32Array(4097);
  const lengths = new Int32Array(4097);
  let size = 258;
  let width = 9;
  let previous = -1;
  let previousLength = 0;
  let written = 0;
  let bits = 0;
  let held = 0;
  let at = 0;
  while (written < limit) {
    while (held < width) {
      if (at >= input.length) return output.subarray(0, written);
      bits = old ? bits | (input[at++] << held) : ((bits << 8) | input[at++]) & 0xffffff;
      held += 8;
    }
    held -= width;
    const code = (old ? bits : bits >>> held) & ((1 << width) - 1);
    if (old) bits >>>= width;
    if (code === endCode) break;
    if (code === clearCode) {
      size = 258;
      width = 9;
      previous = -1;
      continue;
    }
    const begin = written;
    if (code < 256) {
      output[written++] = code;
    } else {
      if (previous < 0 || code > size || (code === size && size > 4095)) throw new RangeError(`LZW code ${code}`);
      const known = code < size;
      const from = known ? starts[code] : previous;
      const length = known ? lengths[code] : previousLength + 1;
      // A new string is the previous one and its own first byte, which is the byte copied first: one loop does both.
      for (let i = 0; i < length && written < limit; i++) output[written++] = output[from + i];
    }
    if (previous >= 0 && size < 4096) {
      starts[size] = previous;
      lengths[size] = previousLength + 1;
      size++;
    }
    previous = begin;
    previousLength = written - begin;
    if (size + early >= 1 << width && width < 12) width++;
  }
  return output.subarray(0, written);
}
