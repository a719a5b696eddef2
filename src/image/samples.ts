/** Samples as they lie in files (any byte order, integers, floats, packed bits) made into numbers. */

export type SampleArray =
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
 * Numbers of a block of rows. `bytes` is `rows` times the bytes of a row, which starts on a whole byte.
 * Predictors: 1 none, 2 horizontal differences (TIFF 6.0, section 14), 3 floating point (Adobe's TIFF technical note 3).
 * @throws RangeError for a predictor that does not go with the samples
 */
export function decodeSamples(
  bytes: Uint8Array,
  layout: SampleLayout,
  width: number,
  rows: number,
  littleEndian: boolean,
): Float32Array<ArrayBuffer> {
  const { bits, format, predictor } = layout;
  const out = new Float32Array(width * rows);
  if (![8, 16, 32, 64].includes(bits)) {
    if (predictor !== 1) throw new RangeError(`predictor ${predictor} with ${bits} bits`);
    unpackBits(bytes, bits, width, rows, out);
    return out;
  }
  const size = bits / 8;
  // A copy of its own: aligned for typed arrays, and free to be changed.
  const copy = new Uint8Array(bytes.subarray(0, width * rows * size));
  if (predictor === 3) {
    if (format !== "float") throw new RangeError("predictor 3 with integers");
    undoFloatPredictor(copy, width, rows, size);
  } else if (size > 1 && littleEndian !== hostIsLittle) {
    swapBytes(copy, size);
  }
  if (predictor === 2) undoDifferences(unsignedView(copy.buffer, bits), width, rows);
  else if (predictor !== 1 && predictor !== 3) throw new RangeError(`predictor ${predictor}`);
  if (format === "float" && bits === 16) fromHalf(new Uint16Array(copy.buffer), out);
  else fill(out, typedView(copy.buffer, layout));
  return out;
}

function fill(out: Float32Array, values: SampleArray): void {
  if (values instanceof BigUint64Array || values instanceof BigInt64Array) {
    for (let i = 0; i < out.length; i++) out[i] = Number(values[i]);
  } else {
    out.set(values);
  }
}

function typedView(buffer: ArrayBuffer, { format, bits }: SampleLayout): SampleArray {
  if (format === "float") return bits === 32 ? new Float32Array(buffer) : new Float64Array(buffer);
  if (format === "uint") return unsignedView(buffer, bits);
  if (bits === 8) return new Int8Array(buffer);
  if (bits === 16) return new Int16Array(buffer);
  return bits === 32 ? new Int32Array(buffer) : new BigInt64Array(buffer);
}

function unsignedView(buffer: ArrayBuffer, bits: number): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  if (bits === 8) return new Uint8Array(buffer);
  if (bits === 16) return new Uint16Array(buffer);
  return bits === 32 ? new Uint32Array(buffer) : new BigUint64Array(buffer);
}

function swapBytes(bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) {
    for (let low = at, high = at + size - 1; low < high; low++, high--) {
      const byte = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = byte;
    }
  }
}

function undoDifferences(values: Uint8Array | Uint16Array | Uint32Array | BigUint64Array, width: number, rows: number) {
  for (let y = 0; y < rows; y++) {
    const start = y * width;
    if (values instanceof BigUint64Array) {
      for (let x = 1; x < width; x++) values[start + x] += values[start + x - 1];
    } else {
      for (let x = 1; x < width; x++) values[start + x] += values[start + x - 1];
    }
  }
}

/** Bytes of a row lie sorted from the highest to the lowest and as differences, whatever the byte order of the file. */
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
    const exponent = (halves[i] >> 10) & 31;
    const fraction = halves[i] & 1023;
    const sign = halves[i] & 0x8000 ? -1 : 1;
    if (exponent === 31) out[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
}
