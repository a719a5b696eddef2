/** Selects a plane of an image and finds its place in the data. */
import { ParfocalError } from "../errors.ts";
import type { ImageInfo } from "./image.ts";

/** Indices from 0. An index may be left out only if the image has a single element along that axis. */
export interface PlaneIndex {
  channel?: number | undefined;
  time?: number | undefined;
  z?: number | undefined;
}

/** A plane with all three indices. */
export interface PlanePosition {
  c: number;
  z: number;
  t: number;
}

/** Extent of the image along an axis ("S", "T", "C", "Z", "Y", "X"); 1 where it does not have the axis. */
export function extentOf(info: ImageInfo, axis: string): number {
  const at = info.axes.indexOf(axis);
  return at < 0 ? 1 : info.shape[at];
}

const names = {
  channel: { axis: "C", singular: "channel", plural: "channels", option: "channel" },
  time: { axis: "T", singular: "time point", plural: "time points", option: "time" },
  z: { axis: "Z", singular: "plane", plural: "planes", option: "z" },
} as const;

/** One index along channel, time or z, checked: throws `usage` when it is out of range, or missing where needed. */
export function checkIndex(
  info: ImageInfo,
  which: keyof typeof names,
  index: number | undefined,
  path: string,
): number {
  const { axis, singular, plural, option } = names[which];
  const count = extentOf(info, axis);
  if (index === undefined) {
    if (count === 1) return 0;
    const hint =
      which === "time" && extentOf(info, "Z") === 1
        ? ` (if they are really planes, give \`axes ${info.axes.replace("Z", "").replace("T", "Z")}\`)`
        : "";
    throw new ParfocalError(
      "usage",
      `${path} has ${count} ${plural} and none was chosen; give ${named(option, "")} 0 to ${count - 1}${hint}.`,
      { option, expected: `0 to ${count - 1}` },
    );
  }
  if (Number.isInteger(index) && index >= 0 && index < count) return index;
  const has = count === 1 ? `1 ${singular}, number 0` : `${count} ${plural}, 0 to ${count - 1}`;
  throw new ParfocalError("usage", `${path} has ${has}; got ${named(option, ` ${index}`)}.`, {
    option,
    got: index,
    expected: `0 to ${count - 1}`,
  });
}

/** No option is called z, so planes are named without backquotes. */
const named = (option: string, value: string): string => (option === "z" ? `z${value}` : `\`${option}${value}\``);

/** All three indices, checked. */
export function resolvePlane(info: ImageInfo, index: PlaneIndex, path: string): PlanePosition {
  return {
    c: checkIndex(info, "channel", index.channel, path),
    t: checkIndex(info, "time", index.time, path),
    z: checkIndex(info, "z", index.z, path),
  };
}

/** Where a plane begins in `Image.data`, in pixels. */
export function planeOffset(info: ImageInfo, { c, z, t }: PlanePosition): number {
  let stride = 1;
  let offset = 0;
  for (let i = info.axes.length - 1; i >= 0; i--) {
    const axis = info.axes[i];
    if (axis === "C") offset += c * stride;
    if (axis === "Z") offset += z * stride;
    if (axis === "T") offset += t * stride;
    stride *= info.shape[i];
  }
  return offset;
}

/** Throws `image.unfit` for colour (RGB) images, which are described but not read. */
export function refuseColour(info: ImageInfo, path: string): void {
  if (!info.axes.includes("S")) return;
  throw new ParfocalError(
    "image.unfit",
    `${path} is a colour image with ${extentOf(info, "S")} samples per pixel, but grey is needed; split it first (ImageJ: Image > Color > Split Channels) and choose one channel.`,
    { path, detail: "colour image" },
  );
}
