/** How wide text is, and where it is broken into lines: in DejaVu Sans, which PNGs are set in, and which is wider than most fonts of browsers. */
// cspell:ignore Ehnuσbdgpq vxyλ AVΔXZB
import { withMicroSign } from "./micro-sign.ts";

/** Advance widths of DejaVu Sans in 2048ths of the font size, as FreeType reads them from the font file; up to 1 % more where letters share a row. */
const unitsPerEm = 2048;
const advances = new Map(
  Object.entries({
    563: "'",
    569: "ijl",
    604: "IJ",
    651: " ,.·’",
    690: "/:;\\|",
    721: "f",
    739: "-",
    799: "()[]",
    803: "t",
    821: "!²³",
    842: "r",
    942: '"',
    1024: "*_`°–",
    1061: "“”",
    1067: "s",
    1075: "z",
    1081: "⁻",
    1087: "?",
    1126: "c",
    1141: "L",
    1178: "F",
    1186: "k",
    1212: "vxyλ",
    1235: "Pπ",
    1255: "aoθTY",
    1260: "e",
    1300: "Ehnuσbdgpq",
    1303: "S$0123456789{}µμ√",
    1343: "K",
    1405: "AVΔXZB",
    1430: "RC",
    1499: "U",
    1540: "NH",
    1587: "DG",
    1597: "&",
    1612: "OQ",
    1675: "w",
    1716: "#+<=>^~±−×≤≥≈∞→←↔✓✗",
    1767: "M",
    1946: "%",
    1995: "m",
    2025: "W",
  }).flatMap(([units, characters]) => Array.from(characters, (character) => [character, Number(units)] as const)),
);

/** Text as drawings show it: micrometres with their sign, numbers with a true minus sign. */
export function typeset(text: string): string {
  return withMicroSign(text).replace(/(?<![\w.)-])-(?=[\d.])/g, "−");
}

/** Width of a line of text as it is shown, units of the drawing; letters with accents are as wide as without. */
export function textWidth(text: string, size: number): number {
  const letters = typeset(text).normalize("NFD").replace(/\p{M}/gu, "");
  return (
    Array.from(letters).reduce((sum, letter) => sum + (advances.get(letter) ?? unitsPerEm), 0) * (size / unitsPerEm)
  );
}

/** Spaces, but those between a number and its unit, or the short word before it: "plane 3", "34.1 dB". */
const breaks = / (?!(?<=\d )(?:(?:dB|um|nm|counts)\b|%))(?!(?<=\b[A-Za-z]{1,6} )[-+±−]?[\d.])/;

/** Breaks a text at spaces (and at line feeds) into lines no wider than `width`; longer words, such as names of files, where they can be. */
export function wrapText(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(breaks)) {
      const [first, ...rest] = piecesOf(word, width, size);
      const longer = line === "" ? first : `${line} ${first}`;
      if (line !== "" && textWidth(longer, size) > width) {
        lines.push(line);
        line = first;
      } else line = longer;
      for (const piece of rest) {
        lines.push(line);
        line = piece;
      }
    }
    lines.push(line);
  }
  return lines;
}

/** A word in pieces no wider than `width`, if need be: after its last sign that fits, or else after its last letter that does. */
function piecesOf(word: string, width: number, size: number): string[] {
  const pieces: string[] = [];
  let rest = word;
  while (rest.length > 1 && textWidth(rest, size) > width) {
    let fits = 1;
    while (textWidth(rest.slice(0, fits + 1), size) <= width) fits++;
    const sign = /^.*[-_./]/.exec(rest.slice(0, fits))?.[0].length ?? 0;
    const at = sign > 1 ? sign : fits;
    pieces.push(rest.slice(0, at));
    rest = rest.slice(at);
  }
  return [...pieces, rest];
}
