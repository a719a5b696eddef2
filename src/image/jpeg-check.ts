/**
 * Checks the segments of a JPEG stream (ITU-T T.81, annex B) before it is decoded. geotiff's decoder allocates as much
 * as a frame header states, continues after a segment with a wrong length, and leaves blocks grey if restart markers
 * come early.
 */

/** The size of a strip or tile. */
export interface JpegPicture {
  width: number;
  /** Maximum number of rows: the last strip of a page may have fewer. */
  height: number;
}

/** The same limit as in libtiff. A progressive stream of tiny scans would otherwise take unlimited time. */
const maxScans = 100;

/**
 * Throws RangeError unless the stream is complete and holds one grey picture of 8 bits of this size. Without `picture`
 * the stream must hold tables only (the tag JPEGTables).
 */
export function checkJpeg(bytes: Uint8Array, picture: JpegPicture | undefined): void {
  const word = (at: number) => {
    if (at + 2 > bytes.length) throw new RangeError("the JPEG stream ends early");
    return bytes[at] * 256 + bytes[at + 1];
  };
  if (word(0) !== 0xffd8) throw new RangeError("no JPEG stream");
  let at = 2;
  let blocks = 0;
  let scans = 0;
  let interval = 0;
  for (;;) {
    while (bytes[at] === 0xff && bytes[at + 1] === 0xff) at++;
    const marker = word(at);
    at += 2;
    if (marker === 0xffd9) break;
    const length = word(at);
    const body = bytes.subarray(at + 2, at + length);
    if (length < 2 || at + length > bytes.length) throw new RangeError("a JPEG segment ends early");
    at += length;
    if (marker === 0xffdb) checkTables(body, (kind) => (kind >> 4 === 0 ? 64 : kind >> 4 === 1 ? 128 : Number.NaN));
    else if (marker === 0xffc4) checkTables(body, (_, from) => 16 + sum(body.subarray(from, from + 16)));
    else if (marker === 0xffdd && length === 4) interval = body[0] * 256 + body[1];
    else if (marker >= 0xffc0 && marker <= 0xffc2 && picture && blocks === 0) blocks = blocksOf(body, picture);
    else if (marker === 0xffda && blocks > 0 && ++scans <= maxScans) {
      const { end, restarts } = endOfScan(bytes, at);
      if (interval > 0 && restarts !== Math.ceil(blocks / interval) - 1) {
        throw new RangeError(`a JPEG scan has ${restarts} restart markers`);
      }
      at = end;
    } else if (!((marker >= 0xffe0 && marker <= 0xffef) || marker === 0xfffe)) {
      throw new RangeError(`unexpected JPEG marker ${marker.toString(16)}`);
    }
  }
  if (picture && scans === 0) throw new RangeError("the JPEG stream holds no picture");
}

/** Tables, each after a byte with its kind, must fill their segment. */
function checkTables(body: Uint8Array, sizeOf: (kind: number, from: number) => number): void {
  let at = 0;
  while (at < body.length) at += 1 + sizeOf(body[at], at + 1);
  if (at !== body.length) throw new RangeError("the tables of a JPEG segment do not fill it");
}

/** Blocks of 8 x 8 pixels of the frame that this header describes. */
function blocksOf(body: Uint8Array, { width, height }: JpegPicture): number {
  const [bits, rowsHigh, rowsLow, columnsHigh, columnsLow, components, , sampling] = body;
  const rows = rowsHigh * 256 + rowsLow;
  const grey = bits === 8 && components === 1 && body.length === 9;
  const sampled = sampling >> 4 >= 1 && sampling >> 4 <= 4 && (sampling & 15) >= 1 && (sampling & 15) <= 4;
  if (!grey || !sampled || columnsHigh * 256 + columnsLow !== width || rows < 1 || rows > height) {
    throw new RangeError("the JPEG picture does not fit its strip or tile");
  }
  return Math.ceil(width / 8) * Math.ceil(rows / 8);
}

/** Coded data end at a marker that is not a restart marker. A byte 255 in the data is followed by 0. */
function endOfScan(bytes: Uint8Array, from: number): { end: number; restarts: number } {
  let restarts = 0;
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0xff) continue;
    const next = bytes[at + 1];
    if (next >= 0xd0 && next <= 0xd7) restarts++;
    else if (next !== 0 && next !== 0xff) return { end: at, restarts };
  }
  throw new RangeError("the JPEG picture ends early");
}

function sum(values: Uint8Array): number {
  return values.reduce((total, value) => total + value, 0);
}
