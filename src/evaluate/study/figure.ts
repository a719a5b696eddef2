/** A figure of a study: what its caption says, and the picture. */

export type Figure = {
  /** File name without its ending. */
  id: string;
  title: string;
  /** What is seen, and what would be good. */
  caption: string;
} & ({ kind: "picture"; png: Uint8Array } | { kind: "chart"; svg: string });

/** A name as part of a file name. */
export const slug = (name: string): string =>
  name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
