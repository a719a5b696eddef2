/**
 * Default positions of input planes and default range of refocusing distances, from the optics, the z step and the
 * depth of the stacks.
 */
import type { Optics, Stack } from "../image/image.ts";

/** The properties of a stack that determine the defaults. */
export interface StackDepth {
  depth: number;
  /** um */
  zStep?: number | undefined;
  optics?: Optics | undefined;
}

/** Lengths in um; the first input plane is at 0. */
export interface RefocusGeometry {
  /** Distance from the first input plane to the second; undefined where no distance is possible in all stacks. */
  spacing: number | undefined;
  /** Maximum refocusing distance beyond the planes, on both sides. */
  reach: number;
}

/** Spacing of the input planes and reach beyond them, in axial units. */
const [spacingUnits, reachUnits] = [3, 8] as const;

/** For stacks whose optics are not known: spacing and reach as fractions of the depth. */
const [spacingShare, reachShare] = [1 / 12, 1 / 4] as const;

/**
 * Maximum fraction of the depth of a stack for the planes and the reach on both sides; the rest is left for the
 * position of the first plane.
 */
const maxDepthFraction = 2 / 3;

/**
 * The axial unit of widefield optics, um: lambda / (2 (n - sqrt(n^2 - NA^2))), which for small NA is lambda n / NA^2,
 * the depth of field (Born & Wolf, Principles of Optics, 8.8.2; the form for high NA: Inoue, in Handbook of Biological
 * Confocal Microscopy, ch. 1).
 * @returns undefined where NA or wavelength are not known, or NA is not below the refractive index
 */
export function axialUnit({ na, wavelength, refractiveIndex = 1 }: Optics): number | undefined {
  if (na === undefined || wavelength === undefined) return undefined;
  const index = Math.max(refractiveIndex, na > 1 ? 1.33 : 1, na > 1.3 ? 1.515 : 1);
  if (na >= index) return undefined;
  return wavelength / (2 * (index - Math.sqrt(index * index - na * na)));
}

/**
 * Two planes three axial units apart and eight axial units of reach, at positions where all stacks have planes, limited
 * by the depth of the thinnest stack.
 * @returns undefined where a z step is not known, or a stack has fewer than three planes
 */
export function refocusGeometry(stacks: readonly StackDepth[]): RefocusGeometry | undefined {
  const steps = stacks.flatMap(({ zStep, depth }) => (zStep === undefined || depth < 3 ? [] : [zStep]));
  if (steps.length === 0 || steps.length < stacks.length) return undefined;
  const thinnest = Math.min(...stacks.map(({ depth, zStep = 0 }) => (depth - 1) * zStep));
  const units = stacks.flatMap(({ optics }) => (optics && axialUnit(optics)) ?? []);
  const known = units.length === stacks.length;
  const target = known ? spacingUnits * Math.max(...units) : spacingShare * thinnest;
  const spacing = planeAt(steps, Math.min(target, thinnest / 4), thinnest / 2);
  const max = Math.max(Math.max(...steps), (maxDepthFraction * thinnest - (spacing ?? 0)) / 2);
  const reach = Math.min(max, known ? reachUnits * Math.max(...units) : reachShare * thinnest);
  const [finest, coarsest] = [Math.min(...steps), Math.max(...steps)];
  return { spacing, reach: rounded(Math.max(coarsest, Math.floor(reach / finest + 1e-6) * finest)) };
}

/**
 * The distance nearest to `target` and not above `max` at which every stack has a plane, within a quarter of its z
 * step; undefined where there is none.
 */
function planeAt(steps: readonly number[], target: number, max: number): number | undefined {
  const [finest, coarsest] = [Math.min(...steps), Math.max(...steps)];
  const count = Math.max(4, Math.ceil((2 * target) / finest), Math.ceil((2 * coarsest) / finest));
  const multiples = Array.from({ length: count }, (_, i) => rounded((i + 1) * finest));
  const fits = (offset: number): boolean =>
    steps.every((step) => {
      const planes = Math.round(offset / step);
      return planes !== 0 && Math.abs(planes * step - offset) <= 0.25 * step;
    });
  const found = multiples.filter((offset) => offset <= max + 1e-6 && fits(offset));
  const off = (offset: number): number => Math.abs(offset - target);
  return found.length === 0 ? undefined : found.reduce((best, one) => (off(one) < off(best) - 1e-9 ? one : best));
}

const rounded = (um: number): number => Number(um.toFixed(6));

/**
 * The keys of a refocusing method for plane positions and refocusing distances, as far as they are not given.
 * @param given the keys that the user has given
 */
export function refocusKeys(
  method: string,
  given: Readonly<Record<string, unknown>>,
  stacks: readonly StackDepth[],
): Record<string, unknown> {
  const geometry = refocusGeometry(stacks);
  if (geometry === undefined) return {};
  const { spacing, reach } = geometry;
  const missing = (keys: Record<string, unknown>): Record<string, unknown> =>
    Object.fromEntries(Object.entries(keys).filter(([key]) => given[key] === undefined));
  if (method === "deep-z") {
    const offsets = Array.isArray(given.input_offsets)
      ? given.input_offsets.map(Number)
      : [0, ...(spacing === undefined ? [] : [spacing])];
    const [low, high] = [Math.min(...offsets), Math.max(...offsets)];
    return missing({ input_offsets: offsets, distance_range: [rounded(low - reach), rounded(high + reach)] });
  }
  if (method === "recurrent-mz") {
    const range = [-reach, reach];
    return missing({ plane_range: range, distance_range: range });
  }
  if (method === "rlp" && (spacing !== undefined || given.step !== undefined)) {
    const step = Number(given.step ?? spacing);
    const steps = Math.max(1, Math.floor(reach / step + 1e-6));
    return missing({ step, distance_range: [rounded(-steps * step), rounded((steps + 1) * step)] });
  }
  return {};
}

/**
 * A warning about keys that were derived from the depth of the stacks, since their optics are not known; undefined
 * where there are none.
 * @param given the keys that the user has given
 */
export function assumedGeometry(
  method: string,
  given: Readonly<Record<string, unknown>>,
  stacks: readonly StackDepth[],
): string | undefined {
  const keys = Object.entries(refocusKeys(method, given, stacks));
  if (keys.length === 0 || stacks.every(({ optics }) => optics && axialUnit(optics) !== undefined)) return undefined;
  const written = (key: string, value: unknown): unknown =>
    Array.isArray(value) ? value.join(key === "input_offsets" ? " and " : " to ") : value;
  const derived = keys.map(([key, value]) => `${key} ${written(key, value)} um`);
  return `The NA or the wavelength of the stacks is not known, so these settings were derived from the depth of the stacks: ${derived.join(" and ")}.`;
}

/** The properties of a sample that determine the defaults. */
export const depthOf = ({ stack }: { stack: Stack }): StackDepth => stack;
