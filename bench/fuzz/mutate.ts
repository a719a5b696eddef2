/** Damage, blind and aimed. */
import type { Random } from "../../src/array/random.ts";
import { crc32 } from "../../src/image/crc32.ts";
import type { Seed } from "./seeds.ts";
import { tiffFields } from "./tiff-fields.ts";

export interface Damaged {
  bytes: Uint8Array;
  /** What was done. */
  how: string;
  /** Where it reads at all, these pixels must be those of the seed: nothing but checked data was touched, or the end is missing. */
  samePixels: boolean;
}

const textKinds = new Set(["xml", "model", "recipe", "config"]);

/** A damaged copy of a seed. The same random state gives the same damage. */
export function mutate(seed: Seed, others: readonly Seed[], random: Random): Damaged {
  const pick = random.uniform();
  if (textKinds.has(seed.kind)) return pick < 0.75 ? text(seed, random) : blind(seed, others, random);
  if (seed.kind === "tiff" && pick < 0.5) return tiff(seed, random);
  if (seed.kind === "png" && pick < 0.4) return png(seed, random);
  if (seed.kind === "checkpoint" && pick < 0.5) return checkpoint(seed, random);
  return blind(seed, others, random);
}

/** Bits, bytes, cuts, holes, repetitions, and parts of other files. */
function blind({ bytes, checksum, kind }: Seed, others: readonly Seed[], random: Random): Damaged {
  const { length } = bytes;
  const at = random.integer(length);
  const some = 1 + random.integer(Math.min(64, length - at));
  const copy = bytes.slice();
  const image = kind === "tiff" || kind === "png";
  switch (random.integer(8)) {
    case 0:
      for (let i = 0; i <= random.integer(8); i++) copy[random.integer(length)] ^= 1 << random.integer(8);
      return { bytes: copy, how: "bits flipped", samePixels: kind === "png" };
    case 1:
      for (let i = 0; i < some; i++) copy[at + i] = random.integer(256);
      return { bytes: copy, how: "bytes replaced", samePixels: kind === "png" };
    case 2:
      return { bytes: bytes.slice(0, at), how: "cut off", samePixels: image };
    case 3:
      return {
        bytes: joined(bytes.subarray(0, at), bytes.subarray(at + some)),
        how: "bytes left out",
        samePixels: false,
      };
    case 4:
      return {
        bytes: joined(bytes.subarray(0, at), bytes.subarray(at, at + some), bytes.subarray(at)),
        how: "bytes repeated",
        samePixels: false,
      };
    case 5: {
      const other = others[random.integer(others.length)].bytes;
      const from = random.integer(other.length);
      const tail = random.uniform() < 0.5;
      const rest = tail ? other.subarray(from) : other.subarray(from, from + some);
      if (!tail) copy.set(rest.subarray(0, length - at), at);
      return {
        bytes: tail ? joined(bytes.subarray(0, at), rest) : copy,
        how: "part of another file",
        samePixels: false,
      };
    }
    case 6:
      copy.fill(random.uniform() < 0.5 ? 0 : 255, at, at + 8 * some);
      return { bytes: copy, how: "bytes cleared", samePixels: kind === "png" };
    default: {
      // In the compressed pixels and nowhere else.
      const areas = kind === "tiff" ? (tiffFields(bytes)?.data ?? []) : [];
      if (areas.length === 0) copy[at] ^= 1 << random.integer(8);
      for (let i = 0; areas.length > 0 && i <= random.integer(4); i++) {
        const [from, to] = areas[random.integer(areas.length)];
        copy[from + random.integer(to - from)] ^= 1 << random.integer(8);
      }
      return { bytes: copy, how: "pixel data changed", samePixels: checksum };
    }
  }
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Numbers that break things: none, one, one too many, powers of two and their neighbours, and places in the file. */
function badNumber(random: Random, old: number, length: number): number {
  const choices = [
    0,
    1,
    2,
    old - 1,
    old + 1,
    2 * old,
    255,
    256,
    65535,
    65536,
    2 ** 31 - 1,
    2 ** 31,
    2 ** 32 - 1,
    length,
    length - 1,
  ];
  const pick = random.integer(choices.length + 2);
  if (pick < choices.length) return Math.max(0, choices[pick]);
  return pick === choices.length ? random.integer(length) : random.integer(2 ** 32);
}

function tiff(seed: Seed, random: Random): Damaged {
  const known = tiffFields(seed.bytes);
  const copy = seed.bytes.slice();
  if (!known) return { bytes: copy.slice(0, random.integer(copy.length)), how: "cut off", samePixels: true };
  const view = new DataView(copy.buffer);
  const little = known.littleEndian;
  const changes = 1 + (random.uniform() < 0.3 ? random.integer(4) : 0);
  for (let i = 0; i < changes; i++) {
    const { at, size } = known.fields[random.integer(known.fields.length)];
    if (at + size > copy.length) continue;
    if (size === 1) view.setUint8(at, badNumber(random, view.getUint8(at), copy.length) & 255);
    else if (size === 2) view.setUint16(at, badNumber(random, view.getUint16(at, little), copy.length) & 65535, little);
    else if (size === 4) view.setUint32(at, badNumber(random, view.getUint32(at, little), copy.length), little);
    else
      view.setBigUint64(
        at,
        BigInt(badNumber(random, Number(view.getBigUint64(at, little)), copy.length)) <<
          (random.uniform() < 0.1 ? 32n : 0n),
        little,
      );
  }
  return { bytes: copy, how: "TIFF fields changed", samePixels: false };
}

/** A chunk of a PNG changed, left out, repeated or added, with a right checksum. */
function png({ bytes }: Seed, random: Random): Damaged {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const chunks: Uint8Array[] = [];
  for (let at = 8; at + 12 <= bytes.length; at += 12 + view.getUint32(at)) {
    chunks.push(bytes.slice(at + 4, at + 8 + view.getUint32(at)));
  }
  const i = random.integer(chunks.length);
  const chunk = chunks[i].slice();
  switch (random.integer(5)) {
    case 0:
      if (chunk.length > 4) chunk[4 + random.integer(chunk.length - 4)] = random.integer(256);
      chunks[i] = chunk;
      break;
    case 1: {
      const header = chunks[0].slice();
      const field = random.integer(2);
      new DataView(header.buffer).setUint32(4 + 4 * field, badNumber(random, 40, bytes.length));
      if (random.uniform() < 0.5) header[12 + random.integer(5)] = random.integer(17);
      chunks[0] = header;
      break;
    }
    case 2:
      chunks.splice(i, 1);
      break;
    case 3:
      chunks.splice(i, 0, ...Array.from({ length: 1 + random.integer(200) }, () => chunk));
      break;
    default:
      chunks.splice(
        1,
        0,
        joined(
          Buffer.from(["zTXt", "iTXt", "PLTE", "tRNS", "acTL"][random.integer(5)], "latin1"),
          bytes.subarray(0, random.integer(bytes.length)),
        ),
      );
  }
  const parts = chunks.flatMap((body) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(body.length - 4);
    const check = Buffer.alloc(4);
    check.writeUInt32BE(crc32([body]));
    return [length, body, check];
  });
  return { bytes: joined(bytes.subarray(0, 8), ...parts), how: "PNG chunks changed", samePixels: false };
}

/** The header of a safetensors file changed as text, its length made right again. */
function checkpoint(seed: Seed, random: Random): Damaged {
  const view = new DataView(seed.bytes.buffer);
  const length = Number(view.getBigUint64(0, true));
  const header = { ...seed, bytes: seed.bytes.slice(8, 8 + length) };
  const { bytes, how } = text(header, random);
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(
    0,
    random.uniform() < 0.8 ? BigInt(bytes.length) : BigInt(badNumber(random, length, seed.bytes.length)),
    true,
  );
  return { bytes: joined(size, bytes, seed.bytes.subarray(8 + length)), how: `header: ${how}`, samePixels: false };
}

const badWords = [
  "0",
  "-1",
  "1e9",
  "1e308",
  "NaN",
  "Infinity",
  "-0",
  "2147483648",
  "4294967296",
  "99999999999999999999",
  "null",
  "true",
  '""',
  "[]",
  "{}",
  "~",
  "0x7fffffff",
  "__proto__",
  "constructor",
  "toString",
  "é",
  "\u0000",
  "*a",
  "&a",
  "!!binary x",
];

/** Numbers, lines, words and nesting of a text. */
function text(seed: Seed, random: Random): Damaged {
  let value = new TextDecoder().decode(seed.bytes);
  let how = "";
  for (let i = 0; i <= random.integer(3); i++) {
    const word = badWords[random.integer(badWords.length)];
    const lines = value.split(/(?<=[\n>,])/);
    const line = random.integer(lines.length);
    const pick = random.integer(8);
    how = ["number", "word", "line repeated", "line left out", "nesting", "line moved", "many lines", "key"][pick];
    if (pick === 0) value = replaceOne(value, /-?\d+(?:\.\d+)?/g, word, random);
    else if (pick === 1) value = replaceOne(value, /[A-Za-z_][\w.:]*/g, word, random);
    else if (pick === 2) value = lines.toSpliced(line, 0, lines[line]).join("");
    else if (pick === 3) value = lines.toSpliced(line, 1).join("");
    else if (pick === 4)
      value = lines.toSpliced(line, 0, nested(seed.kind, 10 ** (1 + random.integer(4)), random)).join("");
    else if (pick === 5) value = lines.toSpliced(line, 0, lines[random.integer(lines.length)]).join("");
    else if (pick === 6) value = lines.toSpliced(line, 0, lines[line].repeat(10 ** (1 + random.integer(3)))).join("");
    else value = replaceOne(value, /[\w"]+(?=:|=)/g, word, random);
  }
  return { bytes: new TextEncoder().encode(value), how: `text: ${how}`, samePixels: false };
}

function nested(kind: Seed["kind"], depth: number, random: Random): string {
  const closed = random.uniform() < 0.7;
  if (kind === "xml") {
    const choices: [string, string][] = [
      ["<a>", "</a>"],
      ["<!--", "-->"],
      ["&amp;", ""],
      ['<TiffData IFD="0"/>', ""],
      ["<![CDATA[", "]]>"],
      [" ", ""],
    ];
    const [open, close] = choices[random.integer(choices.length)];
    return open.repeat(depth) + (closed ? close.repeat(depth) : "");
  }
  const choices: [string, string][] = [
    ["[", "]"],
    ["{a: ", "}"],
    ["- ", ""],
    ["? ", ""],
    [" ", ""],
    ["#", ""],
    ['"', ""],
  ];
  const [open, close] = choices[random.integer(choices.length)];
  return `x: ${open.repeat(depth)}${closed ? close.repeat(depth) : ""}\n`;
}

function replaceOne(value: string, pattern: RegExp, word: string, random: Random): string {
  const places = [...value.matchAll(pattern)];
  if (places.length === 0) return value;
  const { index, 0: old } = places[random.integer(places.length)];
  return value.slice(0, index) + word + value.slice(index + old.length);
}
