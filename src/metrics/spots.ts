/** Finds bright spots and structures in an image or a map: one maximum for each. */
import { noiseLevel } from "../classical/noise-level.ts";
import type { Plane } from "../image/image.ts";
import { differenceNorm } from "./difference-of-gaussians.ts";

/** The strongest pixel of a connected region. */
export interface Spot {
  x: number;
  y: number;
  /** Its value. */
  significance: number;
}

/** Maximum filter: the largest value in a square around each pixel. */
export function maximumFilter({ data, height, width }: Plane, radius: number): Plane {
  if (radius === 0) return { data, height, width };
  const across = createMaximum(width, 1, radius);
  const rows = new Float32Array(data.length);
  for (let y = 0; y < height; y++) across(data.subarray(y * width, (y + 1) * width), rows, y * width);
  const out = new Float32Array(data.length);
  createMaximum(height, width, radius)(rows, out, 0);
  return { data: out, height, width };
}

/**
 * Running maximum along a line of vectors by two passes over blocks of the length of the window, so that the time does
 * not depend on it. Source: van Herk, Pattern Recognit. Lett. 13, 517 (1992).
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

/** The largest value in a square around a place. */
export function maximumNear({ data, height, width }: Plane, x: number, y: number, radius: number): number {
  let best = Number.NEGATIVE_INFINITY;
  for (let v = Math.max(0, y - radius); v <= Math.min(height - 1, y + radius); v++) {
    for (let u = Math.max(0, x - radius); u <= Math.min(width - 1, x + radius); u++) {
      best = Math.max(best, data[v * width + u]);
    }
  }
  return best;
}

/**
 * Connected regions above a threshold, each represented by its strongest pixel. Regions closer than the width of a spot
 * to a stronger one belong to it.
 */
export function spotsOf({ data, height, width }: Plane, threshold: number, fwhm: number): Spot[] {
  const seen = new Uint8Array(data.length);
  const found: Spot[] = [];
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
  return separated(
    found.sort((a, b) => b.significance - a.significance),
    fwhm,
  );
}

/** Keeps the places, in their order, that are at least a distance away from all places kept before. */
export function separated<P extends { x: number; y: number }>(places: readonly P[], distance: number): P[] {
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

export interface Structure {
  x: number;
  y: number;
  response: number;
}

/** Bright structures: maxima that stand above the noise and are at least a fifth as strong as the strongest tenth. */
export function structuresOf(
  plane: Plane,
  response: Plane,
  { fwhm, sigmas }: { fwhm: number; sigmas: readonly number[] },
): Structure[] {
  const { data, height, width } = response;
  const top = maximumFilter(response, 1).data;
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
  return separated(
    maxima.filter((one) => one.response >= 0.2 * strong),
    fwhm,
  );
}
