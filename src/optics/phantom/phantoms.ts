/** Every kind of specimen that can be drawn, by name. */
import { beads } from "./beads.ts";
import { filaments } from "./filaments.ts";
import { mitochondria } from "./mitochondria.ts";
import { nuclei } from "./nuclei.ts";
import type { Phantom } from "./phantom.ts";
import { tissue } from "./tissue.ts";
import { worm } from "./worm.ts";

export const phantomKinds = ["beads", "nuclei", "filaments", "mitochondria", "worm", "tissue"] as const;
export type PhantomKind = (typeof phantomKinds)[number];

export const phantoms: Readonly<Record<PhantomKind, Phantom>> = {
  beads,
  nuclei,
  filaments,
  mitochondria,
  worm,
  tissue,
};
