/** OME-XML 2016-06 of an image, in ASCII. Planes are in the order C, Z, T, the channel fastest. */
import { tidy } from "../array/decimal.ts";
import { extentOf } from "./axes.ts";
import type { ImageInfo, Optics, Rescale } from "./image.ts";
import { hostIsLittle } from "./samples.ts";
import { escapeXml } from "./xml.ts";

const namespace = "http://www.openmicroscopy.org/Schemas/OME/2016-06";

/** Namespace of the annotation with the meaning of the counts. */
export const rescaleNamespace = "parfocal/rescale";

/** @param name name of the image, for example that of the file */
export function writeOme(info: ImageInfo, name: string): string {
  const { pixelSize, zStep, frameInterval } = info;
  const sizes = {
    X: extentOf(info, "X"),
    Y: extentOf(info, "Y"),
    Z: extentOf(info, "Z"),
    C: extentOf(info, "C"),
    T: extentOf(info, "T"),
  };
  const pixels = {
    ID: "Pixels:0",
    DimensionOrder: "XYCZT",
    Type: info.dtype === "float32" ? "float" : info.dtype,
    BigEndian: String(!hostIsLittle),
    SignificantBits: { uint8: 8, uint16: 16, float32: 32 }[info.dtype],
    ...Object.fromEntries(Object.entries(sizes).map(([axis, size]) => [`Size${axis}`, size])),
    ...length("PhysicalSizeX", pixelSize?.x),
    ...length("PhysicalSizeY", pixelSize?.y),
    ...length("PhysicalSizeZ", zStep),
    ...(frameInterval !== undefined && { TimeIncrement: tidy(frameInterval), TimeIncrementUnit: "s" }),
  };
  const channels = Array.from({ length: sizes.C }, (_, c) => {
    const wavelength = info.emissionWavelengths?.[c] ?? (sizes.C === 1 ? info.optics?.wavelength : undefined);
    return element("Channel", {
      ID: `Channel:0:${c}`,
      ...(info.channelNames?.[c] && { Name: info.channelNames[c] }),
      SamplesPerPixel: 1,
      ...(wavelength !== undefined && {
        EmissionWavelength: Number((wavelength * 1000).toPrecision(15)),
        EmissionWavelengthUnit: "nm",
      }),
    });
  });
  const data = element("TiffData", { IFD: 0, PlaneCount: sizes.C * sizes.Z * sizes.T });
  const heights = info.zPositions?.length === sizes.Z ? info.zPositions : [];
  // Written only if the planes are not evenly spaced; otherwise the heights follow from the z step.
  const planes = (heights.length > 0 ? positions(sizes) : []).map(({ c, z, t }) =>
    element("Plane", { TheC: c, TheZ: z, TheT: t, PositionZ: heights[z], PositionZUnit: "µm" }),
  );
  const objective = objectiveElements(info.optics);
  const image = element("Image", { ID: "Image:0", Name: name }, [
    ...(objective ? [element("ObjectiveSettings", objective.settings)] : []),
    element("Pixels", pixels, [...channels, data, ...planes]),
    ...(info.rescale ? [element("AnnotationRef", { ID: "Annotation:0" })] : []),
  ]);
  const root = {
    xmlns: namespace,
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": `${namespace} ${namespace}/ome.xsd`,
    Creator: "Parfocal",
  };
  const instrument =
    objective && element("Instrument", { ID: "Instrument:0" }, [element("Objective", objective.objective)]);
  return `<?xml version="1.0" encoding="UTF-8"?>${element("OME", root, [
    ...(instrument ? [instrument] : []),
    image,
    ...(info.rescale ? [annotation(info.rescale)] : []),
  ])}`;
}

/** The meaning of the counts, as pairs of a key and a value, which viewers show. */
function annotation({ offset, scale }: Rescale): string {
  const pairs = Object.entries({ offset, scale }).map(([key, value]) => `<M K="${key}">${value}</M>`);
  const map = element("MapAnnotation", { ID: "Annotation:0", Namespace: rescaleNamespace }, [
    element("Description", {}, ["value = offset + scale * count"]),
    element("Value", {}, pairs),
  ]);
  return element("StructuredAnnotations", {}, [map]);
}

/** Every plane, in the order of the file. */
function positions({ C, Z, T }: { C: number; Z: number; T: number }): { c: number; z: number; t: number }[] {
  return Array.from({ length: C * Z * T }, (_, i) => ({
    c: i % C,
    z: Math.floor(i / C) % Z,
    t: Math.floor(i / (C * Z)),
  }));
}

function objectiveElements(optics: Optics | undefined) {
  if (optics?.na === undefined && optics?.refractiveIndex === undefined) return undefined;
  const index = optics.refractiveIndex;
  const media = { Air: 1, Water: 1.333, Glycerol: 1.47, Oil: 1.515 };
  const medium = Object.entries(media).find(([, n]) => index !== undefined && Math.abs(n - index) < 0.01)?.[0];
  const id = { ID: "Objective:0:0" };
  return {
    objective: {
      ...id,
      ...(optics.na !== undefined && { LensNA: optics.na }),
      ...(index !== undefined && { Immersion: medium ?? "Other" }),
    },
    settings: { ...id, ...(index !== undefined && { RefractiveIndex: index }) },
  };
}

function length(name: string, value: number | undefined): Record<string, string | number> {
  return value === undefined ? {} : { [name]: tidy(value), [`${name}Unit`]: "µm" };
}

function element(name: string, attributes: Record<string, string | number>, children: readonly string[] = []): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  return children.length === 0
    ? `<${name}${pairs.join("")}/>`
    : `<${name}${pairs.join("")}>${children.join("")}</${name}>`;
}
