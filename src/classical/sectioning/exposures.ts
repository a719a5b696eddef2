/** The exposures that a section is made of, wherever the files keep them. */

import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import type { ImageInfo, Optics, Stack } from "../../image/image.ts";
import { type ImageFile, readStack } from "../../image/image-file.ts";
import { requirePairable } from "../../image/pairable.ts";

/** Several z-stacks of the same field. */
export interface ExposureStacks {
  /** Each `[planes, height, width]`, in their order. */
  stacks: Float32Array[];
  planes: number;
  height: number;
  width: number;
  info: Pick<ImageInfo, "pixelSize" | "zStep" | "dtype"> & { optics?: Optics };
}

/** Where a file keeps its exposures: along its channels, its times, or one behind the other in its planes. */
type Place = "channel" | "time" | "plane";

/**
 * Reads `count` exposures of every plane: one from each of as many files, or all from one file, as its channels, else
 * as its times, else as its pages, where the exposures of a plane follow each other.
 *
 * @param channel, time where the files have more than one that are no exposures
 * @param what names the exposures in messages, such as "two exposures (uniform, speckle)"
 * @throws `usage` where files do not hold so many or differ in size, and what the reader throws
 */
export async function readExposures(
  files: readonly ImageFile[],
  count: number,
  what: string,
  options: { channel?: number | undefined; time?: number | undefined; signal?: AbortSignal | undefined } = {},
): Promise<ExposureStacks> {
  if (files.length === count) return await readEach(files, options);
  if (files.length !== 1) {
    const message = `Sectioning needs ${what}: one file with all of them, or ${count} files; got ${files.length}.`;
    throw new ParfocalError("usage", message, { got: files.length, expected: `1 or ${count}` });
  }
  const [file] = files;
  const place = placeOf(file, count, what, options);
  const { signal } = options;
  const stacks: Float32Array[] = [];
  if (place === "plane") {
    const { data, depth, height, width, ...info } = await readStack(file, options);
    const size = height * width;
    const planes = depth / count;
    for (let j = 0; j < count; j++) {
      const one = new Float32Array(planes * size);
      for (let z = 0; z < planes; z++)
        one.set(data.subarray((z * count + j) * size, (z * count + j + 1) * size), z * size);
      stacks.push(one);
    }
    return { stacks, planes, height, width, info };
  }
  let first: Stack | undefined;
  for (let j = 0; j < count; j++) {
    const stack = await readStack(file, { ...options, [place]: j, signal });
    first ??= stack;
    stacks.push(stack.data);
  }
  if (first === undefined) throw new ParfocalError("usage", `Sectioning needs ${what}.`, {});
  const { data: _data, depth, height, width, ...info } = first;
  return { stacks, planes: depth, height, width, info };
}

async function readEach(
  files: readonly ImageFile[],
  options: { channel?: number | undefined; time?: number | undefined; signal?: AbortSignal | undefined },
): Promise<ExposureStacks> {
  const all: Stack[] = [];
  for (const file of files) all.push(await readStack(file, options));
  const { data: _data, depth: planes, height, width, ...info } = all[0];
  all.forEach((stack, j) => {
    requirePairable([files[0].path, all[0]], [files[j].path, stack]);
  });
  return { stacks: all.map(({ data }) => data), planes, height, width, info };
}

function placeOf(
  file: ImageFile,
  count: number,
  what: string,
  { channel, time }: { channel?: number | undefined; time?: number | undefined },
): Place {
  const [channels, times, depth] = ["C", "T", "Z"].map((axis) => extentOf(file, axis));
  if (channels === count && channel === undefined) return "channel";
  if (times === count && time === undefined) return "time";
  if (depth % count === 0) return "plane";
  const has = `${channels} channel${channels > 1 ? "s" : ""}, ${times} time${times > 1 ? "s" : ""} and ${depth} plane${depth > 1 ? "s" : ""}`;
  const message =
    `${file.path} has ${has}; expected ${what} as ${count} channels, ${count} times or a multiple of ${count} planes ` +
    `(those of a plane one behind the other), or ${count} files.`;
  throw new ParfocalError("usage", message, { got: has, expected: `${count} exposures` });
}
