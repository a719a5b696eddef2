/** Plants structure at empty places of an output, to test whether it is found. */
import type { Random } from "../array/random.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { differenceNorm, responses, spotResponse } from "./difference-of-gaussians.ts";
import { checkOption, wrongOption } from "./hallucinations.ts";
import { maximumFilter, separated, structuresOf } from "./spots.ts";

export interface PlantOptions {
  /** Number of structures. */
  count: number;
  /** Full width at half maximum of a spot and across a line, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** Strength: 1 is the median of the output's own bright structures, measured at the size of a spot. */
  contrast: number;
  random: Random;
  /** Share of lines among them, four widths long; default 0.25. */
  lines?: number | undefined;
  /** Other images that must also be empty at the places, such as the reference. */
  empty?: readonly Plane[] | undefined;
}

/** A planted structure and its centre, pixels, not rounded. */
export interface PlantedHallucination {
  x: number;
  y: number;
  kind: "spot" | "line";
  /** Height at its centre, in the unit of the output. */
  height: number;
}

/**
 * Adds structure at empty places of an output. Its strength is relative to the structures of the output.
 *
 * @returns a new plane and the planted structures; fewer where the image has no room for all of them
 * @throws `image.unfit` for pixels that are not finite, an output without structure, or one that is full; `usage` for
 * options out of range
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
 * Chooses random places, away from each other and from the border, where the response of no image exceeds a quarter of
 * that of its typical structure (or four standard deviations of the noise, where that is more).
 */
function findPlaces(
  pictures: readonly Plane[],
  { count, fwhm, random }: { count: number; fwhm: number; random: Random },
): { unit: number; places: { x: number; y: number }[] } {
  const [{ height, width }] = pictures;
  const sigma = fwhm / 2.3548;
  const sigmas = [sigma, 2 * sigma];
  // A line reaches this far from its centre.
  const border = Math.ceil(3 * fwhm);
  const busy = new Float32Array(height * width);
  let unit = 0;
  pictures.forEach((picture, k) => {
    checkPair(picture, pictures[0]);
    const [response] = responses(picture, sigmas);
    const structures = structuresOf(picture, response, { fwhm, sigmas });
    if (structures.length === 0) {
      if (k > 0) return;
      const detail = "the output has no structure whose strength could be used";
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
  const detail = `no place of ${2 * border} pixels in the ${height} x ${width} pixels is free of structure`;
  throw new ParfocalError("image.unfit", `Hallucinations cannot be planted: ${detail}. Give a larger image.`, {
    detail,
  });
}

/** Adds a line with a Gaussian profile, or a spot if the length is 0. */
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
