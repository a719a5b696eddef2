/** Structure planted where nothing is, to see whether a test finds it. */
import type { Random } from "../array/random.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { differenceNorm, responses, spotResponse } from "./difference-of-gaussians.ts";
import { checkOption, wrongOption } from "./hallucinations.ts";
import { maximumFilter, separated, structuresOf } from "./spots.ts";

export interface PlantOptions {
  /** How many are wanted. */
  count: number;
  /** Of a spot and across a line, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** How strong they are: 1 is as the median of the output's own bright structures, seen at the size of a spot. */
  contrast: number;
  random: Random;
  /** Share that are lines, four widths long; default 0.25. */
  lines?: number | undefined;
  /** Other pictures that must have no structure at the places either, such as the reference. */
  empty?: readonly Plane[] | undefined;
}

/** What was planted: its middle, pixels, not rounded. */
export interface PlantedHallucination {
  x: number;
  y: number;
  kind: "spot" | "line";
  /** Height at its middle, in the unit of the output. */
  height: number;
}

/**
 * Adds structure that is not there, at places away from what is. The size and the strength of structure are those of the output itself.
 *
 * @returns a new plane; where the picture is too full for all of them, fewer
 * @throws `image.unfit` for pixels that are not finite, an output without structure, or one that is full; `usage` for options out of range
 */
export function plantHallucinations(
  output: Plane,
  options: PlantOptions,
): { plane: Plane; planted: PlantedHallucination[] } {
  const { count, fwhm = 3, contrast, random, lines = 0.25, empty = [] } = options;
  checkPlanting(output, options);
  const { unit, places } = findPlaces([output, ...empty], { count, fwhm, random });
  const data = output.data.slice();
  const planted = places.map(({ x, y }): PlantedHallucination => {
    const kind = random.uniform() < lines ? "line" : "spot";
    const angle = random.between(0, Math.PI);
    const height = contrast * unit;
    draw({ ...output, data }, { x, y, height, fwhm, angle, length: kind === "line" ? 4 * fwhm : 0 });
    return { x, y, kind, height };
  });
  return { plane: { ...output, data }, planted };
}

function checkPlanting(output: Plane, { count, fwhm = 3, contrast, lines = 0.25 }: PlantOptions): void {
  checkPair(output, output);
  checkOption("fwhm", fwhm, 1, 64);
  checkOption("contrast", contrast, 0, Number.MAX_VALUE);
  checkOption("lines", lines, 0, 1);
  if (!Number.isInteger(count)) throw wrongOption("count", count, "a whole number, 1 or more");
  checkOption("count", count, 1, 1e6);
}

/**
 * Places, separated from each other and from the border, where no picture has more than a tenth of its typical structure; among several tries
 * in their order by chance.
 */
function findPlaces(
  pictures: readonly Plane[],
  { count, fwhm, random }: { count: number; fwhm: number; random: Random },
): { unit: number; places: { x: number; y: number }[] } {
  const [{ height, width }] = pictures;
  const sigma = fwhm / 2.3548;
  const sigmas = [sigma, 2 * sigma];
  // The reach of a line.
  const border = Math.ceil(3 * fwhm);
  const busy = new Float32Array(height * width);
  let unit = 0;
  pictures.forEach((picture, k) => {
    checkPair(picture, pictures[0]);
    const [response] = responses(picture, sigmas);
    const structures = structuresOf(picture, response, { fwhm, sigmas });
    if (structures.length === 0) {
      if (k > 0) return;
      const detail = "the output has no structure whose strength planted structure could have";
      throw new ParfocalError("image.unfit", `Hallucinations cannot be planted: ${detail}.`, { detail });
    }
    const typical = structures[Math.floor(structures.length / 2)].response;
    if (k === 0) unit = typical / spotResponse(sigma);
    const limit = Math.max(0.25 * typical, 4 * noiseLevel(picture) * differenceNorm(sigma));
    const around = maximumFilter(response, Math.ceil(1.5 * fwhm)).data;
    for (let i = 0; i < busy.length; i++) busy[i] = Math.max(busy[i], around[i] / limit);
  });
  const tries: { x: number; y: number }[] = [];
  for (let i = 0; i < 200 * count && width > 2 * border && height > 2 * border; i++) {
    const place = { x: random.between(border, width - 1 - border), y: random.between(border, height - 1 - border) };
    if (busy[Math.round(place.y) * width + Math.round(place.x)] < 1) tries.push(place);
  }
  const places = separated(tries, 6 * fwhm).slice(0, count);
  if (places.length > 0) return { unit, places };
  const detail = `no place of ${2 * border} pixels in the ${height} x ${width} is free of structure`;
  throw new ParfocalError("image.unfit", `Hallucinations cannot be planted: ${detail}; give a larger picture.`, {
    detail,
  });
}

/** Adds a line with a Gaussian profile; of length 0: a spot. */
function draw(
  { data, height: rows, width }: Plane,
  shape: { x: number; y: number; height: number; fwhm: number; angle: number; length: number },
): void {
  const { x, y, height, fwhm, angle, length } = shape;
  const sigma = fwhm / 2.3548;
  const reach = Math.ceil(4 * sigma + length / 2);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  for (let v = Math.max(0, Math.floor(y) - reach); v <= Math.min(rows - 1, Math.ceil(y) + reach); v++) {
    for (let u = Math.max(0, Math.floor(x) - reach); u <= Math.min(width - 1, Math.ceil(x) + reach); u++) {
      const along = Math.max(0, Math.abs((u - x) * c + (v - y) * s) - length / 2);
      const across = (v - y) * c - (u - x) * s;
      data[v * width + u] += height * Math.exp((-0.5 * (along ** 2 + across ** 2)) / sigma ** 2);
    }
  }
}
