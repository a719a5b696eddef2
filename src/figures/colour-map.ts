/** Colours for numbers. */

/** 0..255 */
export type Colour = readonly [red: number, green: number, blue: number];

/** ColorBrewer's RdBu, reversed: blue below 0, white at 0, red above; ordered in lightness on either side, so safe for the colour-blind. */
const DIVERGING: readonly Colour[] = [
  [5, 48, 97],
  [33, 102, 172],
  [67, 147, 195],
  [146, 197, 222],
  [209, 229, 240],
  [247, 247, 247],
  [253, 219, 199],
  [244, 165, 130],
  [214, 96, 77],
  [178, 24, 43],
  [103, 0, 31],
];

/** The colour of a signed number, -1 (blue) over 0 (white) to 1 (red); clipped outside. */
export function divergingColour(value: number): Colour {
  const at = ((Math.min(1, Math.max(-1, value)) + 1) / 2) * (DIVERGING.length - 1);
  const i = Math.min(Math.floor(at), DIVERGING.length - 2);
  const mix = (c: 0 | 1 | 2): number =>
    Math.round(DIVERGING[i][c] + (at - i) * (DIVERGING[i + 1][c] - DIVERGING[i][c]));
  return [mix(0), mix(1), mix(2)];
}

/** Black at 0 to white at 1; clipped outside. */
export function greyColour(value: number): Colour {
  const grey = Math.round(255 * Math.min(1, Math.max(0, value)));
  return [grey, grey, grey];
}
