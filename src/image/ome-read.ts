/**
 * OME-XML (2016-06 and the older schemas that differ little) to axes, calibration and the map from planes to pages.
 * The first Image is read.
 */

import { fromFloat32 } from "../array/decimal.ts";
import type { PlanePosition } from "./axes.ts";
import { corrupt, unsupported } from "./file-errors.ts";
import type { Optics } from "./image.ts";
import { rescaleNamespace } from "./ome-write.ts";
import { type Calibration, type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { micrometresPer, positive, secondsPer } from "./units.ts";
import { childrenOf, parseXml, type XmlElement } from "./xml.ts";

export interface OmePlanes extends PlaneOrder {
  width: number;
  height: number;
}

export function looksLikeOme(description: string): boolean {
  return /^\s*(?:\ufeff)?(?:<\?xml[^>]*>\s*)?(?:<!--[\s\S]*?-->\s*)*<(?:\w+:)?OME[\s>]/.test(description);
}

/**
 * @param pages how many pages the file has
 * @param samples samples per pixel of the pages: OME counts them as channels
 * @throws file.corrupt, file.unsupported (planes in other files)
 */
export function parseOme(description: string, pages: number, samples: number, path: string): OmePlanes {
  let root: XmlElement;
  try {
    root = parseXml(description);
  } catch (error) {
    throw corrupt(path, `its OME-XML cannot be read (${(error as Error).message})`, error);
  }
  if (childrenOf(root, "BinaryOnly").length > 0) {
    const other = childrenOf(root, "BinaryOnly")[0].attributes.MetadataFile ?? "a companion file";
    throw unsupported(path, `its metadata lie in ${other}`, "save it as one OME-TIFF file, for example with bfconvert");
  }
  const image = childrenOf(root, "Image")[0];
  const pixels = childrenOf(image, "Pixels")[0];
  if (!pixels) throw corrupt(path, "its OME-XML describes no pixels");
  const extent = (name: string) => {
    const text = pixels.attributes[name] ?? "";
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw corrupt(path, `its OME-XML says ${name}="${text.slice(0, 40)}"`);
  };
  const sizeC = extent("SizeC");
  if (samples > 1 && sizeC % samples !== 0)
    throw corrupt(path, `its OME-XML has ${sizeC} channels in ${samples} samples`);
  const sizes = { C: sizeC / samples, Z: extent("SizeZ"), T: extent("SizeT") };
  const order = /^XY([CZT]{3})$/.exec(pixels.attributes.DimensionOrder ?? "")?.[1];
  if (!order || new Set(order).size !== 3) {
    throw corrupt(
      path,
      `its OME-XML has the dimension order "${(pixels.attributes.DimensionOrder ?? "").slice(0, 40)}"`,
    );
  }
  return {
    width: extent("SizeX"),
    height: extent("SizeY"),
    sizes,
    order,
    pageOf: pageMap(root, pixels, sizes, order, pages, path),
    calibration: calibrationOf(root, image, pixels, sizes.C),
  };
}

/** TiffData elements: IFD is the first page, FirstC/Z/T its plane, PlaneCount how many follow each other. */
function pageMap(
  root: XmlElement,
  pixels: XmlElement,
  sizes: PlaneOrder["sizes"],
  order: string,
  pages: number,
  path: string,
): (position: PlanePosition) => number {
  const planes = sizes.C * sizes.Z * sizes.T;
  const place = sequentialPages(sizes, order);
  const blocks = childrenOf(pixels, "TiffData");
  if (planes > pages) {
    throw corrupt(path, `its OME-XML promises ${planes} planes, but the file has ${pages}`);
  }
  const map = new Int32Array(planes).fill(-1);
  if (blocks.length === 0) for (let i = 0; i < planes; i++) map[i] = i;
  let mapped = 0;
  for (const { attributes, children } of blocks) {
    const uuid = children.find(({ name }) => name === "UUID");
    if (uuid && isElsewhere(uuid, root, path)) {
      throw unsupported(
        path,
        `some of its planes lie in another file (${uuid.attributes.FileName ?? uuid.text.trim()})`,
        "save the data set as one OME-TIFF file, for example with bfconvert or Fiji",
      );
    }
    const whole = (name: string, fallback: number) => {
      const text = attributes[name];
      if (text === undefined) return fallback;
      if (/^\d{1,9}$/.test(text)) return Number(text);
      throw corrupt(path, `its OME-XML says ${name}="${text.slice(0, 40)}" in TiffData`);
    };
    const first = { c: whole("FirstC", 0), z: whole("FirstZ", 0), t: whole("FirstT", 0) };
    if (first.c >= sizes.C || first.z >= sizes.Z || first.t >= sizes.T) {
      throw corrupt(path, "its OME-XML maps a plane that does not exist");
    }
    const start = place(first);
    const count = whole("PlaneCount", attributes.IFD === undefined ? planes - start : 1);
    const page = whole("IFD", 0);
    // Every block may name all planes: work that grows with the product of both is refused.
    mapped += Math.min(count, planes - start);
    if (mapped > 8 * planes)
      throw corrupt(path, `its ${blocks.length} TiffData elements name the same planes many times`);
    for (let i = 0; i < count && start + i < planes; i++) map[start + i] = page + i;
  }
  if (map.some((page) => page < 0 || page >= pages)) {
    const found = map.filter((page) => page >= 0 && page < pages).length;
    throw corrupt(path, `its OME-XML promises ${planes} planes, but only ${found} are in the file`);
  }
  return (position) => map[place(position)];
}

function isElsewhere(uuid: XmlElement, root: XmlElement, path: string): boolean {
  const own = root.attributes.UUID;
  const file = uuid.attributes.FileName;
  if (own !== undefined && uuid.text.trim() === own.trim()) return false;
  return file === undefined || lastName(path) !== lastName(file);
}

function lastName(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}

function calibrationOf(root: XmlElement, image: XmlElement, pixels: XmlElement, count: number): Calibration {
  const { attributes } = pixels;
  const length = (name: string) => scaled(attributes[name], micrometresPer(attributes[`${name}Unit`] ?? "um"));
  const x = length("PhysicalSizeX");
  const y = length("PhysicalSizeY");
  const zStep = length("PhysicalSizeZ");
  const interval = scaled(attributes.TimeIncrement, secondsPer(attributes.TimeIncrementUnit ?? "s"));
  const channels = childrenOf(pixels, "Channel").slice(0, count);
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

const immersionIndex: Readonly<Record<string, number>> = {
  Air: 1,
  Water: 1.333,
  WaterDipping: 1.333,
  Glycerol: 1.47,
  Oil: 1.515,
};

function opticsOf(root: XmlElement, image: XmlElement): Optics {
  const settings = [...childrenOf(image, "ObjectiveSettings"), ...childrenOf(image, "ObjectiveRef")][0];
  const objectives = childrenOf(root, "Instrument").flatMap((instrument) => childrenOf(instrument, "Objective"));
  // Without a reference a single objective is the one that was used; out of several it cannot be told.
  const objective = settings
    ? objectives.find(({ attributes }) => attributes.ID === settings.attributes.ID)
    : objectives.length === 1
      ? objectives[0]
      : undefined;
  const na = positive(objective?.attributes.LensNA);
  const index = positive(settings?.attributes.RefractiveIndex) ?? immersionIndex[objective?.attributes.Immersion ?? ""];
  return { ...(na !== undefined && { na }), ...(index !== undefined && { refractiveIndex: index }) };
}

function scaled(text: string | undefined, factor: number | undefined): number | undefined {
  const read = positive(text);
  const value = read === undefined ? undefined : fromFloat32(read);
  // Rounded to 15 digits: a product like 0.5200000000000001 is meant as 0.52.
  if (value === undefined || factor === undefined) return undefined;
  return factor === 1 ? value : Number((value * factor).toPrecision(15));
}
