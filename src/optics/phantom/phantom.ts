/** The interface of all kinds of simulated specimens: options, axial extent, and drawing into any grid of voxels. */
import { z } from "zod";
import type { Random } from "../../array/random.ts";
import { ParfocalError } from "../../errors.ts";
import { emptyVolume, type Volume, type VolumeGrid } from "./volume.ts";

/**
 * An object in the specimen: its kind and position, um (x, y from the centre of voxel row and column 0, z from the
 * focal plane), as plain data.
 */
export interface SpecimenObject {
  kind: string;
  x: number;
  y: number;
  z: number;
  [property: string]: number | string | readonly number[] | readonly (readonly number[])[];
}

export interface Specimen {
  volume: Volume;
  /** All single objects: cells, nuclei, beads, filaments with their paths. */
  objects: SpecimenObject[];
}

/** A kind of specimen. Options are snake_case with lengths in um; options that are left out take their default. */
export interface Phantom<S extends z.ZodObject = z.ZodObject> {
  readonly kind: string;
  /** One line for help texts. */
  readonly summary: string;
  readonly options: S;
  /** The lowest and highest z of the specimen, um from the focal plane. @throws `usage` for wrong options */
  extent(options: z.input<S>): readonly [low: number, high: number];
  /**
   * Draws the specimen. Positions and shapes are drawn in um from `random` alone, and voxels hold means, so that the
   * same seed in the same box gives the same specimen at any sampling. Parts above or below the box are cut off.
   * @throws `usage` for wrong options or grids, or when nothing of the specimen lies in the box
   */
  draw(grid: VolumeGrid, options: z.input<S>, random: Random): Specimen;
}

/** What a kind of specimen must define; `draw` adds to an empty volume. */
export interface PhantomParts<S extends z.ZodObject> {
  kind: string;
  summary: string;
  options: S;
  extent: (options: z.output<S>) => readonly [low: number, high: number];
  draw: (volume: Volume, options: z.output<S>, random: Random) => SpecimenObject[];
}

/** Adds what all kinds share: checks of options and grid, densities limited to 0..1, and an error for an empty box. */
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
      if (!clampDensities(volume.data)) throw emptyBox(kind, grid, parts.extent(resolved));
      return { volume, objects };
    },
  };
}

/** Numbers `[low, high]`, low first. */
export function range(min = Number.NEGATIVE_INFINITY) {
  const ordered = ([low, high]: [number, number]) => low <= high;
  const number = z.number().min(min);
  return z.tuple([number, number]).refine(ordered, "expected [low, high], low first");
}

/** The option `brightness_spread`, 0..1. */
export const brightnessSpread = (usual: number, what = "the brightness") =>
  z.number().min(0).max(1).default(usual).describe(`spread of ${what}: uniform between 1 - spread and 1`);

/** Maximum number of objects: far more than can be resolved in a field. */
const maxObjects = 1e6;

/** The number of objects in the box for a density per 100 x 100 um: rounded, at least one. */
export function countInBox(grid: VolumeGrid, perField: number): number {
  const area = grid.height * grid.width * grid.pixelSize ** 2;
  const count = Math.max(1, Math.round((perField * area) / 1e4 - 1e-9));
  if (count <= maxObjects) return count;
  const message = `The specimen would have ${count.toPrecision(3)} objects in a box of ${area.toPrecision(3)} um^2; give fewer, or a smaller field.`;
  throw new ParfocalError("usage", message, { option: "specimen", got: count, expected: `at most ${maxObjects}` });
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

function emptyBox(kind: string, grid: VolumeGrid, extent: readonly [number, number]): ParfocalError<"usage"> {
  const top = grid.bottom + (grid.depth - 1) * grid.sliceStep;
  const [low, high] = extent.map((z) => z.toPrecision(3));
  const box = `${grid.bottom.toPrecision(3)} to ${top.toPrecision(3)} um`;
  const message =
    `Specimen ${kind}: nothing of it lies in the volume, whose slices are at ${box}; the specimen reaches from ` +
    `${low} to ${high} um: give slices that overlap with it, or brighter or more objects.`;
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
