/** Maps each plane of an OME-TIFF data set to its file and page. */
import type { PlanePosition } from "./axes.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import { type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { childrenOf, type XmlElement } from "./xml.ts";

export interface OmeFiles {
  /** Names of the files that hold the planes, without folders; the first, "", is the file itself. */
  files: readonly string[];
  placeOf(position: PlanePosition): { file: number; page: number };
  warnings: readonly string[];
}

/** How many places a plane may have on average. Each should have one. */
const maxRepeats = 4;

interface Expected {
  sizes: PlaneOrder["sizes"];
  order: string;
  /** Page of the first plane if the XML does not state it. */
  firstPage: number;
  /** Number of pages of the file itself. */
  pages: number;
  path: string;
}

/**
 * TiffData elements: IFD is the first page, FirstC/Z/T its plane, PlaneCount (older: NumPlanes) how many follow each
 * other, and UUID the file.
 * @throws file.corrupt for planes without a page, or a page that the file does not have; file.unsupported for a file
 * without a name
 */
export function omePlaneMap(
  root: XmlElement,
  pixels: XmlElement,
  { sizes, order, firstPage, pages, path }: Expected,
): OmeFiles {
  const planes = sizes.C * sizes.Z * sizes.T;
  const place = sequentialPages(sizes, order);
  const blocks = childrenOf(pixels, "TiffData");
  const numberOfFile = fileNumbers(root, blocks, planes, pages, path);
  if (planes > 2 ** 24 || (numberOfFile.files.length === 1 && planes > pages)) {
    throw corrupt(path, `its OME-XML describes ${planes} planes, but the file has ${pages}`);
  }
  const map = new Int32Array(planes).fill(-1);
  const fileOf = new Int32Array(planes);
  if (blocks.length === 0) for (let i = 0; i < planes; i++) map[i] = firstPage + i;
  let mapped = 0;
  for (const [n, { attributes }] of blocks.entries()) {
    const whole = (names: readonly string[], fallback: number) => {
      const name = names.find((one) => attributes[one] !== undefined);
      if (name === undefined) return fallback;
      const text = attributes[name] ?? "";
      if (/^\d{1,9}$/.test(text)) return Number(text);
      throw corrupt(path, `its OME-XML says ${name}="${text.slice(0, 40)}" in TiffData`);
    };
    const first = { c: whole(["FirstC", "TheC"], 0), z: whole(["FirstZ", "TheZ"], 0), t: whole(["FirstT", "TheT"], 0) };
    if (first.c >= sizes.C || first.z >= sizes.Z || first.t >= sizes.T) {
      throw corrupt(path, "its OME-XML maps a plane that does not exist");
    }
    const start = place(first);
    const count = whole(["PlaneCount", "NumPlanes"], attributes.IFD === undefined ? planes - start : 1);
    const file = numberOfFile.of[n];
    const page = whole(["IFD"], file === 0 && blocks.length === 1 ? firstPage : 0);
    mapped += Math.min(count, planes - start);
    if (mapped > maxRepeats * planes) throw corrupt(path, "its OME-XML maps the same planes many times");
    for (let i = 0; i < count && start + i < planes; i++) {
      map[start + i] = page + i;
      fileOf[start + i] = file;
    }
  }
  const isThere = (page: number, i: number) => page >= 0 && (fileOf[i] > 0 || page < pages);
  if (!map.every(isThere)) {
    const found = map.filter(isThere).length;
    throw corrupt(path, `its OME-XML describes ${planes} planes, but only ${found} are in the file`);
  }
  return {
    files: numberOfFile.files,
    warnings: numberOfFile.warnings,
    placeOf(position) {
      const i = place(position);
      return { file: fileOf[i], page: map[i] };
    },
  };
}

/** Whether any plane of an image lies in the file itself. */
export function holdsOwnPlanes(root: XmlElement, pixels: XmlElement | undefined, path: string): boolean {
  const blocks = childrenOf(pixels, "TiffData");
  const own = root.attributes.UUID?.trim();
  return blocks.length === 0 || blocks.some((block) => isOwn(childrenOf(block, "UUID")[0], own, path));
}

function isOwn(uuid: XmlElement | undefined, own: string | undefined, path: string): boolean {
  if (!uuid) return true;
  const { FileName: name } = uuid.attributes;
  return (name !== undefined && lastName(name) === lastName(path)) || (own !== undefined && uuid.text.trim() === own);
}

/** The number of each block's file in a list of names. */
function fileNumbers(root: XmlElement, blocks: readonly XmlElement[], planes: number, pages: number, path: string) {
  const own = root.attributes.UUID?.trim();
  const files = [""];
  const numbers = new Map<string, number>();
  const of = blocks.map(({ children }) => {
    const uuid = children.find(({ name }) => name === "UUID");
    const name = uuid?.attributes.FileName === undefined ? undefined : lastName(uuid.attributes.FileName);
    if (!uuid || isOwn(uuid, own, path)) return 0;
    if (name === undefined) {
      throw unsupported(
        path,
        `some of its planes are in another file, whose name is not given, only ${uuid.text.trim().slice(0, 80)}`,
        "save the data set as one OME-TIFF file, for example with bfconvert or Fiji",
      );
    }
    const known = numbers.get(name);
    if (known !== undefined) return known;
    files.push(name);
    numbers.set(name, files.length - 1);
    return files.length - 1;
  });
  // All planes are in one file, under a name that is not that of the open file, which could hold them: it was renamed.
  const renamed = own === undefined && pages >= planes && files.length === 2 && of.every((file) => file === 1);
  const [named, ...others] = renamed ? namesIn(root) : [];
  if (named === undefined || others.length > 0) return { files, of, warnings: [] };
  const warning = `According to its OME-XML, the planes are in ${named}; they are read from this file, which was probably renamed.`;
  return { files: [""], of: of.map(() => 0), warnings: [warning] };
}

/** The names of all files that the document mentions. */
function namesIn(root: XmlElement): string[] {
  const blocks = childrenOf(root, "Image").flatMap((image) =>
    childrenOf(image, "Pixels").flatMap((pixels) => childrenOf(pixels, "TiffData")),
  );
  const names = blocks.flatMap((block) =>
    childrenOf(block, "UUID").flatMap(({ attributes }) => attributes.FileName ?? []),
  );
  return [...new Set(names.map(lastName))];
}

/** The name without folders: companion files are in the folder of the file. */
export function lastName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
