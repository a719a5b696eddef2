/** A figure of a study: what its caption says, and the picture; and what several figures say alike. */
import type { Subject } from "./subject.ts";

export interface Figure {
  /** File name without its ending. */
  id: string;
  title: string;
  /** What is seen, and what would be good. */
  caption: string;
  kind: "picture" | "chart";
  svg: string;
}

/** A name as part of a file name. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");

/** Most columns of a grid. */
export const mostColumns = 7;

/** With its sign. */
export const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))} um`;

/** Height above the sharpest plane, um. */
export const zOf = ({ stack, sharpest }: Subject, plane: number): number => (plane - sharpest) * stack.zStep;

/** um, for scale bars. */
export const pixelOf = ({ stack }: Subject): number | undefined => stack.pixelSize?.x;

/** The outcome whose plane lies that share of the way from the sharpest plane to the farthest. */
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
