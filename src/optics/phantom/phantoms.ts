/** Every kind of specimen that can be drawn, by name. */
import { beads } from "./beads.ts";
import { filaments } from "./filaments.ts";
import { mitochondria } from "./mitochondria.ts";
import { nuclei } from "./nuclei.ts";
import type { Phantom } from "./phantom.ts";
import { tissue } from "./tissue.ts";
import { worm } from "./worm.ts";

const table = {
  beads,
  nuclei,
  filaments,
  mitochondria,
  worm,
  tissue,
};

export type PhantomKind = keyof typeof table;
export const phantomKinds = Object.keys(table) as PhantomKind[];
export const phantoms: Readonly<Record<PhantomKind, Phantom>> = table;
