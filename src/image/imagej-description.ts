/** The ImageDescription of ImageJ: lines `key=value`. Planes are in the order C, Z, T, the channel fastest. */
import { extentOf } from "./axes.ts";
import { corrupt } from "./file-errors.ts";
import type { ImageInfo } from "./image.ts";
import { type Calibration, type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { micrometresPer, positive, secondsPer } from "./units.ts";

/** Pixels per unit, and the unit that the TIFF tag names: 1 none, 2 inch, 3 cm. */
export interface Resolution {
  x: number | undefined;
  y: number | undefined;
  unit: number;
}

export interface ImageJPlanes extends PlaneOrder {
  /** Planes that the description promises. */
  images: number;
}

export function looksLikeImageJ(description: string): boolean {
  return description.startsWith("ImageJ=");
}

/**
 * Throws `file.corrupt` when the numbers of channels, slices and frames do not multiply to the number of images.
 * @param path for messages
 */
export function parseImageJ(description: string, resolution: Resolution, path: string): ImageJPlanes {
  const values = new Map<string, string>();
  for (const line of description.split(/\r?\n/)) {
    const at = line.indexOf("=");
    if (at > 0 && !values.has(line.slice(0, at)))
      values.set(line.slice(0, at), decodeEscapes(line.slice(at + 1).trim()));
  }
  const count = (key: string) => {
    const text = values.get(key);
    if (text === undefined) return undefined;
    if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
    throw corrupt(path, `its ImageJ description says ${key}=${text.slice(0, 40)}`);
  };
  const sizes = { C: count("channels") ?? 1, Z: count("slices") ?? 1, T: count("frames") ?? 1 };
  const planes = sizes.C * sizes.Z * sizes.T;
  const images = count("images") ?? planes;
  if (planes === 1) sizes.Z = images;
  else if (planes !== images) {
    throw corrupt(
      path,
      `its ImageJ description says ${images} images, but ${sizes.C} channels, ${sizes.Z} slices and ${sizes.T} frames`,
    );
  }
  return {
    images,
    sizes,
    order: "CZT",
    pageOf: sequentialPages(sizes, "CZT"),
    calibration: calibrationOf(values, resolution),
  };
}

function calibrationOf(values: ReadonlyMap<string, string>, resolution: Resolution): Calibration {
  const unit = values.get("unit");
  const x = micrometresPer(unit);
  const y = micrometresPer(values.get("yunit") ?? unit);
  const z = micrometresPer(values.get("zunit") ?? unit);
  const spacing = positive(Math.abs(Number(values.get("spacing"))));
  const interval = positive(values.get("finterval"));
  const perSecond = secondsPer(values.get("tunit") ?? "sec");
  const low = Number(values.get("min") ?? Number.NaN);
  const high = Number(values.get("max") ?? Number.NaN);
  const pixelSize = x === undefined || y === undefined ? undefined : sizeFrom(resolution, x, y);
  return {
    ...(pixelSize && { pixelSize }),
    ...(z !== undefined && spacing !== undefined && { zStep: spacing * z }),
    ...(interval !== undefined && perSecond !== undefined && { frameInterval: interval * perSecond }),
    ...(low < high && { displayRange: [low, high] as const }),
  };
}

/** Pixel size in um from pixels per unit, where a unit has `x` or `y` um; undefined when the tags are no use. */
export function sizeFrom(resolution: Resolution, x: number, y: number): { y: number; x: number } | undefined {
  const perX = positive(resolution.x);
  const perY = positive(resolution.y);
  return perX === undefined || perY === undefined ? undefined : { y: y / perY, x: x / perX };
}

/** ImageJ writes characters beyond ASCII as \uXXXX. */
function decodeEscapes(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** The description that ImageJ reads back: counts of axes where above 1, calibration in um, display range. */
export function writeImageJ(info: ImageInfo, displayRange: readonly [number, number] | undefined): string {
  const count = (key: string, axis: string) => (extentOf(info, axis) > 1 ? [`${key}=${extentOf(info, axis)}`] : []);
  const images = extentOf(info, "C") * extentOf(info, "Z") * extentOf(info, "T");
  const lines = [
    "ImageJ=1.54f",
    `images=${images}`,
    ...count("channels", "C"),
    ...count("slices", "Z"),
    ...count("frames", "T"),
    ...(images > 1 ? ["hyperstack=true", "mode=grayscale"] : []),
    ...(info.pixelSize || info.zStep !== undefined ? ["unit=um"] : []),
    ...(info.zStep === undefined ? [] : [`spacing=${info.zStep}`]),
    ...(info.frameInterval === undefined ? [] : [`finterval=${info.frameInterval}`]),
    ...(images > 1 ? ["loop=false"] : []),
    ...(displayRange ? [`min=${displayRange[0]}`, `max=${displayRange[1]}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
