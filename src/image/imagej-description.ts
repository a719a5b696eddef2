/** The ImageDescription of ImageJ: lines `key=value`. Planes are in the order C, Z, T, the channel fastest. */
import { decimalWithin, tidy } from "../array/decimal.ts";
import { extentOf } from "./axes.ts";
import { corrupt } from "./file-errors.ts";
import type { ImageInfo } from "./image.ts";
import { type Calibration, type PlaneOrder, sequentialPages } from "./plane-order.ts";
import { micrometresPer, positive, secondsPer } from "./units.ts";

/** Pixels per unit, and the unit of the TIFF tag: 1 none, 2 inch, 3 cm. */
export interface Resolution {
  x: number | undefined;
  y: number | undefined;
  unit: number;
  /** Numerators and denominators of `x` and `y`, if they were stored as fractions. */
  fractions?: { x?: readonly [number, number] | undefined; y?: readonly [number, number] | undefined };
}

export interface ImageJPlanes extends PlaneOrder {
  /** Number of planes according to the description. */
  images: number;
}

export function looksLikeImageJ(description: string): boolean {
  return description.startsWith("ImageJ=");
}

/**
 * Throws `file.corrupt` if the product of channels, slices and frames is not the number of images.
 * @param path for messages
 */
export function parseImageJ(description: string, resolution: Resolution, path: string): ImageJPlanes {
  const values = valuesOf(description);
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
  const { order, warnings } = orderOf(values, sizes);
  const calibration = calibrationOf(values, resolution);
  const all = [...warnings, ...(calibration.warnings ?? []), ...valueWarnings(values)];
  return {
    images,
    sizes,
    order,
    pageOf: sequentialPages(sizes, order),
    calibration: { ...calibration, ...(all.length > 0 && { warnings: all }) },
  };
}

/** The first value of each key; keys differ in case from writer to writer. */
function valuesOf(description: string): Map<string, string> {
  const values = new Map<string, string>();
  for (const line of description.split("\n")) {
    const at = line.indexOf("=");
    const key = line.slice(0, Math.max(0, at)).trim().toLowerCase();
    if (key !== "" && !values.has(key)) values.set(key, decodeEscapes(line.slice(at + 1).trim()));
  }
  return values;
}

/**
 * In ImageJ the channel is the fastest axis, then z, then time, and no key states it. Other programs state another
 * order by `order` (fastest first: zct, xyzct) or `axes` (slowest first, as in numpy: TCZYX), which is used.
 */
function orderOf(values: ReadonlyMap<string, string>, sizes: PlaneOrder["sizes"]) {
  const standard = "CZT";
  const plain = { order: standard, warnings: [] as string[] };
  const said = values
    .get("order")
    ?.toUpperCase()
    .replace(/^XY/, "")
    .replace(/\(.{0,20}\)$/, "");
  const axes = values.get("axes")?.toUpperCase().replace(/YXS?$/, "");
  const letters = said ?? (axes === undefined ? undefined : [...axes].reverse().join(""));
  if (letters === undefined) return plain;
  const key =
    said === undefined ? `axes=${values.get("axes")?.slice(0, 20)}` : `order=${values.get("order")?.slice(0, 20)}`;
  const complete = [...new Set([...letters, ...standard])].join("");
  if (!/^[CZT]{0,3}$/.test(letters) || complete.length !== 3 || new Set(letters).size !== letters.length) {
    return {
      order: standard,
      warnings: [
        `The description says ${key}, which is not understood; planes are read in ImageJ's order: the channel fastest, then z, then time.`,
      ],
    };
  }
  const used = (order: string) => [...order].filter((axis) => sizes[axis as "C" | "Z" | "T"] > 1).join("");
  if (used(complete) === used(standard)) return plain;
  return {
    order: complete,
    warnings: [
      `The description says ${key}, and planes are read in that order; ImageJ itself ignores the key and shows another order.`,
    ],
  };
}

function calibrationOf(values: ReadonlyMap<string, string>, resolution: Resolution): Calibration {
  const unit = values.get("unit");
  const x = micrometresPer(values.get("xunit") ?? unit);
  const y = micrometresPer(values.get("yunit") ?? unit);
  const z = micrometresPer(values.get("zunit") ?? unit);
  const signed = Number(values.get("spacing"));
  const spacing = positive(Math.abs(signed));
  const interval = positive(values.get("finterval"));
  const perSecond = secondsPer(values.get("tunit") ?? "sec");
  const low = Number(values.get("min") ?? Number.NaN);
  const high = Number(values.get("max") ?? Number.NaN);
  const pixelSize = x === undefined || y === undefined ? undefined : sizeFrom(resolution, x, y);
  return {
    ...(pixelSize && { pixelSize }),
    ...(z !== undefined && spacing !== undefined && { zStep: Number((spacing * z).toPrecision(15)) }),
    ...(interval !== undefined &&
      perSecond !== undefined && { frameInterval: Number((interval * perSecond).toPrecision(15)) }),
    ...(low < high && { displayRange: [low, high] as const }),
    ...rescaleOf(values),
    ...(signed < 0 && {
      warnings: [
        `The spacing is negative (${signed}): the program that wrote it counts z downwards. The planes stay in the order of the file, as in ImageJ, so "above" and "below" are exchanged; reverse the stack (ImageJ: Image > Stacks > Tools > Reverse) if that matters.`,
      ],
    }),
  };
}

/** ImageJ's calibration function 0 is a straight line: value = c0 + c1 * count. */
function rescaleOf(values: ReadonlyMap<string, string>): Pick<Calibration, "rescale"> {
  const [offset, scale] = [Number(values.get("c0") ?? Number.NaN), Number(values.get("c1") ?? Number.NaN)];
  const straight = values.get("cf") === "0" && Number.isFinite(offset) && scale > 0 && Number.isFinite(scale);
  return straight && (offset !== 0 || scale !== 1) ? { rescale: { offset, scale } } : {};
}

/** ImageJ's functions from counts to values, indexed by `cf`. */
const functions = ["a straight line", "a polynomial", "a polynomial", "a polynomial", "an exponential", "a power"];

/** Warns about counts that stand for calibrated values. */
function valueWarnings(values: ReadonlyMap<string, string>): string[] {
  const cf = values.get("cf");
  if (cf === undefined) return [];
  const coefficients = ["c0", "c1", "c2", "c3", "c4"].flatMap((key) => values.get(key)?.slice(0, 20) ?? []);
  const numbers = coefficients.map(Number);
  const straight = cf === "0" && numbers.length >= 2;
  if (straight && numbers[0] === 0 && numbers[1] === 1) return [];
  const unit = values.get("vunit");
  const name = functions[/^\d$/.test(cf) ? Number(cf) : -1] ?? "a function";
  const what = straight
    ? `count x ${numbers[1]} + ${numbers[0]}`
    : `${name} of the counts (${coefficients.join(", ")})`;
  return [
    `The pixel values are calibrated: ${what}${unit === undefined ? "" : ` ${unit.slice(0, 40)}`}. Counts are used as they are stored, without it.`,
  ];
}

/** Pixel size in um from pixels per unit, where a unit is `x` or `y` um long; undefined if the tags are not usable. */
export function sizeFrom(resolution: Resolution, x: number, y: number): { y: number; x: number } | undefined {
  const perX = positive(resolution.x);
  const perY = positive(resolution.y);
  if (perX === undefined || perY === undefined) return undefined;
  const { fractions } = resolution;
  return { y: sizeAsMeant(y / perY, fractions?.y), x: sizeAsMeant(x / perX, fractions?.x) };
}

/**
 * The pixel size before it was stored as a fraction. Programs store pixels per unit in two ways. ImageJ truncates them
 * to whole millionths, so that 0.325 is read as 0.32500000813, an error of up to one part in the numerator (the
 * fraction may have been reduced since, so its denominator is a product of 2 and 5). Others store the nearest fraction,
 * often of a float32.
 */
function sizeAsMeant(size: number, fraction: readonly [number, number] | undefined): number {
  const exact = decimalWithin(size, 1e-13, 7);
  if (!fraction || exact === Number(exact.toPrecision(7))) return Number(exact.toPrecision(15));
  const [numerator, denominator] = fraction;
  const fixed = withoutFactors(withoutFactors(denominator, 2), 5) === 1;
  const cut = numerator * (denominator > 1 && 1e6 % denominator === 0 ? 1e6 / denominator : 1);
  const meant = fixed && cut >= 1000 ? decimalWithin(size, 1 / cut) : decimalWithin(size, 1.2e-7, 6);
  return Number(meant.toPrecision(15));
}

function withoutFactors(value: number, factor: number): number {
  let rest = value;
  while (rest > 1 && rest % factor === 0) rest /= factor;
  return rest;
}

/** ImageJ writes characters beyond ASCII as \uXXXX. */
function decodeEscapes(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * The description that ImageJ reads: extents of axes above 1, calibration in um, meaning of the counts, display range.
 */
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
    ...(info.zStep === undefined ? [] : [`spacing=${tidy(info.zStep)}`]),
    ...(info.frameInterval === undefined ? [] : [`finterval=${tidy(info.frameInterval)}`]),
    ...(info.rescale ? ["cf=0", `c0=${info.rescale.offset}`, `c1=${info.rescale.scale}`, "vunit=Gray Value"] : []),
    ...(images > 1 ? ["loop=false"] : []),
    ...(displayRange ? [`min=${displayRange[0]}`, `max=${displayRange[1]}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
