/** A figure of a study with its title and caption, and helpers that several figures share. */
import type { StudiedStack } from "./studied-stack.ts";

export interface Figure {
  /** File name without its ending. */
  id: string;
  title: string;
  /** What the figure shows, and what a good result looks like. */
  caption: string;
  kind: "picture" | "chart";
  svg: string;
}

/** Turns a name into a part of a file name. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** Largest number of columns of a grid. */
export const maxColumns = 7;

/** A length with its sign, such as "+1.5 um". */
export const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))} um`;

/** Height above the sharpest plane, um. */
export const zOf = ({ stack, sharpest }: StudiedStack, plane: number): number => (plane - sharpest) * stack.zStep;

/** Pixel size for scale bars, um. */
export const pixelOf = ({ stack }: StudiedStack): number | undefined => stack.pixelSize?.x;

/**
 * Picks the outcome whose plane lies closest to the given share of the way from the sharpest plane to the farthest one.
 */
export function pick<T extends { plane: number }>(
  outcomes: readonly T[],
  sharpest: number,
  share = 1 / 2,
): T | undefined {
  const off = ({ plane }: T): number => Math.abs(plane - sharpest);
  const far = Math.max(0, ...outcomes.map(off));
  const wish = Math.max(1, far * share);
  return [...outcomes].sort((a, b) => Math.abs(off(a) - wish) - Math.abs(off(b) - wish))[0];
}
