/**
 * A small bitmap font for labels in pictures: a browser's canvas is not there in Node, and a font file would weigh more than
 * the pictures. Capitals are 5 x 7, with one more row for descenders.
 */

/** Rows of a glyph; row 6 stands on the baseline, row 7 is for descenders. */
export const GLYPH_HEIGHT = 8;
const SPACE = 3;

/** Each glyph: the character, then two hexadecimal digits for every column from the left, lowest bit on top. */
const GLYPHS = new Map(
  [
    "!5f \"070007 #147f147f14 $242a7f2a12 %2313086462 &3649562050 '07 (1c2241 )41221c *14083e0814",
    "+08083e0808 ,8060 -08080808 .6060 /6010080403 03e41413e 104027f00 26251494946 32241494936",
    "41814127f10 52745454539 63e49494932 70161190503 83649494936 9264949493e :3636 ;806c0c <08142241",
    "=14141414 >41221408 ?0201590906 @3e415d555e A7e0909097e B7f49494936 C3e41414122 D7f4141413e",
    "E7f49494941 F7f09090901 G3e4149497a H7f0808087f I417f41 J204040403f K7f08142241 L7f40404040",
    "M7f020c027f N7f0408107f O3e4141413e P7f09090906 Q3e4151215e R7f09192946 S2649494932 T01017f0101",
    "U3f4040403f V0f3040300f W3f4038403f X6314081463 Y0304780403 Z6151494543 [7f4141 \\0304081060 ]41417f",
    "^0402010204 _8080808080 `010204 a2054545478 b7f48444438 c3844444428 d384444487f e3854545418",
    "f087e0901 g18a4a4a47c h7f08040478 i7d j80807d k7f102844 l3f40 m7c04780478 n7c08040478 o3844444438",
    "pfc24444438 q38444424fc r7c080404 s4854545424 t043f4444 u3c4040207c v1c2040201c w3c4030403c",
    "x4428102844 y1ca0a0a07c z4464544c44 {083641 |ff }413608 ~0804081008 µfc4040207c ±44445f4444",
    "−08080808 ×2214081422 °06090906 …4000400040",
  ]
    .join(" ")
    .split(" ")
    .map((entry) => {
      const [character, ...digits] = entry;
      const hex = digits.join("");
      return [
        character,
        Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16)),
      ];
    }),
);

/** Rows (true where inked) of one line of text, one column between glyphs; an unknown character becomes a box. */
export function rasterise(text: string): boolean[][] {
  const columns: number[] = [];
  for (const character of text) {
    if (columns.length > 0) columns.push(0);
    if (character === " ") columns.push(...new Array<number>(SPACE).fill(0));
    else columns.push(...(GLYPHS.get(character) ?? [0x7f, 0x41, 0x41, 0x41, 0x7f]));
  }
  return Array.from({ length: GLYPH_HEIGHT }, (_, y) => columns.map((bits) => ((bits >> y) & 1) === 1));
}

/** Doubles a bitmap and rounds its diagonals (Scale2x, Mazzoleni 2001), so that enlarged letters do not look like stairs. */
export function scale2x(rows: readonly (readonly boolean[])[]): boolean[][] {
  const height = rows.length;
  const width = rows[0]?.length ?? 0;
  const at = (y: number, x: number): boolean => rows[y]?.[x] ?? false;
  const out = Array.from({ length: 2 * height }, () => new Array<boolean>(2 * width).fill(false));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [up, left, right, down] = [at(y - 1, x), at(y, x - 1), at(y, x + 1), at(y + 1, x)];
      const corner = (a: boolean, b: boolean): boolean => (up !== down && left !== right && a === b ? a : at(y, x));
      out[2 * y][2 * x] = corner(up, left);
      out[2 * y][2 * x + 1] = corner(up, right);
      out[2 * y + 1][2 * x] = corner(down, left);
      out[2 * y + 1][2 * x + 1] = corner(down, right);
    }
  return out;
}
