/**
 * OME-XML (2016-06 and the older schemas that differ little) to axes, calibration and the map from planes to pages.
 */

import { fromFloat32 } from "../array/decimal.ts";
import { ParfocalError } from "../errors.ts";
import type { PlanePosition } from "./axes.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import type { Optics } from "./image.ts";
import { holdsOwnPlanes, type OmeFiles, omePlaneMap } from "./ome-plane-map.ts";
import { rescaleNamespace } from "./ome-write.ts";
import { type Calibration, joinCalibrations, type PlaneOrder } from "./plane-order.ts";
import { fromPlanePositions } from "./plane-positions.ts";
import { micrometresPer, positive, secondsPer } from "./units.ts";
import { childrenOf, parseXml, rootNameOf, type XmlElement } from "./xml.ts";

export interface OmePlanes extends PlaneOrder {
  width: number;
  height: number;
  /** Names of the files that hold the planes; the first, "", is the file itself. */
  files: readonly string[];
  /** For each plane, the number of its file in `files`, and its page there. */
  placeOf(position: PlanePosition): { file: number; page: number };
}

export function looksLikeOme(description: string): boolean {
  return rootNameOf(description) === "OME";
}

/**
 * @param pages number of pages of the file
 * @param samples samples per pixel of the pages: OME counts them as channels
 * @param which number of the Image that is read; by default the first that has planes in this file
 * @throws file.corrupt, file.unsupported (metadata in another file), usage (no such image)
 */
export function parseOme(description: string, pages: number, samples: number, path: string, which?: number): OmePlanes {
  let root: XmlElement;
  try {
    root = parseXml(description);
  } catch (error) {
    throw corrupt(path, `its OME-XML cannot be read (${(error as Error).message})`, error);
  }
  const other = metadataFileOf(root);
  if (other !== undefined) {
    throw unsupported(
      path,
      `its metadata are in ${other}, which is not in its folder`,
      "put that file into the same folder, or save the data set as one OME-TIFF file, for example with bfconvert",
    );
  }
  const images = childrenOf(root, "Image").filter((image) => childrenOf(image, "Pixels").length > 0);
  if (images.length === 0) throw corrupt(path, "its OME-XML describes no pixels");
  if (which !== undefined && !(Number.isInteger(which) && which >= 0 && which < images.length)) {
    throw noSuchImage(path, which, images.length);
  }
  const own = images.findIndex((image) => holdsOwnPlanes(root, childrenOf(image, "Pixels")[0], path));
  const index = which ?? Math.max(0, own);
  // If an image does not state its pages, they follow those of the images before it.
  const firstPage = images.slice(0, index).reduce((sum, image) => sum + planesOf(image, samples), 0);
  const planes = readImage(root, images[index], firstPage, pages, samples, path);
  if (images.length === 1) return planes;
  const names = images.map(({ attributes }) => attributes.Name ?? attributes.ID ?? "");
  return {
    ...planes,
    calibration: joinCalibrations(planes.calibration, { images: names, image: index, ...several(names, index, which) }),
  };
}

/** The name of the file with the metadata, for a file of a set that has no metadata of its own. */
export function metadataFileOf(root: XmlElement): string | undefined {
  const [binary] = childrenOf(root, "BinaryOnly");
  return binary && (binary.attributes.MetadataFile ?? "a companion file");
}

/** The error for an image that a file does not have. */
export function noSuchImage(path: string, got: number, count: number): ParfocalError<"usage"> {
  const has = count === 1 ? "1 image, number 0" : `${count} images, 0 to ${count - 1}`;
  return new ParfocalError("usage", `${path} has ${has}; got \`series ${got}\`.`, {
    option: "series",
    got,
    expected: `0 to ${count - 1}`,
  });
}

/** The warning about a file with several images if none was chosen. */
export function several(names: readonly string[], index: number, which: number | undefined): Calibration {
  if (which !== undefined) return {};
  const shown = names.slice(0, 4).map((name, i) => `${i}${name === "" ? "" : ` "${name.slice(0, 40)}"`}`);
  const list = `${shown.join(", ")}${names.length > 4 ? ", ..." : ""}`;
  return {
    warnings: [
      `The file holds ${names.length} images (${list}), and image ${index} is read; give \`series <number>\` for another.`,
    ],
  };
}

function planesOf(image: XmlElement, samples: number): number {
  const [{ attributes }] = childrenOf(image, "Pixels");
  const count = Number(attributes.SizeC) * Number(attributes.SizeZ) * Number(attributes.SizeT);
  return Number.isSafeInteger(count) ? Math.ceil(count / samples) : 0;
}

function readImage(
  root: XmlElement,
  image: XmlElement,
  firstPage: number,
  pages: number,
  samples: number,
  path: string,
): OmePlanes {
  const pixels = childrenOf(image, "Pixels")[0];
  const extent = (name: string, absent = "") => {
    const text = pixels.attributes[name] ?? absent;
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw corrupt(path, `its OME-XML says ${name}="${text.slice(0, 40)}"`);
  };
  // Some programs, among them ilastik, leave out axes of extent 1, which the schema does not allow.
  const sizeC = extent("SizeC", "1");
  if (samples > 1 && sizeC % samples !== 0)
    throw corrupt(path, `its OME-XML has ${sizeC} channels in ${samples} samples`);
  const sizes = { C: sizeC / samples, Z: extent("SizeZ", "1"), T: extent("SizeT", "1") };
  const said = /^XY([CZT]{1,3})$/.exec(pixels.attributes.DimensionOrder ?? "")?.[1];
  const order = said && [...new Set(`${said}CZT`)].join("");
  if (!order || new Set(said).size !== said.length) {
    throw corrupt(
      path,
      `its OME-XML has the dimension order "${(pixels.attributes.DimensionOrder ?? "").slice(0, 40)}"`,
    );
  }
  const map: OmeFiles = omePlaneMap(root, pixels, { sizes, order, firstPage, pages, path });
  const calibration = calibrationOf(root, image, pixels, sizeC, sizes.C);
  return {
    width: extent("SizeX"),
    height: extent("SizeY"),
    sizes,
    order,
    files: map.files,
    placeOf: map.placeOf,
    pageOf: (position) => map.placeOf(position).page,
    calibration: joinCalibrations(
      calibration,
      heightsOf(pixels, sizes.Z, calibration.zStep),
      map.warnings.length > 0 ? { warnings: map.warnings } : {},
    ),
  };
}

/** The z step and heights according to the positions of the planes of the first channel and time. */
function heightsOf(pixels: XmlElement, depth: number, zStep: number | undefined): Calibration {
  if (depth < 2 || depth > 65536) return {};
  const heights = new Array<number>(depth).fill(Number.NaN);
  for (const { attributes } of childrenOf(pixels, "Plane")) {
    const z = Number(attributes.TheZ);
    if (!(Number(attributes.TheC ?? 0) === 0 && Number(attributes.TheT ?? 0) === 0 && z >= 0 && z < depth)) continue;
    const text = attributes.PositionZ?.trim();
    if (!text) continue;
    // Without a unit, the schema means "reference frame", which is not a length. Many programs leave it out and mean
    // um.
    heights[z] = Number(text) * (micrometresPer(attributes.PositionZUnit ?? "um") ?? Number.NaN);
  }
  const stated = childrenOf(pixels, "Plane").some(({ attributes }) => attributes.PositionZUnit !== undefined);
  const found = fromPlanePositions(heights, zStep);
  if (stated || found.zStep === undefined) return found;
  return joinCalibrations(found, {
    warnings: [
      `The file states no z step. ${found.zStep} um follows from the heights of its planes, which have no unit and are taken as um; give \`z_step <your z step>\` (um) if that is wrong.`,
    ],
  });
}

/** @param sizeC channels, including samples of colour; @param withoutSamples channels if all samples are one channel */
function calibrationOf(
  root: XmlElement,
  image: XmlElement,
  pixels: XmlElement,
  sizeC: number,
  withoutSamples: number,
): Calibration {
  const { attributes } = pixels;
  const length = (name: string) => scaled(attributes[name], micrometresPer(attributes[`${name}Unit`] ?? "um"));
  const x = length("PhysicalSizeX");
  const y = length("PhysicalSizeY");
  const zStep = length("PhysicalSizeZ");
  const interval = scaled(attributes.TimeIncrement, secondsPer(attributes.TimeIncrementUnit ?? "s"));
  const described = childrenOf(pixels, "Channel");
  // The samples of a pixel are described as one channel, or as one channel each.
  const count = described.length === sizeC ? sizeC : withoutSamples;
  const channels = described.slice(0, count);
  const names = channels.map((channel) => channel.attributes.Name ?? "");
  const wavelengths = channels.map(({ attributes: own }) =>
    scaled(own.EmissionWavelength, micrometresPer(own.EmissionWavelengthUnit ?? "nm")),
  );
  const wavelength = count === 1 ? wavelengths[0] : undefined;
  const optics = { ...opticsOf(root, image), ...(wavelength !== undefined && { wavelength }) };
  return {
    ...(x !== undefined && y !== undefined && { pixelSize: { y, x } }),
    ...(zStep !== undefined && { zStep }),
    ...(interval !== undefined && { frameInterval: interval }),
    ...(names.length === count && names.some((name) => name !== "") && { channelNames: names }),
    ...(wavelengths.length === count &&
      wavelengths.some((w) => w !== undefined) && { emissionWavelengths: wavelengths }),
    ...(Object.keys(optics).length > 0 && { optics }),
    ...rescaleOf(root),
  };
}

function rescaleOf(root: XmlElement): Pick<Calibration, "rescale"> {
  const maps = childrenOf(root, "StructuredAnnotations").flatMap((all) => childrenOf(all, "MapAnnotation"));
  const own = maps.find(({ attributes }) => attributes.Namespace === rescaleNamespace);
  const pairs = own ? childrenOf(own, "Value").flatMap((value) => childrenOf(value, "M")) : [];
  const numberOf = (key: string) =>
    Number(pairs.find(({ attributes }) => attributes.K === key)?.text.trim() || Number.NaN);
  const [offset, scale] = [numberOf("offset"), numberOf("scale")];
  return Number.isFinite(offset) && scale > 0 && Number.isFinite(scale) ? { rescale: { offset, scale } } : {};
}

const immersionIndex = new Map([
  ["Air", 1],
  ["Water", 1.333],
  ["WaterDipping", 1.333],
  ["Glycerol", 1.47],
  ["Glycerin", 1.47],
  ["Oil", 1.515],
]);

function opticsOf(root: XmlElement, image: XmlElement): Optics {
  const settings = [...childrenOf(image, "ObjectiveSettings"), ...childrenOf(image, "ObjectiveRef")][0];
  const objectives = childrenOf(root, "Instrument").flatMap((instrument) => childrenOf(instrument, "Objective"));
  // Without a reference, a single objective is the one that was used. Of several, it is unknown which one was used.
  const objective = settings
    ? objectives.find(({ attributes }) => attributes.ID === settings.attributes.ID)
    : objectives.length === 1
      ? objectives[0]
      : undefined;
  const na = positive(objective?.attributes.LensNA);
  const index =
    positive(settings?.attributes.RefractiveIndex) ??
    immersionIndex.get(settings?.attributes.Medium ?? "") ??
    immersionIndex.get(objective?.attributes.Immersion ?? "");
  return { ...(na !== undefined && { na }), ...(index !== undefined && { refractiveIndex: index }) };
}

function scaled(text: string | undefined, factor: number | undefined): number | undefined {
  const read = positive(text);
  const value = read === undefined ? undefined : fromFloat32(read);
  // Rounded to 15 digits: a product like 0.5200000000000001 is meant as 0.52.
  if (value === undefined || factor === undefined) return undefined;
  return factor === 1 ? value : Number((value * factor).toPrecision(15));
}
