/** `axes`: the axes of an image as the user gives them, for example for frames that are really planes of a z-stack. */
import { ParfocalError } from "../errors.ts";
import { type PlaneIndex, resolvePlane } from "./axes.ts";
import type { FolderPlane } from "./folder-order.ts";
import type { ImageInfo } from "./image.ts";
import type { ImageFile } from "./image-file.ts";

/**
 * "zyx" as "ZYX", checked.
 * @throws usage unless the text consists of letters out of T, C and Z (S for colour), each at most once, and YX
 */
export function parseAxes(text: string): string {
  const axes = text.trim().toUpperCase();
  if (/^S?[TCZ]{0,3}S?YX$/.test(axes) && new Set(axes).size === axes.length) return axes;
  throw new ParfocalError(
    "usage",
    `The axes "${text}" are not understood; give \`axes <letters>\`: T (time), C (channel) and Z (plane), each at most once and in the order of the file, and then YX.`,
    { option: "axes", got: text, expected: "letters out of T, C and Z, and YX" },
  );
}

const indexOf = new Map([
  ["T", "time"],
  ["C", "channel"],
  ["Z", "z"],
] as const) as ReadonlyMap<string, "time" | "channel" | "z">;

/**
 * The same image with renamed axes. The z step of the file is kept. The time between frames, and the names and
 * wavelengths of channels, are kept with their axis. An image of a single plane (YX) stays as it is: axes of extent 1
 * are left out.
 * @param axes one letter for each axis of the file, in its order
 * @throws usage if the letters do not fit
 */
export function renameAxes(file: ImageFile, axes: string): ImageFile {
  const requested = parseAxes(axes);
  if (requested === file.axes || file.axes === "YX") return file;
  const same = requested.length === file.axes.length && requested.indexOf("S") === file.axes.indexOf("S");
  if (!same) {
    throw new ParfocalError(
      "usage",
      `${file.path} has the axes ${file.axes} (${file.shape.join(" x ")}), which cannot be renamed to ${requested}; give \`axes <letters>\` with one letter for each of the ${file.axes.length}.`,
      { option: "axes", got: axes, expected: `${file.axes.length} letters, for ${file.axes}` },
    );
  }
  const kept = (letter: string) => requested.indexOf(letter) === file.axes.indexOf(letter);
  const { frameInterval, channelNames, emissionWavelengths, folder, ...rest } = file;
  const info: ImageInfo = { ...rest, axes: requested };
  const moves = [...requested].flatMap((letter, i) => {
    const [now, before] = [indexOf.get(letter), indexOf.get(file.axes[i])];
    return now && before ? [{ now, before }] : [];
  });
  const namedAgain = (plane: FolderPlane): FolderPlane => {
    const renamed = { ...plane, time: 0, channel: 0, z: 0 };
    for (const { now, before } of moves) renamed[now] = plane[before];
    return renamed;
  };
  return {
    ...rest,
    axes: requested,
    ...(kept("T") && frameInterval !== undefined && { frameInterval }),
    ...(kept("C") && channelNames && { channelNames }),
    ...(kept("C") && emissionWavelengths && { emissionWavelengths }),
    ...(folder && {
      folder: {
        ...folder,
        rule: `${folder.rule} The axes ${file.axes} are renamed to ${requested}, as given.`,
        planes: folder.planes.map(namedAgain),
      },
    }),
    async readPlane(index, region, room) {
      const { t, c, z } = resolvePlane(info, index, file.path);
      const asked = { time: t, channel: c, z };
      const own: PlaneIndex = {};
      for (const { now, before } of moves) own[before] = asked[now];
      return file.readPlane(own, region, room);
    },
  };
}
