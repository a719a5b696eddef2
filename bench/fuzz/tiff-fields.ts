/** Where the numbers of a whole TIFF stand: written apart from the reader, so that both must agree. */

export interface TiffFields {
  /** Counts, types, values and offsets of the directories: offset in the file, and bytes. */
  fields: { at: number; size: number }[];
  /** Strips and tiles: first byte and the one behind the last. */
  data: [number, number][];
  littleEndian: boolean;
  /** ImageWidth and ImageLength of the first page. */
  width: number;
  height: number;
}

const sizes: Record<number, number> = {
  1: 1,
  2: 1,
  3: 2,
  4: 4,
  5: 8,
  6: 1,
  7: 1,
  8: 2,
  9: 4,
  10: 8,
  11: 4,
  12: 8,
  16: 8,
};

/** Undefined for bytes that are no whole TIFF. */
export function tiffFields(bytes: Uint8Array): TiffFields | undefined {
  try {
    return walk(bytes);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function walk(bytes: Uint8Array): TiffFields {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = view.getUint8(0) === 0x49;
  const big = view.getUint16(2, little) === 43;
  const word = big ? 8 : 4;
  const number = (at: number, size: number) =>
    size === 8
      ? Number(view.getBigUint64(at, little))
      : size === 4
        ? view.getUint32(at, little)
        : size === 2
          ? view.getUint16(at, little)
          : view.getUint8(at);
  const fields = [{ at: big ? 8 : 4, size: word }];
  const data: [number, number][] = [];
  const found: TiffFields = { fields, data, littleEndian: little, width: 0, height: 0 };
  const seen = new Set<number>();
  for (let at = number(big ? 8 : 4, word); at !== 0 && !seen.has(at) && seen.size < 64; ) {
    seen.add(at);
    const countSize = big ? 8 : 2;
    const count = number(at, countSize);
    if (count > 64) throw new RangeError("many entries");
    fields.push({ at, size: countSize });
    const lists: Record<number, number[]> = {};
    for (let i = 0; i < count; i++) {
      const p = at + countSize + i * (big ? 20 : 12);
      const id = number(p, 2);
      const size = sizes[number(p + 2, 2)] ?? 1;
      const values = number(p + 4, word);
      const valueAt = p + 4 + word;
      fields.push(
        { at: p, size: 2 },
        { at: p + 2, size: 2 },
        { at: p + 4, size: word },
        { at: valueAt, size: Math.min(size, word) },
      );
      const inline = size * values <= word;
      if (!inline) fields.push({ at: valueAt, size: word });
      const first = inline ? valueAt : number(valueAt, word);
      if (size <= 8 && values < 4096) {
        // The first of several entries with one tag counts.
        lists[id] ??= Array.from({ length: values }, (_, k) => number(first + k * size, size));
        if (!inline) for (let k = 0; k < Math.min(values, 4); k++) fields.push({ at: first + k * size, size });
      }
    }
    if (seen.size === 1) [found.width, found.height] = [lists[256]?.[0] ?? 0, lists[257]?.[0] ?? 0];
    const offsets = lists[273] ?? lists[324] ?? [];
    const lengths = lists[279] ?? lists[325] ?? [];
    for (const [i, offset] of offsets.entries()) if (lengths[i] > 0) data.push([offset, offset + lengths[i]]);
    const nextAt = at + countSize + count * (big ? 20 : 12);
    fields.push({ at: nextAt, size: word });
    at = number(nextAt, word);
  }
  return found;
}
