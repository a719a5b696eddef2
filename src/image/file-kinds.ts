/** Files that are recognised by their first bytes, but not read: says what they are and how to convert them. */
import type { ParfocalError } from "../errors.ts";
import { unsupported } from "./file-errors.ts";

interface Kind {
  name: string;
  advice: string;
  starts: readonly (readonly number[])[];
}

const microscope = (name: string) =>
  `no reader for ${name} exists in JavaScript: convert it with bioformats2raw (bioformats2raw INPUT OUTPUT.zarr), ` +
  "with bfconvert (bfconvert INPUT OUTPUT.ome.tif), or in Fiji (File > Import > Bio-Formats, then File > Save As > Tiff)";

const save = "save it as TIFF or PNG with 8 or 16 bits of grey, for example with ImageJ";

const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));

const kinds: readonly Kind[] = [
  { name: "a Zeiss CZI file", advice: microscope("CZI"), starts: [ascii("ZISRAWFILE")] },
  {
    name: "a Nikon ND2 file",
    advice: microscope("ND2"),
    starts: [
      [0xda, 0xce, 0xbe, 0x0a],
      [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20],
    ],
  },
  { name: "a Leica LIF file", advice: microscope("LIF"), starts: [[0x70, 0, 0, 0]] },
  {
    name: "an Olympus OIB, Zeiss ZVI or other OLE file",
    advice: microscope("OIB and ZVI"),
    starts: [[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
  },
  { name: "an HDF5 file (Imaris, BigDataViewer)", advice: microscope("it"), starts: [[0x89, 0x48, 0x44, 0x46]] },
  { name: "a JPEG picture, which is lossy", advice: save, starts: [[0xff, 0xd8, 0xff]] },
  { name: "a BMP picture", advice: save, starts: [ascii("BM")] },
  { name: "a GIF picture", advice: save, starts: [ascii("GIF8")] },
  {
    name: "an archive",
    advice: "unpack it first",
    starts: [
      [0x50, 0x4b, 3, 4],
      [0x1f, 0x8b],
    ],
  },
];

/** The error for a file that none of the readers knows. */
export function unknownFile(path: string, bytes: Uint8Array): ParfocalError {
  const kind = kinds.find(({ starts }) => starts.some((start) => start.every((byte, i) => bytes[i] === byte)));
  if (kind) return unsupported(path, `this is ${kind.name}`, kind.advice);
  return unsupported(
    path,
    "this is no TIFF or PNG file",
    "give a TIFF, ImageJ TIFF, OME-TIFF or PNG file, or a folder of such planes",
  );
}
