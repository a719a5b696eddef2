/** What a kind of specimen is: its options, how deep it reaches, and drawing it into any grid of voxels. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { ParfocalError } from "../../errors.ts";
import { emptyVolume, type Volume, type VolumeGrid } from "./volume.ts";

/** Where a thing is, um (x, y from the centre of voxel row and column 0, z from the focal plane), and what it is. JSON can hold it. */
export interface SpecimenObject {
  kind: string;
  x: number;
  y: number;
  z: number;
  [property: string]: number | string | readonly number[] | readonly (readonly number[])[];
}

export interface Specimen {
  volume: Volume;
  /** Everything that can be counted or looked for: cells, nuclei, beads, filaments with their paths. */
  objects: SpecimenObject[];
}

/** A kind of specimen. Options are snake_case with lengths in um; whatever is left out takes its default. */
export interface Phantom<S extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly options: S;
  /** The lowest and highest z that holds anything, um from the focal plane. @throws `usage` for wrong options */
  extent(options: z.input<S>): readonly [low: number, high: number];
  /**
   * Draws the specimen. Everything is placed and shaped in um from `random` alone, and voxels receive means: the same seed in the
   * same box gives the same specimen, however finely the box is divided. What lies above or below the box is cut off.
   * @throws `usage` for wrong options or grids, or when nothing of the specimen lies in the box
   */
  draw(grid: VolumeGrid, options: z.input<S>, random: Random): Specimen;
}

/** What a kind must say of itself; `draw` adds its parts to a volume of nothing. */
export interface PhantomParts<S extends z.ZodObject> {
  kind: string;
  summary: string;
  options: S;
  extent: (options: z.output<S>) => readonly [low: number, high: number];
  draw: (volume: Volume, options: z.output<S>, random: Random) => SpecimenObject[];
}

/** Adds what all kinds share: options are checked and completed, the grid is checked, densities stay in 0..1, and an empty box is an error. */
export function definePhantom<S extends z.ZodObject>(parts: PhantomParts<S>): Phantom<S> {
  const { kind, summary, options: schema } = parts;
  return {
    kind,
    summary,
    options: schema,
    extent: (options) => parts.extent(parseOptions(kind, schema, options)),
    draw: (grid, options, random) => {
      checkGrid(kind, grid);
      const resolved = parseOptions(kind, schema, options);
      const volume = emptyVolume(grid);
      const objects = parts.draw(volume, resolved, random);
      if (!clampDensities(volume.data)) throw nothingInside(kind, grid, parts.extent(resolved));
      return { volume, objects };
    },
  };
}

/** Numbers `[low, high]`, low first. */
export function range(least = Number.NEGATIVE_INFINITY) {
  const ordered = ([low, high]: [number, number]) => low <= high;
  const number = z.number().min(least);
  return z.tuple([number, number]).refine(ordered, "expected [low, high], low first");
}

/** Far beyond what can be told apart in a field, and what a list of them takes seconds for. */
const maxThings = 1e6;

/** How many things there are in the box for so many per 100 x 100 um: rounded, at least one. */
export function countInBox(grid: VolumeGrid, perField: number): number {
  const area = grid.height * grid.width * grid.pixelSize ** 2;
  const count = Math.max(1, Math.round((perField * area) / 1e4 - 1e-9));
  if (count <= maxThings) return count;
  const message = `The phantom would have ${count.toPrecision(3)} things in a box of ${area.toPrecision(3)} um^2; give fewer, or a smaller field.`;
  throw new ParfocalError("usage", message, { option: "object", got: count, expected: `at most ${maxThings}` });
}

function parseOptions<S extends z.ZodObject>(kind: string, schema: S, options: z.input<S>): z.output<S> {
  const parsed = schema.safeParse(options);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const option = unknown ?? (issue.path.length > 0 ? String(issue.path[0]) : "options");
  const got = (options as Record<string, unknown> | undefined)?.[option];
  const expected = unknown === undefined ? issue.message : `one of ${Object.keys(schema.shape).join(", ")}`;
  const advice = unknown === undefined ? expected : `no such key; expected ${expected}`;
  const message = `Specimen ${kind}: ${option} is ${JSON.stringify(got) ?? "missing"}: ${advice}.`;
  throw new ParfocalError("usage", message, { option, got, expected });
}

function checkGrid(kind: string, grid: VolumeGrid): void {
  for (const side of ["depth", "height", "width"] as const) {
    if (Number.isInteger(grid[side]) && grid[side] >= 1) continue;
    throw wrongGrid(kind, side, grid[side], "a whole number of voxels, 1 or more");
  }
  for (const length of ["pixelSize", "sliceStep"] as const) {
    if (Number.isFinite(grid[length]) && grid[length] > 0) continue;
    throw wrongGrid(kind, length, grid[length], "a length above 0 um");
  }
  if (!Number.isFinite(grid.bottom)) throw wrongGrid(kind, "bottom", grid.bottom, "a z in um");
}

function wrongGrid(kind: string, option: string, got: number, expected: string): ParfocalError<"usage"> {
  return new ParfocalError("usage", `Specimen ${kind}: the grid's ${option} is ${got}: expected ${expected}.`, {
    option,
    got,
    expected,
  });
}

function nothingInside(kind: string, grid: VolumeGrid, extent: readonly [number, number]): ParfocalError<"usage"> {
  const top = grid.bottom + (grid.depth - 1) * grid.sliceStep;
  const [low, high] = extent.map((z) => z.toPrecision(3));
  const box = `${grid.bottom.toPrecision(3)} to ${top.toPrecision(3)} um`;
  const message =
    `Specimen ${kind}: nothing of it lies in the volume, whose slices are at ${box}; the specimen reaches from ` +
    `${low} to ${high} um: give slices that meet it, or brighter or more things.`;
  return new ParfocalError("usage", message, { option: "bottom", got: grid.bottom, expected: `${low} to ${high} um` });
}

/** Sets densities into 0..1. @returns whether anything is above 0 */
function clampDensities(data: Float32Array): boolean {
  let any = false;
  for (let i = 0; i < data.length; i++) {
    const value = data[i];
    if (value > 0) {
      any = true;
      if (value > 1) data[i] = 1;
    } else if (value < 0) data[i] = 0;
  }
  return any;
}
