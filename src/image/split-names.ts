/** Splits file names into the text that they share, the numbers that vary, and at most one word that varies. */
import { guessedOrder } from "./folder-errors.ts";
import { isConstant, type NameField } from "./name-field.ts";
import { axisAfter, isChannelName, lastWord, unitBefore } from "./name-words.ts";
import { type NumberPlace, readPlace, type WrittenNumber } from "./number-notation.ts";

/** A word, a number or a separator. */
interface Atom {
  text: string;
  number?: WrittenNumber;
}

/** A name without its ending: "a.ome.tif" is "a". */
export function stemOf(name: string): string {
  return name.replace(/(?:\.ome)?\.[a-z]\w{0,4}$/i, "");
}

/**
 * What varies among names, in its order in them. Work grows with the length of all names together.
 * @param names two or more, with their endings
 * @param path of the folder, for messages
 * @throws usage if the signs of numbers cannot be decided
 */
export function splitNames(names: readonly string[], path: string): NameField[] {
  const stems = names.map(stemOf);
  const lexed = stems.map(atomsOf);
  const shortest = lexed.reduce((least, atoms) => Math.min(least, atoms.length), Number.POSITIVE_INFINITY);
  const first = lexed[0];
  let start = 0;
  while (start < shortest && lexed.every((atoms) => keyOf(atoms[start]) === keyOf(first[start]))) start++;
  let end = 0;
  const last = (atoms: Atom[], i: number) => keyOf(atoms[atoms.length - 1 - i]);
  while (end < shortest - start && lexed.every((atoms) => last(atoms, end) === last(first, end))) end++;
  const middles = lexed.map((atoms) => atoms.slice(start, atoms.length - end));
  const heads = lexed.map((atoms) => atoms.slice(0, start));
  const tails = lexed.map((atoms) => atoms.slice(atoms.length - end));
  const whole = middles.every((middle) => middle.length === 0);
  const head = placesOf(heads, "");
  if (whole) return varying(head.places.concat(placesOf(tails, head.rest).places), path);
  const signs = signsOf(middles, tails, head.rest);
  if (signs) return varying(head.places.concat(placesOf(signs.tails, signs.before, true).places), path);
  const tail = placesOf(tails, "\u2026");
  const word = wordField(middles, heads, path);
  return [...varying(head.places, path), word, ...varying(tail.places, path)];
}

const pattern =
  /(?<sign>(?<!\d)[-+\u2212])?(?<whole>\d+)(?:(?<mark>[.,pP])(?<part>\d+))?|(?<word>\p{L}\p{M}*)+|[^\p{L}\d]/gu;

function atomsOf(stem: string): Atom[] {
  return Array.from(stem.matchAll(pattern), ({ 0: text, groups }) => {
    if (groups?.whole === undefined) return { text };
    const sign = groups.sign === undefined ? "" : groups.sign === "+" ? "+" : "-";
    return { text, number: { sign, whole: groups.whole, mark: groups.mark ?? "", part: groups.part ?? "" } };
  });
}

/** Atoms with the same key are in the same place. All numbers have the same key. */
function keyOf({ text, number }: Atom): string {
  return number ? "#" : text.toLowerCase();
}

/**
 * The numbers of atoms that all names share.
 * @param before text before the first atom
 * @param signed whether the sign of the first number is known already
 */
function placesOf(lexed: readonly Atom[][], before: string, signed = false): { places: NumberPlace[]; rest: string } {
  const places: NumberPlace[] = [];
  let text = before;
  for (const [i, atom] of lexed[0].entries()) {
    if (!atom.number) {
      text += atom.text;
      continue;
    }
    const previous = places.at(-1);
    if (previous) previous.after = text;
    const numbers = lexed.map((atoms) => atoms[i].number as WrittenNumber);
    places.push({ before: text, after: "", numbers, ...(signed && places.length === 0 && { signed }) });
    text = "";
  }
  const lastPlace = places.at(-1);
  if (lastPlace) lastPlace.after = text;
  return { places, rest: text };
}

function varying(places: readonly NumberPlace[], path: string): NameField[] {
  return places.flatMap((place) => readPlace(place, path)).filter((field) => !isConstant(field));
}

/** Signs that are written before a number as words or letters: M0p1 ... P0p7, zminus2 ... zplus2, and z--4 ... z-4. */
function signsOf(
  middles: readonly Atom[][],
  tails: readonly Atom[][],
  rest: string,
): { tails: Atom[][]; before: string } | undefined {
  if (middles.some((middle) => middle.length > 1) || tails[0].length === 0 || !tails[0][0].number) return undefined;
  const words = middles.map((middle) => middle[0]?.text ?? "");
  const withSign = (signs: readonly WrittenNumber["sign"][], before: string) => ({
    before,
    tails: tails.map(([atom, ...more], i) => [
      { ...atom, number: { ...(atom.number as WrittenNumber), sign: signs[i] } },
      ...more,
    ]),
  });
  if (words.every((word) => word === "-" || word === "")) {
    // All numbers have a hyphen, and some also a minus. If there is only one of them, it is the hyphen.
    const own = tails.map(([atom]) => atom.number?.sign ?? "");
    if (!own.every((sign, i) => words[i] === "-" || sign === "-")) return undefined;
    return withSign(
      own.map((sign, i) => (words[i] === "-" ? sign : "")),
      `${rest}-`,
    );
  }
  const found = words.map((word) => /^(\p{L}*?)(minus|plus|neg|pos|[MmPp])?$/u.exec(word));
  const bases = found.map((match) => (match?.[1] ?? "?").toLowerCase());
  const letters = found.map((match) => match?.[2] ?? "");
  if (bases.some((base) => base !== bases[0])) return undefined;
  const negative = letters.some((sign) => /^(?:m|minus|neg)$/i.test(sign));
  const positive = letters.some((sign) => /^(?:p|plus|pos)$/i.test(sign));
  const before = rest + (found[0]?.[1] ?? "");
  const height = axisAfter(before) === "Z";
  const numbers = tails.map(([atom]) => atom.number as WrittenNumber);
  const decimal = numbers.some(({ mark }) => mark !== "") || unitBefore(tails[0][1]?.text ?? "") !== undefined;
  const spelled = letters.some((sign) => sign.length > 1);
  // M1 M2 P1 P2 may be four planes of two specimens M and P.
  if (!negative || !(height || (positive && (decimal || spelled)))) return undefined;
  return withSign(
    letters.map((sign) => (/^(?:m|minus|neg)$/i.test(sign) ? "-" : sign === "" ? "" : "+")),
    before,
  );
}

function wordField(middles: readonly Atom[][], heads: readonly Atom[][], path: string): NameField {
  const values = middles.map((middle) =>
    middle
      .map(({ text }) => text)
      .join("")
      .replace(/^[\s_\-.]+|[\s_\-.]+$/g, ""),
  );
  const distinct = [...new Set(values)];
  const head = heads[0];
  // "channel_DAPI", and "w1DAPI" of MetaMorph.
  const before = head.map(({ text }) => text).join("");
  const called = axisAfter(before.replace(/\d+$/, "")) === "C" && lastWord(before.replace(/\d+$/, "")) !== "";
  const named = distinct.every((word) => word !== "") && (called || distinct.some(isChannelName));
  const shown = distinct.slice(0, 8).map((word) => `"${word}"`);
  if (distinct.length < 2) throw guessedOrder(path, "the names differ only in separators");
  return {
    axis: named ? "C" : "?",
    label: `the words ${shown.join(", ")}${distinct.length > 8 ? ", ..." : ""}`,
    values,
  };
}
