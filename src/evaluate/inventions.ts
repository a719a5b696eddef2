/**
 * Structure in an output that should not be there, and how faint it may be to be found.
 *
 * The pictures are compared through differences of Gaussians, matched to a spot and to twice and four times its size: an offset is gone,
 * and a structure that is only sharper or softer than it should be keeps its light, so that it does not stand out at all sizes. The
 * reference may lie a pixel beside the output, which is held against the strongest response around. How much two pictures of the same
 * thing differ is learnt from themselves: where the reference is empty that is noise, where it is bright it is more.
 *
 * What it does not see: structure that is invented on or beside a brighter one, or moved by less than a few spots' width. Where structure is
 * everywhere (dense filaments, chromatin), that is most of it: even another specimen's picture then seems invented in a few places only,
 * which correlation tells at once. An object that the reference shows blurred over more than about four spots' width counts as absent there.
 */
import { createRealFft2, nextFastSize } from "../array/fft.ts";
import { gaussianKernel, reflectedIndices } from "../array/filters.ts";
import type { Random } from "../array/random.ts";
import { mean, percentile, percentiles } from "../array/statistics.ts";
import { noiseLevel } from "../classical/noise-level.ts";
import { ParfocalError } from "../errors.ts";
import type { Plane } from "../image/image.ts";
import { checkPair } from "./comparable.ts";
import { reblurResidual } from "./reblur-residual.ts";

export interface InventionInput {
  /** What is judged, any unit. */
  output: Plane;
  /** What is known to be there: the plane recorded at the output's height; same size. */
  reference: Plane;
  /** Standard deviation of the reference's noise, counts; default estimated from it. */
  noise?: number | undefined;
  /** Full width at half maximum of the smallest spot, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** Pixels by which the pictures may lie beside each other, 0 to 8; default 1. */
  shift?: number | undefined;
  /** z of a spot; default {@link defaultThreshold}. */
  threshold?: number | undefined;
}

/** An invented structure: its strongest pixel. */
export interface InventedSpot {
  x: number;
  y: number;
  /** Its z. */
  significance: number;
}

export interface InventionMap {
  /**
   * By how many standard deviations of what differs anyhow, at such brightness, the structure in the output exceeds that of the reference;
   * below 0 where it does not.
   */
  z: Plane;
  /** Connected pixels of z above the threshold, the most significant first. */
  spots: InventedSpot[];
  /** Share of the output's bright structures that are invented, 0..1; 0 where there is none. */
  inventedShare: number;
  /** output = gain x reference, by structure; 1 where either has none. */
  gain: number;
}

/** Two recordings of nothing but noise, 512 x 512, reach 3.2 (measured); pictures of structure have longer tails. */
export const defaultThreshold = 6;

/** A structure that is brighter than in the reference by this share is one standard deviation off. */
const brightnessError = 0.1;

/**
 * @throws `image.unfit` for pictures of different size or with pixels that are not finite; `usage` for options out of their range
 */
export function inventionMap(input: InventionInput): InventionMap {
  const { output, threshold = defaultThreshold } = input;
  return judge(output, knownOf(input), threshold);
}

export interface ExcessInput {
  /** The output, blurred again by the PSF; any unit. */
  blurred: Plane;
  /** What the camera saw, counts; same size. */
  input: Plane;
  /** Standard deviation of the input's noise, counts; default estimated from it. */
  noise?: number | undefined;
  /** Width of the PSF, pixels, 1 to 64; default 3. */
  fwhm?: number | undefined;
  /** Default {@link defaultThreshold}. */
  threshold?: number | undefined;
}

/**
 * Light that re-blurring forbids: light is never negative, so that nothing can take back what an output puts where the input saw none. The
 * other way round proves nothing: light of the input that the output does not explain may come from outside it.
 *
 * @returns the excess of the re-blurred output over the input, with gain and offset fitted, in standard deviations of what differs anyhow
 * @throws as {@link inventionMap}
 */
export function excessMap({
  blurred,
  input,
  noise,
  fwhm = 3,
  threshold = defaultThreshold,
}: ExcessInput): Pick<InventionMap, "z" | "spots"> {
  const known = knownOf({ reference: input, noise, fwhm, shift: 0 });
  const { residual, gain } = reblurResidual(blurred, input);
  if (!(gain > 0)) return judge(blurred, known, threshold);
  const centre = mean(residual.data);
  const excess = smooth(residual, known.sigmas[0]).data.map((value) => -value - centre);
  const bright = smooth(input, known.sigmas[0]).data;
  const low = percentile(bright, 5);
  const level = bright.map((value) => Math.max(0, value - low));
  const z = { ...input, data: standardise(excess, level, known.noise * gaussianNorm(known.sigmas[0])) };
  clearBorder(z, Math.ceil(fwhm));
  return { z, spots: spotsOf(z, threshold, fwhm) };
}

/** What an output is held against, at one size. */
interface KnownSize {
  /** The difference of Gaussians of the reference. */
  response: Float32Array;
  /** The strongest response that a shift can bring here. */
  allowed: Float32Array;
  /** Standard deviation of the response of noise. */
  noise: number;
}

interface Known {
  plane: Plane;
  fwhm: number;
  noise: number;
  /** Of the Gaussians, pixels: of a spot, and twice, four times and eight times that. */
  sigmas: number[];
  sizes: KnownSize[];
  /** How bright the reference's structures are around here, at the first two sizes. */
  levels: Float32Array[];
}

function knownOf(input: Omit<InventionInput, "output">): Known {
  const { reference: plane, noise, fwhm = 3, shift = 1 } = input;
  checkPair(plane, plane);
  checkOption("fwhm", fwhm, 1, 64);
  checkOption("shift", shift, 0, 8);
  if (noise !== undefined) checkOption("noise", noise, 0, Number.MAX_VALUE);
  const white = noise ?? noiseLevel(plane);
  const sigma = fwhm / 2.3548;
  const sigmas = [1, 2, 4, 8].map((size) => sigma * size);
  const made = responses(plane, sigmas);
  const sizes = made.map((response, k) => ({
    response: response.data,
    allowed: largestAround(response, Math.ceil(shift)).data,
    noise: white * differenceNorm(sigmas[k]),
  }));
  const levels = [1, 2].map((size, k) =>
    largestAround(made[k], Math.ceil(fwhm * size)).data.map((value) => Math.max(0, value)),
  );
  return { plane, fwhm, noise: white, sigmas, sizes, levels };
}

function judge(output: Plane, known: Known, threshold: number): InventionMap {
  checkPair(output, known.plane);
  checkOption("threshold", threshold, 0, Number.MAX_VALUE);
  const seen = responses(output, known.sigmas);
  const gain = gainOf(seen[2].data, known.sizes[2]);
  const excess = known.sizes.map(({ allowed }, k) => seen[k].data.map((value, i) => value / gain - allowed[i]));
  const [fine, double] = known.levels.map((level, k) => standardise(excess[k], level, known.sizes[k].noise));
  const expected = spotResponse(known.sigmas[0], 4) / spotResponse(known.sigmas[0], 2);
  const z = {
    ...output,
    data: fine.map((value, i) => {
      const both = Math.min(value, double[i]);
      return both > 0 ? both * newLight(excess[2][i] / (expected * excess[1][i])) : both;
    }),
  };
  clearBorder(z, Math.ceil(known.fwhm));
  const structures = structuresOf(output, seen[0], known);
  const invented = structures.filter(({ x, y }) => bestAround(z, x, y, 1) >= threshold);
  return {
    z,
    spots: spotsOf(z, threshold, known.fwhm),
    inventedShare: structures.length > 0 ? invented.length / structures.length : 0,
    gain,
  };
}

/**
 * Structure that the reference shows blurred brings no light with it: at four times the size of a spot little of the excess is left, where
 * new light would all be there.
 *
 * @param left the share that is left there
 * @returns what z is multiplied with, 0..1
 */
const newLight = (left: number): number => Math.min(1, Math.max(0, (left - 0.4) / 0.4));

/**
 * What the output makes of the reference's structure: the median of the ratio where the reference has some, weighted by it, which is the
 * line of least absolute deviations. Inventions lie where the reference has none and have no say.
 */
function gainOf(seen: Float32Array, { response, noise }: KnownSize): number {
  const least = Math.max(4 * noise, 0.1 * percentile(response, 99.8), Number.MIN_VALUE);
  const ratios: { ratio: number; weight: number }[] = [];
  let half = 0;
  const stride = Math.ceil(response.length / enough);
  for (let i = 0; i < response.length; i += stride) {
    if (response[i] < least) continue;
    ratios.push({ ratio: seen[i] / response[i], weight: response[i] });
    half += response[i] / 2;
  }
  ratios.sort((a, b) => a.ratio - b.ratio);
  const median = ratios.find(({ weight }) => {
    half -= weight;
    return half <= 0;
  })?.ratio;
  // An output that has nothing of the reference is compared by the brightness of its own structure.
  const [own, theirs] = [percentile(seen, 99.8), percentile(response, 99.8)];
  const fallback = own > 0 && theirs > 0 ? own / theirs : 1;
  return median !== undefined && median > 0.1 * fallback ? median : fallback;
}

/** With fewer pixels a step of brightness says too little, and that below it counts. */
const fewest = 200;

/** As many pixels tell a percentile well enough. */
const enough = 1e5;

/**
 * Differences over their standard deviation, which is learnt in steps of brightness (factors of 2). Where the reference is empty, from the
 * quartiles, so that a quarter of the pixels may be invented; where it is bright and differences have long tails, from the 10th and 90th
 * percentile. It does not fall with brightness, and not below the noise.
 *
 * @param noise standard deviation of the noise in the differences, a lower bound
 */
function standardise(difference: Float32Array, level: Float32Array, noise: number): Float32Array {
  const most = level.reduce((a, b) => Math.max(a, b), 0);
  const floor = Math.max(noise, 1e-4 * most, 1e-30);
  const stepOf = (value: number) => (value < 2 * floor ? 0 : 1 + Math.floor(Math.log2(value / (2 * floor))));
  const steps = new Uint8Array(level.length);
  const counts = new Array<number>(stepOf(most) + 1).fill(0);
  for (let i = 0; i < steps.length; i++) {
    steps[i] = stepOf(level[i]);
    counts[steps[i]]++;
  }
  const strides = counts.map((count) => Math.ceil(count / enough));
  const groups = counts.map((count, step) => new Float32Array(Math.ceil(count / strides[step]) || 0));
  counts.fill(0);
  for (let i = 0; i < steps.length; i++) {
    const [step, n] = [steps[i], counts[steps[i]]++];
    if (n % strides[step] === 0) groups[step][n / strides[step]] = difference[i];
  }
  let sigma = floor;
  const sigmas = groups.map((values, step) => {
    if (values.length < fewest) return sigma;
    const [percent, deviations] = step < 3 ? [25, 0.6745] : [10, 1.2816];
    const [low, middle, high] = percentiles(values, [percent, 50, 100 - percent]);
    sigma = Math.max(sigma, (high - middle) / deviations, (middle - low) / deviations);
    return sigma;
  });
  return difference.map((value, i) => value / Math.hypot(sigmas[steps[i]], brightnessError * level[i]));
}

/** Half of a structure that lies on the border is not seen, and its mirror image stands for it: nothing is said there. */
function clearBorder({ data, height, width }: Plane, border: number): void {
  for (let y = 0; y < height; y++) {
    const inside = y >= border && y < height - border && width > 2 * border;
    if (inside) {
      data.fill(0, y * width, y * width + border);
      data.fill(0, (y + 1) * width - border, (y + 1) * width);
    } else data.fill(0, y * width, (y + 1) * width);
  }
}

/** Differences of Gaussians, each of two neighbours; mirrored about the border. */
function responses(plane: Plane, sigmas: readonly number[]): Plane[] {
  return filtered(
    plane,
    sigmas.slice(1).map((wide, k) => [sigmas[k], wide]),
  );
}

const smooth = (plane: Plane, sigma: number): Plane => filtered(plane, [[sigma, Number.POSITIVE_INFINITY]])[0];

/**
 * Differences of two Gaussians of given standard deviations, pixels; without the plane's mean, which no difference has. Multiplied as
 * spectra, since the wide ones are many times wider than a kernel is worth.
 */
function filtered({ data, height, width }: Plane, pairs: readonly (readonly [number, number])[]): Plane[] {
  const reach = Math.ceil(3 * Math.max(...pairs.flat().filter(Number.isFinite)));
  const plan = createRealFft2(nextFastSize(height + 2 * reach), nextFastSize(width + 2 * reach));
  const [rows, columns] = [reflectedIndices(height, reach), reflectedIndices(width, reach)];
  const centre = mean(data);
  const padded = new Float32Array(plan.height * plan.width);
  for (let y = 0; y < rows.length; y++) {
    const [from, to] = [rows[y] * width, y * plan.width];
    for (let x = 0; x < columns.length; x++) padded[to + x] = data[from + columns[x]] - centre;
  }
  const room = new Float32Array(padded.length);
  return pairs.map(([narrow, wide]) => {
    const real = new Float32Array(plan.height * plan.spectrumWidth);
    const down = [narrow, wide].map((sigma) => gaussianSpectrum(plan.height, plan.height, sigma));
    const across = [narrow, wide].map((sigma) => gaussianSpectrum(plan.width, plan.spectrumWidth, sigma));
    for (let v = 0; v < plan.height; v++) {
      const row = v * plan.spectrumWidth;
      const [a, b] = [down[0][v], down[1][v]];
      for (let u = 0; u < plan.spectrumWidth; u++) real[row + u] = a * across[0][u] - b * across[1][u];
    }
    plan.filter(padded, { real }, "factor", room);
    const out = new Float32Array(data.length);
    for (let y = 0; y < height; y++) {
      const from = (y + reach) * plan.width + reach;
      out.set(room.subarray(from, from + width), y * width);
    }
    return { data: out, height, width };
  });
}

/** The spectrum of a Gaussian along an axis of `size`: its first `count` frequencies. An infinitely wide one: nothing, not even 0. */
function gaussianSpectrum(size: number, count: number, sigma: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) =>
    sigma === Number.POSITIVE_INFINITY ? 0 : Math.exp(-2 * (Math.PI * sigma * (Math.min(i, size - i) / size)) ** 2),
  );
}

/** Root of the sum of the squared weights of a Gaussian in the plane: what it leaves of white noise. */
function gaussianNorm(sigma: number): number {
  return gaussianKernel(sigma, 3).reduce((sum, weight) => sum + weight * weight, 0);
}

/** That of the difference of a Gaussian and one twice as wide. */
function differenceNorm(sigma: number): number {
  const [wide, narrow] = [gaussianKernel(2 * sigma, 3), gaussianKernel(sigma, 3)];
  const offset = (wide.length - narrow.length) / 2;
  const both = narrow.reduce((sum, weight, i) => sum + weight * wide[i + offset], 0);
  return Math.sqrt(Math.max(0, gaussianNorm(sigma) ** 2 + gaussianNorm(2 * sigma) ** 2 - 2 * both ** 2));
}

/** The largest value of a square about each pixel. */
function largestAround({ data, height, width }: Plane, radius: number): Plane {
  if (radius === 0) return { data, height, width };
  const across = createMaximum(width, 1, radius);
  const rows = new Float32Array(data.length);
  for (let y = 0; y < height; y++) across(data.subarray(y * width, (y + 1) * width), rows, y * width);
  const out = new Float32Array(data.length);
  createMaximum(height, width, radius)(rows, out, 0);
  return { data: out, height, width };
}

/**
 * Running maximum along a line of vectors by two sweeps through blocks as long as the window: the time does not grow with it.
 * Source: van Herk, Pattern Recognit. Lett. 13, 517 (1992).
 */
function createMaximum(count: number, vector: number, radius: number) {
  const window = 2 * radius + 1;
  const blocks = Math.ceil((count + 2 * radius) / window);
  const length = blocks * window * vector;
  const [ahead, behind] = [new Float32Array(length), new Float32Array(length)];
  return (from: Float32Array, to: Float32Array, at: number): void => {
    ahead.fill(Number.NEGATIVE_INFINITY);
    ahead.set(from, radius * vector);
    behind.set(ahead);
    for (let block = 0; block < blocks; block++) {
      const [start, end] = [block * window * vector, (block + 1) * window * vector];
      for (let i = start + vector; i < end; i++) if (ahead[i - vector] > ahead[i]) ahead[i] = ahead[i - vector];
      for (let i = end - vector - 1; i >= start; i--)
        if (behind[i + vector] > behind[i]) behind[i] = behind[i + vector];
    }
    const reach = (window - 1) * vector;
    for (let i = 0; i < count * vector; i++) to[at + i] = Math.max(behind[i], ahead[i + reach]);
  };
}

function bestAround({ data, height, width }: Plane, x: number, y: number, radius: number): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
    for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
      best = Math.max(best, data[v * width + u]);
    }
  }
  return best;
}

/** Connected pixels above a threshold, each by its strongest; those nearer than a spot's width to a stronger one belong to it. */
function spotsOf({ data, height, width }: Plane, threshold: number, fwhm: number): InventedSpot[] {
  const seen = new Uint8Array(data.length);
  const found: InventedSpot[] = [];
  for (let first = 0; first < data.length; first++) {
    if (seen[first] || data[first] < threshold) continue;
    let best = first;
    const waiting = [first];
    seen[first] = 1;
    for (let i = waiting.pop(); i !== undefined; i = waiting.pop()) {
      if (data[i] > data[best]) best = i;
      const [y, x] = [Math.floor(i / width), i % width];
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const j = v * width + u;
          if (seen[j] || data[j] < threshold) continue;
          seen[j] = 1;
          waiting.push(j);
        }
      }
    }
    found.push({ x: best % width, y: Math.floor(best / width), significance: data[best] });
  }
  return apart(
    found.sort((a, b) => b.significance - a.significance),
    fwhm,
  );
}

/** Of places in their order those that are not nearer than a distance to one before. */
function apart<P extends { x: number; y: number }>(places: readonly P[], distance: number): P[] {
  const kept: P[] = [];
  const cells = new Map<string, P[]>();
  const cell = (v: number) => Math.floor(v / distance);
  for (const place of places) {
    const [cx, cy] = [cell(place.x), cell(place.y)];
    let free = true;
    for (let v = cy - 1; v <= cy + 1 && free; v++) {
      for (let u = cx - 1; u <= cx + 1 && free; u++) {
        free = !cells.get(`${u},${v}`)?.some(({ x, y }) => Math.hypot(x - place.x, y - place.y) < distance);
      }
    }
    if (!free) continue;
    kept.push(place);
    const key = `${cx},${cy}`;
    cells.set(key, [...(cells.get(key) ?? []), place]);
  }
  return kept;
}

interface Structure {
  x: number;
  y: number;
  response: number;
}

/** Bright structures: maxima that noise does not make, and at least a fifth as strong as the strong ones are. */
function structuresOf(plane: Plane, response: Plane, { fwhm, sigmas }: Pick<Known, "fwhm" | "sigmas">): Structure[] {
  const { data, height, width } = response;
  const top = largestAround(response, 1).data;
  const strongest = data.reduce((a, b) => Math.max(a, b), 0);
  const least = Math.max(5 * noiseLevel(plane) * differenceNorm(sigmas[0]), 1e-3 * strongest, 1e-30);
  const maxima: Structure[] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const value = data[y * width + x];
      if (value >= least && value === top[y * width + x]) maxima.push({ x, y, response: value });
    }
  }
  maxima.sort((a, b) => b.response - a.response);
  const strong = maxima[Math.floor(maxima.length / 10)]?.response ?? 0;
  return apart(
    maxima.filter((one) => one.response >= 0.2 * strong),
    fwhm,
  );
}

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
export interface PlantedInvention {
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
export function plantInventions(output: Plane, options: PlantOptions): { plane: Plane; planted: PlantedInvention[] } {
  const { count, fwhm = 3, contrast, random, lines = 0.25, empty = [] } = options;
  checkPlanting(output, options);
  const { unit, places } = findPlaces([output, ...empty], { count, fwhm, random });
  const data = output.data.slice();
  const planted = places.map(({ x, y }): PlantedInvention => {
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
  if (!Number.isInteger(count)) throw wrong("count", count, "a whole number, 1 or more");
  checkOption("count", count, 1, 1e6);
}

/**
 * Places, apart from each other and from the border, where no picture has more than a tenth of its typical structure; among several tries
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
      throw new ParfocalError("image.unfit", `Inventions cannot be planted: ${detail}.`, { detail });
    }
    const typical = structures[Math.floor(structures.length / 2)].response;
    if (k === 0) unit = typical / spotResponse(sigma);
    const limit = Math.max(0.25 * typical, 4 * noiseLevel(picture) * differenceNorm(sigma));
    const around = largestAround(response, Math.ceil(1.5 * fwhm)).data;
    for (let i = 0; i < busy.length; i++) busy[i] = Math.max(busy[i], around[i] / limit);
  });
  const tries: { x: number; y: number }[] = [];
  for (let i = 0; i < 200 * count && width > 2 * border && height > 2 * border; i++) {
    const place = { x: random.between(border, width - 1 - border), y: random.between(border, height - 1 - border) };
    if (busy[Math.round(place.y) * width + Math.round(place.x)] < 1) tries.push(place);
  }
  const places = apart(tries, 6 * fwhm).slice(0, count);
  if (places.length > 0) return { unit, places };
  const detail = `no place of ${2 * border} pixels in the ${height} x ${width} is free of structure`;
  throw new ParfocalError("image.unfit", `Inventions cannot be planted: ${detail}; give a larger picture.`, { detail });
}

/** What the difference of Gaussians makes, at `size` times the size of a Gaussian spot of height 1, of its middle. */
const spotResponse = (sigma: number, size = 1): number => {
  const at = (s: number) => sigma ** 2 / (sigma ** 2 + s ** 2);
  return at(size * sigma) - at(2 * size * sigma);
};

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

export interface InventionRocInput extends InventionInput {
  random: Random;
  /** Of the planted structures that the curve is for, 1 being the output's typical structure; default 1. */
  contrast?: number | undefined;
  /** At which the share that is found is measured; default 0.1 to 1.6 by factors of 2. */
  contrasts?: readonly number[] | undefined;
  /** Planted at a time, default 24; fewer where there is no room. */
  count?: number | undefined;
  /** How often, at each contrast; default 2. */
  rounds?: number | undefined;
}

export interface RocPoint {
  threshold: number;
  /** Of empty places that are taken for invented, 0..1. */
  falseAlarmRate: number;
  /** Of planted structures that are found, 0..1. */
  detectionRate: number;
}

export interface InventionRoc {
  contrast: number;
  /** From the strictest threshold (nothing found) to the loosest (all). */
  curve: RocPoint[];
  /** Area under the curve: 0.5 is a guess, 1 never errs. */
  auc: number;
  /** How many of the planted structures are found at the map's threshold. */
  found: { contrast: number; share: number }[];
  /** Contrast at which half are found at the map's threshold; undefined where none of the contrasts was enough. */
  halfContrast: number | undefined;
}

/**
 * How well the map tells planted structures from empty places, on this very output: the faintest invention that it could have found.
 * @throws as {@link inventionMap} and {@link plantInventions}
 */
export function inventionRoc(input: InventionRocInput): InventionRoc {
  const { output, reference, fwhm = 3, threshold = defaultThreshold } = input;
  const { random, contrast = 1, contrasts = [0.1, 0.2, 0.4, 0.8, 1.6], count = 24, rounds = 2 } = input;
  checkOption("rounds", rounds, 1, 1e4);
  const known = knownOf(input);
  const aperture = Math.ceil(fwhm / 2);
  const scores = (z: Plane, places: readonly { x: number; y: number }[]) =>
    places.map(({ x, y }) => bestAround(z, Math.round(x), Math.round(y), aperture));
  const planting = { count, fwhm, random, empty: [reference] };
  const plant = (strength: number): number[] =>
    Array.from({ length: rounds }, () => {
      const { plane, planted } = plantInventions(output, { ...planting, contrast: strength });
      return scores(judge(plane, known, threshold).z, planted);
    }).flat();
  const untouched = judge(output, known, threshold).z;
  const planted = plant(contrast);
  const empty = Array.from({ length: rounds }, () =>
    // Other places than the planted ones, chosen alike.
    scores(untouched, plantInventions(output, { ...planting, contrast: 0 }).planted),
  ).flat();
  const found = [...contrasts]
    .sort((a, b) => a - b)
    .map((one) => {
      const all = one === contrast ? planted : plant(one);
      return { contrast: one, share: all.filter((z) => z >= threshold).length / all.length };
    });
  return { contrast, ...rocOf(planted, empty), found, halfContrast: halfOf(found) };
}

/** Every threshold that changes something; the area counts ties half. */
function rocOf(planted: readonly number[], empty: readonly number[]): { curve: RocPoint[]; auc: number } {
  const thresholds = [...new Set([...planted, ...empty])].sort((a, b) => b - a);
  const share = (all: readonly number[], threshold: number) => all.filter((z) => z >= threshold).length / all.length;
  const curve = [Number.POSITIVE_INFINITY, ...thresholds].map((threshold) => ({
    threshold,
    falseAlarmRate: share(empty, threshold),
    detectionRate: share(planted, threshold),
  }));
  let auc = 0;
  for (let i = 1; i < curve.length; i++) {
    const [a, b] = [curve[i - 1], curve[i]];
    auc += ((b.falseAlarmRate - a.falseAlarmRate) * (a.detectionRate + b.detectionRate)) / 2;
  }
  return { curve, auc };
}

/** Where the straight lines through the shares, from nothing at contrast 0, first reach a half. */
function halfOf(found: readonly { contrast: number; share: number }[]): number | undefined {
  let before = { contrast: 0, share: 0 };
  for (const one of found) {
    if (one.share >= 0.5) {
      const part = (0.5 - before.share) / (one.share - before.share);
      return before.contrast + part * (one.contrast - before.contrast);
    }
    before = one;
  }
  return undefined;
}

function checkOption(option: string, got: number, low: number, high: number): void {
  if (got >= low && got <= high) return;
  throw wrong(option, got, high === Number.MAX_VALUE ? `a number, ${low} or more` : `${low} to ${high}`);
}

function wrong(option: string, got: number, expected: string): ParfocalError {
  return new ParfocalError("usage", `Inventions: ${option} is ${got}; expected ${expected}.`, {
    option,
    got,
    expected,
  });
}
