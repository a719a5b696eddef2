/** Converts samples as they are stored in files (any byte order, integers, floats, packed bits) to numbers. */

type SampleArray =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

/** How a sample is stored. Unsigned integers may have any number of bits up to 16, packed from the high end. */
export interface SampleLayout {
  bits: number;
  format: "uint" | "int" | "float";
  predictor: number;
}

/** Whether typed arrays of this machine have the low byte first. */
export const hostIsLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/**
 * Numbers of a block of rows. `bytes` is `rows` times the bytes of a row, which starts on a whole byte. Predictors: 1
 * none, 2 horizontal differences (TIFF 6.0, section 14), 3 floating point (Adobe's TIFF technical note 3).
 * @param out where to put them, `rows` times `width`; allocated if it is left out
 * @throws RangeError for a predictor that does not fit the samples
 */
export function decodeSamples(
  bytes: Uint8Array,
  layout: SampleLayout,
  width: number,
  rows: number,
  littleEndian: boolean,
  out: Float32Array<ArrayBuffer> = new Float32Array(width * rows),
): Float32Array<ArrayBuffer> {
  const { bits, predictor } = layout;
  const inside = roomForSamples(out, layout);
  if (inside) {
    inside.set(bytes.subarray(0, inside.length));
    decodeInPlace(out, layout, width, rows, littleEndian);
  } else if (bits === 64) {
    // A copy that is aligned for typed arrays and may be changed.
    const copy = new Uint8Array(bytes.subarray(0, width * rows * 8));
    toNumbers(copy, out, layout, width, rows, littleEndian);
  } else {
    if (predictor !== 1) throw new RangeError(`predictor ${predictor} with ${bits} bits`);
    unpackBits(bytes, bits, width, rows, out);
  }
  return out;
}

/**
 * The last bytes of `out`, as many as its samples take in a file. Samples that are read into them are converted by
 * {@link decodeInPlace} without further memory. Undefined for samples that are longer than a float32 or share bytes.
 */
export function roomForSamples(
  out: Float32Array<ArrayBuffer>,
  { bits }: SampleLayout,
): Uint8Array<ArrayBuffer> | undefined {
  if (bits !== 8 && bits !== 16 && bits !== 32) return undefined;
  const length = (out.length * bits) / 8;
  return new Uint8Array(out.buffer, out.byteOffset + out.byteLength - length, length);
}

/** Converts the samples in {@link roomForSamples} of `out` to numbers. @throws as {@link decodeSamples} */
export function decodeInPlace(
  out: Float32Array<ArrayBuffer>,
  layout: SampleLayout,
  width: number,
  rows: number,
  littleEndian: boolean,
): void {
  const inside = roomForSamples(out, layout);
  if (!inside) throw new RangeError(`samples of ${layout.bits} bits in place`);
  toNumbers(inside, out, layout, width, rows, littleEndian);
}

/** @param bytes aligned for the samples, and changed; the end of `out` itself, or elsewhere */
function toNumbers(
  bytes: Uint8Array<ArrayBuffer>,
  out: Float32Array,
  layout: SampleLayout,
  width: number,
  rows: number,
  littleEndian: boolean,
): void {
  const { bits, format, predictor } = layout;
  const size = bits / 8;
  if (predictor === 3) {
    if (format !== "float") throw new RangeError("predictor 3 with integers");
    undoFloatPredictor(bytes, width, rows, size);
  } else if (size > 1 && littleEndian !== hostIsLittle) {
    swapBytes(bytes, size);
  }
  if (predictor === 2) undoDifferences(unsignedView(bytes, bits), width, rows);
  else if (predictor !== 1 && predictor !== 3) throw new RangeError(`predictor ${predictor}`);
  const values = typedView(bytes, layout);
  if (format === "float" && bits === 16) fromHalf(values as Uint16Array, out);
  else if (values instanceof BigUint64Array || values instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Number(values[i]);
  } else if (!(values instanceof Float32Array && values.buffer === out.buffer)) {
    // The platform's own loop is ten times as fast as one in JavaScript. It copies values that share memory first.
    out.set(values);
  }
}

function typedView(bytes: Uint8Array<ArrayBuffer>, { format, bits }: SampleLayout): SampleArray {
  const { buffer, byteOffset } = bytes;
  const length = (8 * bytes.length) / bits;
  if (format === "float" && bits !== 16) {
    return bits === 32 ? new Float32Array(buffer, byteOffset, length) : new Float64Array(buffer, byteOffset, length);
  }
  if (format !== "int") return unsignedView(bytes, bits);
  if (bits === 8) return new Int8Array(buffer, byteOffset, length);
  if (bits === 16) return new Int16Array(buffer, byteOffset, length);
  return bits === 32 ? new Int32Array(buffer, byteOffset, length) : new BigInt64Array(buffer, byteOffset, length);
}

function unsignedView(
  bytes: Uint8Array<ArrayBuffer>,
  bits: number,
): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  const { buffer, byteOffset } = bytes;
  const length = (8 * bytes.length) / bits;
  if (bits === 8) return bytes;
  if (bits === 16) return new Uint16Array(buffer, byteOffset, length);
  return bits === 32 ? new Uint32Array(buffer, byteOffset, length) : new BigUint64Array(buffer, byteOffset, length);
}

function swapBytes(bytes: Uint8Array<ArrayBuffer>, size: number): void {
  const { buffer, byteOffset, length } = bytes;
  const low = 0x00ff00ff;
  if (size === 2) {
    // Two samples at once, but for a last one and a first one that does not begin at a word.
    const words = new Uint32Array(buffer, Math.ceil(byteOffset / 4) * 4, (length - (byteOffset % 4)) >> 2);
    for (let i = 0; i < words.length; i++) words[i] = ((words[i] & low) << 8) | ((words[i] >>> 8) & low);
    if (byteOffset % 4 === 2) swapAt(bytes, 0, 2);
    if ((byteOffset + length) % 4 === 2) swapAt(bytes, length - 2, 2);
  } else if (size === 4) {
    const words = new Uint32Array(buffer, byteOffset, length / 4);
    for (let i = 0; i < words.length; i++) {
      const halves = ((words[i] & low) << 8) | ((words[i] >>> 8) & low);
      words[i] = (halves << 16) | (halves >>> 16);
    }
  } else {
    for (let at = 0; at < length; at += size) swapAt(bytes, at, size);
  }
}

function swapAt(bytes: Uint8Array, at: number, size: number): void {
  for (let low = at, high = at + size - 1; low < high; low++, high--) {
    const byte = bytes[low];
    bytes[low] = bytes[high];
    bytes[high] = byte;
  }
}

function undoDifferences(values: Uint8Array | Uint16Array | Uint32Array | BigUint64Array, width: number, rows: number) {
  if (values instanceof BigUint64Array) {
    for (let y = 0; y < rows; y++) for (let i = y * width + 1; i < (y + 1) * width; i++) values[i] += values[i - 1];
    return;
  }
  for (let y = 0; y < rows; y++) {
    // Storing keeps only the low bits, so the sum may overflow.
    let sum = 0;
    for (let i = y * width; i < (y + 1) * width; i++) {
      sum = (sum + values[i]) | 0;
      values[i] = sum;
    }
  }
}

/** The bytes of a row are stored from the highest to the lowest and as differences, for any byte order of the file. */
function undoFloatPredictor(bytes: Uint8Array, width: number, rows: number, size: number): void {
  const sorted = new Uint8Array(width * size);
  for (let y = 0; y < rows; y++) {
    const row = bytes.subarray(y * width * size, (y + 1) * width * size);
    sorted.set(row);
    for (let i = 1; i < sorted.length; i++) sorted[i] += sorted[i - 1];
    for (let x = 0; x < width; x++) {
      for (let b = 0; b < size; b++) {
        row[x * size + b] = sorted[(hostIsLittle ? size - 1 - b : b) * width + x];
      }
    }
  }
}

function unpackBits(bytes: Uint8Array, bits: number, width: number, rows: number, out: Float32Array): void {
  const rowLength = Math.ceil((width * bits) / 8);
  for (let y = 0; y < rows; y++) {
    let at = y * rowLength;
    let held = 0;
    let value = 0;
    for (let x = 0; x < width; x++) {
      while (held < bits) {
        value = ((value << 8) | bytes[at++]) & 0xffffff;
        held += 8;
      }
      held -= bits;
      out[y * width + x] = (value >>> held) & ((1 << bits) - 1);
    }
  }
}

/** IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
function fromHalf(halves: Uint16Array, out: Float32Array): void {
  for (let i = 0; i < halves.length; i++) {
    // Values are read before anything is written, because the halves may be at the end of `out`.
    const half = halves[i];
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const sign = half & 0x8000 ? -1 : 1;
    if (exponent === 31) out[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
}
