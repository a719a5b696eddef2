/**
 * The words that acquisition programs and people write before the numbers in file names. Sources: the naming of
 * Micro-Manager, MetaMorph, NIS-Elements, Leica LAS, ZEN, CellVoyager, ImageXpress, and the prefixes of Bio-Formats'
 * file patterns.
 */
import type { FieldAxis } from "./name-field.ts";

const words: Readonly<Record<Exclude<FieldAxis, "?">, string>> = {
  Z: "z zs zpos zposition zplane zslice zstep zsection plane slice sl section sec fp focal focalplane focus defocus off offset depth layer height",
  C: "c ch chan channel w wave wl wavelength color colour filter cy alexa alexafluor af dylight",
  T: "t tp tl time timepoint frame fr",
  P: "pos position xy series stage site field fov well tile scene mosaic",
  p: "p s f m",
};

const axisOf: ReadonlyMap<string, FieldAxis> = new Map(
  Object.entries(words).flatMap(([axis, list]) => list.split(" ").map((word) => [word, axis as FieldAxis] as const)),
);

/** The last word of a text, before any separators at its end: "Z" for "img_Z = ". Empty if there is none. */
export function lastWord(before: string): string {
  return /(\p{L}+)[\s_\-.=:#([{~]*$/u.exec(before)?.[1] ?? "";
}

/** The axis of a number according to the text before it: Z for "img_z", "imageZ" and "Focal Plane ". */
export function axisAfter(before: string): FieldAxis {
  const word = lastWord(before);
  const hump = /\p{Ll}(\p{Lu}\p{L}*)$/u.exec(word)?.[1];
  return axisOf.get(word.toLowerCase()) ?? axisOf.get(hump?.toLowerCase() ?? "") ?? "?";
}

/** The unit of length that a text begins with. */
export function unitBefore(after: string): string | undefined {
  return /^[ _]?([uµ\u03bc]m|microns?|nm|mm)(?!\p{Ll})/u.exec(after)?.[1];
}

const channelWords = new Set(
  (
    "dapi hoechst fitc tritc rhodamine texasred txred gfp egfp sfgfp rfp mrfp tagrfp yfp eyfp cfp ecfp bfp tdtomato tomato " +
    "mcherry cherry venus citrine cerulean mneongreen dsred mkate emerald sytox draq draq5 bodipy atto sir mitotracker lysotracker " +
    "red green blue yellow orange cyan magenta far-red farred nir uv bf brightfield bright-field transmitted trans tl td dic phase ph pc pmt " +
    "fluo fluorescence default cy2 cy3 cy3.5 cy5 cy5.5 cy7"
  ).split(" "),
);

/** Whether a word names a channel: a dye, a fluorescent protein, a colour or a kind of light. */
export function isChannelName(word: string): boolean {
  const name = word.toLowerCase().replace(/[\s_]+/g, "");
  return (
    channelWords.has(name) ||
    /^(?:ch|chan|channel)-?[a-z]$/.test(name) ||
    /^(?:alexa(?:fluor)?|af|atto|dylight|bodipy|draq|cf|ch|chan)?-?[a-d]?\d{3}(?:nm)?$/.test(name)
  );
}
