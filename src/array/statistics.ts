/**
 * Numbers about numbers: mean, extent, exact percentiles without sorting, and a histogram that is filled piece by piece.
 */
import { ParfocalError } from "../errors.ts";

/** Values as images store them. */
export type Samples = Uint8Array | Uint16Array | Float32Array;

/** Numbers in full precision, few enough to be sorted. */
type NumberList = readonly number[] | Float64Array;

/** Arithmetic mean, summed in float64. NaN for no values at all. */
export function mean(data: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < data.length; i++) sum += data[i];
  return sum / data.length;
}

/** Mean and population variance (divided by n), in two passes so that a large offset costs no digits. */
export function moments(data: ArrayLike<number>): { mean: number; variance: number } {
  const centre = mean(data);
  let squares = 0;
  for (let i = 0; i < data.length; i++) {
    const d = data[i] - centre;
    squares += d * d;
  }
  return { mean: centre, variance: squares / data.length };
}

/**
 * Smallest and largest value. NaN is passed over (it compares false with everything).
 * @throws image.unfit when there is no number at all
 */
export function extent(data: ArrayLike<number>): { min: number; max: number } {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    const v = data[i];
    if (v < min) min = v;
    if (v > max) max = v;
  }
  if (min > max) {
    const detail = `Minimum and maximum of ${data.length} values: none of them is a number; give at least one pixel.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  return { min, max };
}

/** Index of the first NaN or infinite value, -1 when all are finite. */
export function findNonFinite(data: ArrayLike<number>): number {
  if (data instanceof Uint8Array || data instanceof Uint16Array) return -1;
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return i;
  return -1;
}

/**
 * The exact median: where the number of values is even, the middle between the two in the middle. Pixels are selected as
 * {@link percentiles} selects them, lists of numbers are sorted in a copy.
 * @returns NaN for an empty list
 * @throws image.unfit for pixels as {@link percentiles}
 */
export function median(data: Samples | NumberList): number {
  if (isSamples(data)) return percentiles(data, [50])[0];
  const sorted = ascending(data);
  return (sorted[(sorted.length - 1) >> 1] + sorted[sorted.length >> 1]) / 2;
}

/** The median, or where the number of values is even, the larger of the two in the middle: always one of the values. NaN for none. */
export function upperMedian(values: NumberList | Float32Array): number {
  return values.length === 0 ? Number.NaN : ascending(values)[values.length >> 1];
}

/** One exact percentile; see {@link percentiles}, which gives several at the price of one. */
export function percentile(data: Samples, percent: number): number {
  return percentiles(data, [percent])[0];
}

/**
 * Exact percentiles with linear interpolation between neighbours (numpy's default, Hyndman & Fan type 7), without
 * sorting or copying. Integers are counted. The bits of a float32, with the sign folded in, sort as the floats do, so a
 * histogram over the upper 16 bits finds the bucket of each requested rank, and one over the lower 16 bits of that bucket
 * finds the value (radix selection): one pass over the data, and one more per bucket. Lists of numbers in full precision are
 * sorted, in a copy.
 *
 * @param percents each in 0..100, in any order
 * @returns as many values as `percents`, same order
 * @throws usage for a percentage outside 0..100; image.unfit for no values, NaN or infinity
 */
export function percentiles(data: Samples | NumberList, percents: readonly number[]): number[] {
  checkPercents(percents);
  const n = data.length;
  if (n === 0) throw unfit("Percentiles of no values were asked for; give at least one pixel.");
  const ranks = ranksOf(percents, n);
  return interpolate(percents, n, selectRanks(data, ranks));
}

function selectRanks(data: Samples | NumberList, ranks: readonly number[]): Map<number, number> {
  if (data instanceof Float32Array) return selectFloats(data, ranks);
  if (isSamples(data)) return selectIntegers(data, ranks);
  const at = findNonFinite(data);
  if (at >= 0) throw unfitValue(data, at);
  const sorted = ascending(data);
  return new Map(ranks.map((rank) => [rank, sorted[rank]]));
}

const isSamples = (data: Samples | NumberList): data is Samples =>
  data instanceof Float32Array || data instanceof Uint16Array || data instanceof Uint8Array;

/** A sorted copy. */
const ascending = (values: NumberList | Float32Array): NumberList | Float32Array =>
  values instanceof Float32Array ? values.slice().sort() : [...values].sort((a, b) => a - b);

function selectIntegers(data: Uint8Array | Uint16Array, ranks: readonly number[]): Map<number, number> {
  const counts = new Uint32Array(65536);
  for (let i = 0; i < data.length; i++) counts[data[i]]++;
  const values = new Map<number, number>();
  let below = 0;
  let r = 0;
  for (let v = 0; v < counts.length; v++) {
    below += counts[v];
    for (; r < ranks.length && ranks[r] < below; r++) values.set(ranks[r], v);
  }
  return values;
}

function selectFloats(data: Float32Array, ranks: readonly number[]): Map<number, number> {
  const n = data.length;
  const words = new Uint32Array(data.buffer, data.byteOffset, n);
  const upper = new Uint32Array(65536);
  for (let i = 0; i < n; i++) upper[sortable(words[i]) >>> 16]++;
  for (let b = 0; b < 65536; b++)
    if (upper[b] > 0 && (b <= 0x007f || b >= 0xff80)) {
      // An exponent of all ones: infinity or NaN.
      throw unfitValue(data, findNonFinite(data));
    }

  const values = new Map<number, number>();
  const lower = new Uint32Array(65536);
  let before = 0;
  let r = 0;
  for (let b = 0; b < 65536 && r < ranks.length; b++) {
    const next = before + upper[b];
    if (ranks[r] < next) {
      lower.fill(0);
      for (let i = 0; i < n; i++) {
        const key = sortable(words[i]);
        if (key >>> 16 === b) lower[key & 0xffff]++;
      }
      let below = before;
      for (let low = 0; low < 65536; low++) {
        below += lower[low];
        for (; r < ranks.length && ranks[r] < below; r++) values.set(ranks[r], floatOf(((b << 16) | low) >>> 0));
      }
    }
    before = next;
  }
  return values;
}

/**
 * A histogram that is filled piece by piece, so that percentiles of an image that does not fit into memory need one pass.
 * Whole numbers from 0 to 65535 are counted exactly; other values fall into bins of the upper 20 bits of a float32, which
 * bounds the relative error of a percentile by 2^-11. Memory: 4.5 MB, whatever is added.
 */
export class StreamingHistogram {
  private readonly integers = new Uint32Array(65536);
  private floats: Uint32Array | undefined;
  private total = 0;
  private low = Number.POSITIVE_INFINITY;
  private high = Number.NEGATIVE_INFINITY;

  /** How many values were added. */
  get count(): number {
    return this.total;
  }

  /** Smallest and largest value so far, exact; infinite and reversed while nothing was added. */
  get extent(): { min: number; max: number } {
    return { min: this.low, max: this.high };
  }

  /** @throws image.unfit for NaN or infinity, naming the place in this piece */
  add(data: Samples): void {
    const one = new Float32Array(1);
    const word = new Uint32Array(one.buffer);
    for (let i = 0; i < data.length; i++) {
      const v = data[i];
      if (v < this.low) this.low = v;
      if (v > this.high) this.high = v;
      if (v >= 0 && v <= 65535 && v === Math.floor(v)) this.integers[v]++;
      else if (Number.isFinite(v)) {
        this.floats ??= new Uint32Array(1 << 20);
        one[0] = v;
        this.floats[sortable(word[0]) >>> 12]++;
      } else
        throw unfit(`Histogram: value ${i} is ${v}; expected finite numbers, so mask or replace such pixels first.`);
    }
    this.total += data.length;
  }

  /** Percentiles as {@link percentiles} gives them; exact for whole numbers from 0 to 65535. */
  percentiles(percents: readonly number[]): number[] {
    checkPercents(percents);
    if (this.total === 0) throw unfit("Percentiles of an empty histogram were asked for; add pixels first.");
    const ranks = ranksOf(percents, this.total);
    const values = new Map<number, number>();
    let below = 0;
    let r = 0;
    const take = (value: number, count: number): void => {
      below += count;
      const inside = Math.min(Math.max(value, this.low), this.high);
      for (; r < ranks.length && ranks[r] < below; r++) values.set(ranks[r], inside);
    };
    let next = 0;
    const takeIntegersBelow = (limit: number): void => {
      for (; next < 65536 && next < limit; next++) if (this.integers[next] > 0) take(next, this.integers[next]);
    };
    if (this.floats)
      for (let bin = 0; bin < this.floats.length; bin++) {
        if (this.floats[bin] === 0) continue;
        const centre = floatOf(((bin << 12) | 0x800) >>> 0);
        takeIntegersBelow(centre);
        take(centre, this.floats[bin]);
      }
    takeIntegersBelow(65536);
    return interpolate(percents, this.total, values);
  }
}

/** Bits of a float32 turned so that unsigned order is numeric order: flip all bits of negatives, the sign of the rest. */
function sortable(word: number): number {
  return word >>> 31 ? ~word >>> 0 : (word | 0x80000000) >>> 0;
}

/** The float32 whose {@link sortable} key this is. */
function floatOf(key: number): number {
  const word = new Uint32Array([key >>> 31 ? key & 0x7fffffff : ~key]);
  return new Float32Array(word.buffer)[0];
}

/** The order statistics that interpolation needs, ascending, each once. */
function ranksOf(percents: readonly number[], n: number): number[] {
  const ranks = new Set<number>();
  for (const p of percents) {
    const position = (p / 100) * (n - 1);
    ranks.add(Math.floor(position));
    ranks.add(Math.ceil(position));
  }
  return [...ranks].sort((a, b) => a - b);
}

function interpolate(percents: readonly number[], n: number, values: ReadonlyMap<number, number>): number[] {
  return percents.map((p) => {
    const position = (p / 100) * (n - 1);
    const low = values.get(Math.floor(position)) ?? Number.NaN;
    const high = values.get(Math.ceil(position)) ?? Number.NaN;
    return low + (high - low) * (position - Math.floor(position));
  });
}

function checkPercents(percents: readonly number[]): void {
  for (const p of percents)
    if (!(p >= 0 && p <= 100)) {
      const expected = "a number from 0 to 100";
      throw new ParfocalError("usage", `A percentile of ${p} was asked for; expected ${expected}.`, {
        got: p,
        expected,
      });
    }
}

function unfitValue(data: ArrayLike<number>, at: number): ParfocalError {
  return unfit(
    `Percentiles: value ${at} is ${data[at]}; expected finite numbers, so mask or replace such pixels first.`,
  );
}

function unfit(detail: string): ParfocalError {
  return new ParfocalError("image.unfit", detail, { detail });
}
