/** Recognises files that Parfocal does not read, by their first bytes or their name, and says how to convert them. */
import type { ParfocalError } from "../errors.ts";
import { unsupported } from "./file-errors.ts";

interface Kind {
  name: string;
  advice: string;
  /** First bytes, any of them; `null` is any byte. */
  starts: readonly (readonly (number | null)[])[];
  /** Endings of names, where the bytes do not tell, or not alone. */
  endings?: readonly string[];
}

const microscope = (name: string) =>
  `there is no reader for ${name} in JavaScript; convert it with bioformats2raw (bioformats2raw INPUT OUTPUT.zarr), ` +
  "with bfconvert (bfconvert INPUT OUTPUT.ome.tif), or in Fiji (File > Import > Bio-Formats, then File > Save As > Tiff)";

const save = "save it as TIFF or PNG with 8 or 16 bits of grey, for example with ImageJ";
const slide = "export the field that you need as TIFF, for example with QuPath";

const ascii = (text: string) => [...text].map((letter) => letter.charCodeAt(0));
const any = (count: number) => new Array<null>(count).fill(null);

const kinds: readonly Kind[] = [
  { name: "a Zeiss CZI file", advice: microscope("CZI"), starts: [ascii("ZISRAWFILE")], endings: ["czi"] },
  {
    name: "a Nikon ND2 file",
    advice: microscope("ND2"),
    starts: [
      [0xda, 0xce, 0xbe, 0x0a],
      [0, 0, 0, 12, 0x6a, 0x50, 0x20, 0x20],
    ],
    endings: ["nd2"],
  },
  {
    name: "a Leica LIF file",
    advice: microscope("LIF"),
    starts: [[0x70, 0, 0, 0]],
    endings: ["lif", "lof", "xlif", "xlef"],
  },
  {
    name: "an Olympus OIB, Zeiss ZVI or other OLE file",
    advice: microscope("OIB and ZVI"),
    starts: [[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]],
    endings: ["oib", "zvi", "ipw"],
  },
  {
    name: "an ICS image (Image Cytometry Standard: a header NAME.ics, and the pixels in it or in NAME.ids)",
    advice: microscope("ICS"),
    starts: [
      ascii("\tics_version"),
      ascii("ics_version"),
      ascii("\n\tics_version"),
      ascii("\t\r\nics_version"),
      ascii("\t\nics_version"),
    ],
    endings: ["ics", "ids"],
  },
  {
    name: "an Olympus OIR, POIR or VSI file",
    advice: microscope("OIR and VSI"),
    starts: [ascii("OLYMPUSRAWFORMAT")],
    endings: ["oir", "poir", "vsi", "ets"],
  },
  { name: "an Olympus OIF header", advice: microscope("OIF"), starts: [], endings: ["oif"] },
  {
    name: "a Gatan DM3 or DM4 file",
    advice: microscope("DM3 and DM4"),
    starts: [
      [0, 0, 0, 3, 0],
      [0, 0, 0, 4, 0, 0, 0, 0],
    ],
    endings: ["dm2", "dm3", "dm4"],
  },
  {
    name: "a DeltaVision DV file",
    advice: microscope("DV"),
    starts: [],
    endings: ["dv", "r3d", "d3d"],
  },
  {
    name: "an MRC or CCP4 map",
    advice: microscope("MRC"),
    starts: [
      [...any(208), ...ascii("MAP ")],
      [...any(208), ...ascii("MAP\0")],
    ],
    endings: ["mrc", "mrcs", "map", "rec", "ccp4"],
  },
  {
    name: "a SlideBook file",
    advice: microscope("SLD"),
    starts: [[0x6c, 0, 0, 1, 0x49, 0x49]],
    endings: ["sld", "sldy", "sldyz"],
  },
  { name: "a Bio-Rad PIC file", advice: microscope("PIC"), starts: [], endings: ["pic"] },
  {
    name: "an HDF5 file (Imaris, BigDataViewer)",
    advice: microscope("it"),
    starts: [[0x89, 0x48, 0x44, 0x46]],
    endings: ["ims", "h5", "hdf5"],
  },
  {
    name: "a NIfTI volume",
    advice: "open it in Fiji (File > Open) and save it as TIFF",
    starts: [
      [...any(344), ...ascii("n+1\0")],
      [...any(344), ...ascii("ni1\0")],
    ],
    endings: ["nii", "nii.gz"],
  },
  {
    name: "an NRRD volume",
    advice: "open it in Fiji (File > Open) and save it as TIFF",
    starts: [ascii("NRRD0")],
    endings: ["nrrd", "nhdr"],
  },
  {
    name: "a MetaImage volume",
    advice: "open it in Fiji (File > Import > MetaImage) and save it as TIFF",
    starts: [ascii("ObjectType = Image"), ascii("NDims =")],
    endings: ["mha", "mhd"],
  },
  {
    name: "an Amira mesh",
    advice: "open it in Fiji (File > Open) and save it as TIFF",
    starts: [ascii("# AmiraMesh"), ascii("# Avizo")],
    endings: ["am"],
  },
  {
    name: "an array of numpy",
    advice: "save it as TIFF, for example with tifffile.imwrite(NAME, array, imagej=True)",
    starts: [[0x93, ...ascii("NUMPY")]],
    endings: ["npy", "npz"],
  },
  {
    name: "a MATLAB file",
    advice: "write its array as TIFF, for example with tifffile",
    starts: [ascii("MATLAB 5.0"), ascii("MATLAB 7.3")],
    endings: ["mat"],
  },
  {
    name: "a DICOM file",
    advice: "open it in Fiji (File > Open) and save it as TIFF",
    starts: [[...any(128), ...ascii("DICM")]],
    endings: ["dcm"],
  },
  {
    name: "a FITS image",
    advice: "open it in Fiji (File > Open) and save it as TIFF",
    starts: [ascii("SIMPLE  =")],
    endings: ["fits", "fit"],
  },
  { name: "a 3DHISTECH slide", advice: slide, starts: [], endings: ["mrxs"] },
  { name: "a JPEG 2000 picture", advice: save, starts: [[0xff, 0x4f, 0xff, 0x51]], endings: ["jp2", "j2k"] },
  { name: "a JPEG picture, which is lossy", advice: save, starts: [[0xff, 0xd8, 0xff]] },
  { name: "a BMP picture", advice: save, starts: [ascii("BM")] },
  { name: "a GIF picture", advice: save, starts: [ascii("GIF8")] },
  { name: "a WebP picture", advice: save, starts: [[...ascii("RIFF"), ...any(4), ...ascii("WEBP")]] },
  {
    name: "an AVI film",
    advice:
      "open it in Fiji (File > Import > AVI) and save it as TIFF; films often have lossy compression, and are then unfit for measurements",
    starts: [[...ascii("RIFF"), ...any(4), ...ascii("AVI ")]],
  },
  {
    name: "an MP4 or QuickTime film",
    advice:
      "export its frames as TIFF, for example with ffmpeg; films have lossy compression and are unfit for measurements",
    starts: [[...any(4), ...ascii("ftyp")]],
  },
  { name: "a PDF document", advice: "give the image itself", starts: [ascii("%PDF")] },
  {
    name: "an archive",
    advice: "unpack it first",
    starts: [
      [0x50, 0x4b, 3, 4],
      [0x1f, 0x8b],
    ],
  },
];

/** Number of bytes at the start of a file that are compared. */
export const kindBytes = 352;

/** The error for a file that none of the readers knows. @param bytes its first {@link kindBytes}, or all */
export function unknownFile(path: string, bytes: Uint8Array): ParfocalError {
  const name = path.toLowerCase();
  const named = (kind: Kind) => kind.endings?.some((ending) => name.endsWith(`.${ending}`)) ?? false;
  const begins = ({ starts }: Kind) =>
    starts.some(
      (start) => bytes.length >= start.length && start.every((byte, i) => byte === null || bytes[i] === byte),
    );
  // The name decides between kinds with short signatures. A long signature takes precedence over a wrong name.
  const kind = kinds.find((one) => named(one) && begins(one)) ?? kinds.find(begins) ?? kinds.find(named);
  if (kind) return unsupported(path, `this is ${kind.name}`, kind.advice);
  return unsupported(
    path,
    "this is not a TIFF or PNG file",
    "give a TIFF, ImageJ TIFF, OME-TIFF or PNG file, or a folder of such planes",
  );
}
