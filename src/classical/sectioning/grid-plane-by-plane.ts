/** Sections from a grid, one plane at a time: `sectionFromGrid` for stacks that are larger than memory. */
import { throwIfAborted } from "../../errors.ts";
import {
  addPower,
  differenceSpectra,
  type Exposures,
  exposureBrightness,
  findGridFrequency,
  type GridFrequency,
  type GridTrace,
  phasesOf,
  sumTraces,
  traceGrid,
} from "./grid-phases.ts";
import { sectionFromGrid } from "./structured-illumination.ts";

/** The grid in one plane. */
export interface PlaneGrid {
  /** Phases in the three exposures, radians. */
  phases: number[];
  /** Relative brightness of the three exposures, mean 1. */
  brightness: number[];
}

export interface MeasuredGrid {
  planes: PlaneGrid[];
  frequency: GridFrequency;
  /** Number of planes in which the grid was visible; the others follow them. */
  seen: number;
}

/** Minimum peak at the grid's frequency that is not chance (as in `sectionFromGrid`). */
const VISIBLE = 30;
const thirds = [0, (2 * Math.PI) / 3, (4 * Math.PI) / 3];

/** The ideal grid, for a plane without measurements. */
export const perfectGrid = (): PlaneGrid => ({ phases: [...thirds], brightness: [1, 1, 1] });

/**
 * Measures the grid as `sectionFromGrid` does: its frequency in all planes together, then phases and brightness in
 * each; planes in which it is not visible take the phases of the others. Every plane is read twice, and one at a time
 * is in memory.
 *
 * @param read exposures of a plane, counts above the camera's offset
 * @param onPlane called after every plane that was read
 * @throws `interrupted`, and what `read` throws
 */
export async function measureGrid(
  planes: number,
  read: (z: number) => Promise<Exposures>,
  { signal, onPlane }: { signal?: AbortSignal | undefined; onPlane?: (() => void) | undefined } = {},
): Promise<MeasuredGrid> {
  let power: Float64Array | undefined;
  let frequency: GridFrequency = { x: 0, y: 0 };
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const one = await read(z);
    const spectra = differenceSpectra(one, meanBrightness(one));
    power ??= new Float64Array(spectra.height * spectra.spectrumWidth);
    addPower(spectra, power);
    if (z === planes - 1) frequency = findGridFrequency(power, spectra.height, spectra.width);
    onPlane?.();
  }
  const period = 1 / Math.max(1e-9, Math.hypot(frequency.x, frequency.y));
  const brightness: number[][] = [];
  const traces: GridTrace[] = [];
  for (let z = 0; z < planes; z++) {
    throwIfAborted(signal);
    const one = await read(z);
    brightness.push(exposureBrightness(one, Math.min(period, one.height, one.width)));
    traces.push(traceGrid(differenceSpectra(one, brightness[z]), frequency));
    onPlane?.();
  }
  const visible = traces.filter(({ significance }) => significance > VISIBLE);
  const together = visible.length > 0 ? phasesOf(sumTraces(visible)) : undefined;
  if (together === undefined) return { planes: traces.map(perfectGrid), frequency, seen: 0 };
  return {
    frequency,
    seen: visible.length,
    planes: traces.map((trace, z) => ({
      phases: (trace.significance > VISIBLE ? phasesOf(trace) : undefined) ?? together,
      brightness: brightness[z],
    })),
  };
}

/**
 * The section and the widefield image of one plane, `[height, width]` each. The exposures are converted to those of a
 * grid moved by exact thirds under a constant lamp, which are then sectioned.
 */
export function sectionOnePlane(
  { data, height, width }: Exposures,
  { phases, brightness }: PlaneGrid,
): { section: Float32Array; widefield: Float32Array } {
  const size = height * width;
  const mix = multiply(thirds.map(shares), inverse(phases.map(shares)));
  const even = new Float32Array(data.length);
  mix.forEach((row, j) => {
    const [a, b, c] = row.map((share, l) => share / brightness[l]);
    for (let i = 0; i < size; i++) even[j * size + i] = a * data[i] + b * data[size + i] + c * data[2 * size + i];
  });
  return sectionFromGrid({ data: even, planes: 1, height, width }, { correct: false });
}

type Row = readonly [number, number, number];

/** An exposure at a phase is W + cos(phase) C - sin(phase) S: the weights of the three. */
const shares = (phase: number): Row => [1, Math.cos(phase), -Math.sin(phase)];

/** The columns of the inverse are the cross products of the rows over the determinant. */
function inverse([a, b, c]: readonly Row[]): Row[] {
  const cross = (p: Row, q: Row): Row => [
    p[1] * q[2] - p[2] * q[1],
    p[2] * q[0] - p[0] * q[2],
    p[0] * q[1] - p[1] * q[0],
  ];
  const columns = [cross(b, c), cross(c, a), cross(a, b)];
  const determinant = a[0] * columns[0][0] + a[1] * columns[0][1] + a[2] * columns[0][2];
  const row = (i: number): Row => [
    columns[0][i] / determinant,
    columns[1][i] / determinant,
    columns[2][i] / determinant,
  ];
  return [row(0), row(1), row(2)];
}

const multiply = (m: readonly Row[], n: readonly Row[]): number[][] =>
  m.map((row) => [0, 1, 2].map((l) => row[0] * n[0][l] + row[1] * n[1][l] + row[2] * n[2][l]));

function meanBrightness({ data, height, width }: Exposures): number[] {
  const size = height * width;
  const sums = [0, 1, 2].map((j) => data.subarray(j * size, (j + 1) * size).reduce((sum, v) => sum + v, 0));
  const total = sums[0] + sums[1] + sums[2];
  return sums.every((sum) => sum > 0) ? sums.map((sum) => (3 * sum) / total) : [1, 1, 1];
}
