/** Finds the exposures of every plane in files and reads them one plane at a time. */

import { ParfocalError } from "../../errors.ts";
import { checkIndex, extentOf, type PlaneIndex, refuseColour } from "../../image/axes.ts";
import type { ImageInfo, Optics } from "../../image/image.ts";
import { type ImageFile, readFinitePlane } from "../../image/image-file.ts";
import { requirePairable } from "../../image/pairable.ts";

/** Axes of a file along which exposures may be stored: channels, times or pages (planes). */
export const exposureAxes = ["c", "t", "z"] as const;
export type ExposureAxis = (typeof exposureAxes)[number];

/** Order of pages: the exposures of a plane one after another, or one whole z-stack after another. */
export const pageOrders = ["interleaved", "blocks"] as const;
export type PageOrder = (typeof pageOrders)[number];

/** The requested exposures. */
export interface WantedExposures {
  /** Numbers of the exposures from 0, in the requested order. */
  numbers: readonly number[];
  /** Whether the user chose the numbers; the file may then hold other channels or times as well. */
  chosen?: boolean | undefined;
  /** Name of the exposures in messages, such as "two exposures (uniform, speckle)". */
  what: string;
}

export interface ExposurePlace {
  /** The channel or time to use if the file has several that are not exposures. */
  channel?: number | undefined;
  time?: number | undefined;
  /** Default: channels if their number matches, else times, else pages. */
  axis?: ExposureAxis | undefined;
  /** Order of pages; default `interleaved`. Without `axis`, it implies that exposures are pages. */
  order?: PageOrder | undefined;
}

/** The exposures of a stack, read on demand. */
export interface ExposureSource {
  planes: number;
  height: number;
  width: number;
  /** Where they were found. */
  found: "channels" | "times" | "pages" | "files";
  info: Pick<ImageInfo, "pixelSize" | "zStep" | "dtype"> & { optics?: Optics };
  /**
   * Counts of exposure j (in the requested order) of plane z, `[height, width]`.
   * @throws `image.unfit` where a value is not a number, and what the reader throws
   */
  read(z: number, j: number): Promise<Float32Array>;
}

/**
 * Finds exposures: each in a file of its own, or all in one file. Only headers are read.
 *
 * @throws `usage` if the files hold another number of exposures or differ in size, or a channel or time must be chosen;
 * `image.unfit` for colour
 */
export function findExposures(
  files: readonly ImageFile[],
  wanted: WantedExposures,
  place: ExposurePlace = {},
): ExposureSource {
  for (const file of files) refuseColour(file, file.path);
  checkPlace(files, wanted, place);
  const { numbers } = wanted;
  if (files.length > 1) return ofFiles(files, numbers, place);
  const [file] = files;
  const axis = axisOf(file, wanted, place);
  if (axis === "z") return ofPages(file, numbers, place);
  const which = axis === "c" ? "channel" : "time";
  const other = which === "channel" ? "time" : "channel";
  const at = checkIndex(file, other, place[other], file.path);
  for (const number of numbers) checkIndex(file, which, number, file.path);
  return sourceOf(file, which === "channel" ? numbers[0] : at, {
    planes: extentOf(file, "Z"),
    found: `${which}s`,
    locate: (z, j) => [file, { [other]: at, [which]: numbers[j], z }],
  });
}

function ofFiles(files: readonly ImageFile[], numbers: readonly number[], place: ExposurePlace): ExposureSource {
  const placedOf = (file: ImageFile) => ({
    depth: extentOf(file, "Z"),
    height: extentOf(file, "Y"),
    width: extentOf(file, "X"),
    pixelSize: file.pixelSize,
    zStep: file.zStep,
  });
  for (const file of files.slice(1)) requirePairable([files[0].path, placedOf(files[0])], [file.path, placedOf(file)]);
  const at = files.map((file) => ({
    channel: checkIndex(file, "channel", place.channel, file.path),
    time: checkIndex(file, "time", place.time, file.path),
  }));
  return sourceOf(files[numbers[0]], at[numbers[0]].channel, {
    planes: extentOf(files[0], "Z"),
    found: "files",
    locate: (z, j) => [files[numbers[j]], { ...at[numbers[j]], z }],
  });
}

function ofPages(file: ImageFile, numbers: readonly number[], place: ExposurePlace): ExposureSource {
  const channel = checkIndex(file, "channel", place.channel, file.path);
  const time = checkIndex(file, "time", place.time, file.path);
  const count = numbers.length;
  const planes = extentOf(file, "Z") / count;
  const page = (z: number, number: number) => (place.order === "blocks" ? number * planes + z : z * count + number);
  return sourceOf(file, channel, {
    planes,
    found: "pages",
    locate: (z, j) => [file, { channel, time, z: page(z, numbers[j]) }],
  });
}

interface Layout {
  planes: number;
  found: ExposureSource["found"];
  locate(z: number, j: number): [ImageFile, PlaneIndex];
}

/** @param channel whose wavelength is that of the emission */
function sourceOf(file: ImageFile, channel: number, { locate, ...layout }: Layout): ExposureSource {
  const { pixelSize, zStep, dtype } = file;
  const wavelength = file.emissionWavelengths?.[channel];
  const optics = { ...file.optics, ...(wavelength !== undefined && { wavelength }) };
  return {
    ...layout,
    height: extentOf(file, "Y"),
    width: extentOf(file, "X"),
    info: {
      dtype,
      ...(pixelSize && { pixelSize }),
      ...(zStep !== undefined && { zStep }),
      ...(Object.keys(optics).length > 0 && { optics }),
    },
    async read(z, j) {
      const [from, index] = locate(z, j);
      return readFinitePlane(from, index);
    },
  };
}

function checkPlace(
  files: readonly ImageFile[],
  { numbers, what }: WantedExposures,
  { axis, order }: ExposurePlace,
): void {
  const count = numbers.length;
  const refuse = (message: string, option: string | undefined, got: unknown, expected: string) => {
    throw new ParfocalError("usage", message, { ...(option !== undefined && { option }), got, expected });
  };
  if (files.length !== 1 && files.length !== count) {
    const message = `Sectioning needs ${what}: give one file with all of them, or ${count} files; got ${files.length}.`;
    refuse(message, undefined, files.length, `1 or ${count}`);
  }
  if (files.length > 1 && (axis ?? order) !== undefined) {
    const option = axis === undefined ? "order" : "phases";
    const message = `Sectioning: \`${option}\` is for exposures in a single file, but there are ${files.length} files; leave it out.`;
    refuse(message, option, axis ?? order, "one file");
  }
  if (order !== undefined && axis !== undefined && axis !== "z") {
    const message = `Sectioning: \`order\` ${order} is for pages and has no effect with \`phases\` ${axis}; leave one of them out.`;
    refuse(message, "order", order, "`phases` z");
  }
  if (new Set(numbers).size < count) {
    refuse(
      `Sectioning: ${what} have the same number ${numbers[0]}; give different ones.`,
      "speckle",
      numbers[0],
      "another",
    );
  }
  const beyond = numbers.find((number) => !Number.isInteger(number) || number < 0);
  if (beyond !== undefined) {
    refuse(
      `Sectioning: ${beyond} is not a number of an exposure; expected whole numbers from 0.`,
      undefined,
      beyond,
      "0 or more",
    );
  }
  const most = Math.max(...numbers);
  const paged = (axis ?? (order && "z")) === "z";
  if ((files.length > 1 || paged) && most >= count) {
    const where = files.length > 1 ? `${count} files` : `each plane's ${count} pages`;
    refuse(`Sectioning: exposure ${most} is not among ${where}, 0 to ${count - 1}.`, undefined, most, `< ${count}`);
  }
}

function axisOf(file: ImageFile, { numbers, chosen, what }: WantedExposures, place: ExposurePlace): ExposureAxis {
  const count = numbers.length;
  const [channels, times, depth] = ["C", "T", "Z"].map((axis) => extentOf(file, axis));
  const enough = (extent: number) => extent === count || (chosen === true && extent > Math.max(...numbers));
  const fits: Record<ExposureAxis, boolean> = {
    c: enough(channels) && place.channel === undefined,
    t: enough(times) && place.time === undefined,
    z: depth % count === 0 && Math.max(...numbers) < count,
  };
  const asked = place.axis ?? (place.order && "z");
  // Several channels or times without a choice are more likely a wrong number of exposures than pages of each.
  const open = (channels > 1 && place.channel === undefined) || (times > 1 && place.time === undefined);
  const axis = asked ?? exposureAxes.find((one) => fits[one] && !(one === "z" && open));
  if (axis !== undefined && fits[axis]) return axis;
  const counted = (n: number, one: string) => `${n} ${one}${n > 1 ? "s" : ""}`;
  const has = `${counted(channels, "channel")}, ${counted(times, "time")} and ${counted(depth, "plane")}`;
  const ways = { c: `${count} channels`, t: `${count} times`, z: `a multiple of ${count} planes (its pages)` };
  const expected = asked === undefined ? `${ways.c}, ${ways.t} or ${ways.z}, or ${count} files` : ways[asked];
  const given = place.channel !== undefined || place.time !== undefined;
  const hint = given ? "; `channel` and `time` choose among channels and times that are not exposures" : "";
  const message = `${file.path} has ${has}; expected ${what} as ${expected}${hint}.`;
  throw new ParfocalError("usage", message, { got: has, expected: `${count} exposures` });
}
