/** Simulates a z-stack of fluorescent beads as a widefield microscope records it, together with its truth. */
import { createRealFft2, nextPowerOfTwo } from "../array/fft.ts";
import { Random } from "../array/random.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import type { Stack } from "../image/image.ts";
import { type Camera, expectedCounts, expose } from "./camera/camera.ts";
import { type SliceSpectra, superpose, transformSlices } from "./imaging/superpose.ts";
import { type Ball, drawBall } from "./phantom/ball.ts";
import { type Bead, ballsOf } from "./phantom/bead.ts";
import { placeBeads } from "./phantom/place-beads.ts";
import { createOtfBank, type OtfBank } from "./psf/otf.ts";
import { axialResolution, coneRadius, nyquistPixelSize, type Pupil } from "./psf/pupil.ts";
import {
  type ResolvedSimulateBeadsOptions,
  resolveSimulateBeadsOptions,
  type SimulateBeadsOptions,
} from "./simulate-beads-options.ts";

export interface SimulatedBeads {
  /** What the camera recorded: whole counts 0..65535 (dtype uint16). Plane `focus_plane` is focused at z = 0. */
  stack: Stack;
  /** The same without noise and saturation: expected counts (dtype float32). */
  truth: Stack;
  /** The beads that are centred in the field. */
  beads: Bead[];
  /** Every option with its value, the seed included: given again, they make the same stack. */
  options: ResolvedSimulateBeadsOptions;
  /** Sentences for the user, such as pixels too coarse for the objective. */
  warnings: string[];
}

export interface SimulateControl {
  signal?: AbortSignal;
  /** Called with the planes that are done. */
  onProgress?: (progress: { done: number; total: number }) => void;
}

/** More than this is refused before the start. */
const memoryLimit = 6 * 2 ** 30;

/**
 * Simulates beads at many depths: solid, shell and textured beads are drawn into thin slices of a square larger than
 * the field, every plane is the sum of all slices convolved with the widefield PSF of their distance, the field is cut
 * out, and a camera adds photon and read noise. Light from beads outside the field falls into it as in a real sample.
 *
 * @throws `usage` for wrong options or more than 6 GiB of memory, `interrupted` when the signal is aborted
 */
export async function simulateBeads(
  options: SimulateBeadsOptions = {},
  control: SimulateControl = {},
): Promise<SimulatedBeads> {
  return createBeadSimulator(options).simulate(undefined, control);
}

/** Makes many fields of one microscope; the PSFs, the slow part, are computed once. */
export interface BeadSimulator {
  readonly options: ResolvedSimulateBeadsOptions;
  /** One field. @param seed instead of that of the options */
  simulate(seed?: number, control?: SimulateControl): Promise<SimulatedBeads>;
}

/** @throws `usage` as {@link simulateBeads} */
export function createBeadSimulator(options: SimulateBeadsOptions = {}): BeadSimulator {
  const resolved = resolveSimulateBeadsOptions(options);
  const setup = prepare(resolved);
  return {
    options: resolved,
    simulate: (seed, control = {}) => {
      const own = seed === undefined ? resolved : resolveSimulateBeadsOptions({ ...resolved, seed });
      return simulateField(setup, own, control);
    },
  };
}

/** What the fields of one microscope share. */
interface Setup {
  pupil: Pupil;
  /** Pixels of the square that the field is cut from. */
  world: number;
  /** Slices for each z step, and the distance between slices, um. */
  slicesPerStep: number;
  sliceStep: number;
  bank: OtfBank;
}

function prepare(options: ResolvedSimulateBeadsOptions): Setup {
  const { na, wavelength, size, planes, z_step: zStep, pixel_size: pixelSize, focus_plane: focusPlane } = options;
  const pupil: Pupil = {
    na,
    wavelength,
    refractiveIndex: options.refractive_index,
    sphericalAberration: options.spherical_aberration,
  };
  // Slices thinner than half the finest axial period. Measured at NA 0.8 with 1 um steps (slices of 0.5 um): four times
  // thinner slices change planes by 0.4 % RMS (solid beads) to 1.5 % (speckles), less than the photon noise.
  const slicesPerStep = Math.ceil(zStep / (0.4 * axialResolution(pupil)) - 1e-9);
  const sliceStep = zStep / slicesPerStep;

  const radius = options.diameter[1] / 2;
  const lowest = options.depth_range[0] - radius;
  const highest = options.depth_range[1] + radius;
  const bottom = -focusPlane * zStep;
  const top = bottom + (planes - 1) * zStep;
  const farthest = Math.max(highest - bottom, top - lowest, 0);
  // The square wraps: a margin as wide as the blur keeps the far side of the field out of it.
  const margin = (coneRadius(pupil, farthest) + (10 * wavelength) / na) / pixelSize;
  const world = nextPowerOfTwo(size + margin);

  const slices = Math.min(Math.ceil((highest - lowest) / sliceStep) + 1, 1e9);
  const distances = Math.ceil((highest - lowest + top - bottom) / sliceStep) + 2;
  refuseTooLarge({ world, size, planes, slices, distances });
  const bank = createOtfBank(pupil, { pixelSize, step: sliceStep, height: world, width: world });
  return { pupil, world, slicesPerStep, sliceStep, bank };
}

function refuseTooLarge(parts: {
  world: number;
  size: number;
  planes: number;
  slices: number;
  distances: number;
}): void {
  const { world, size, planes, slices, distances } = parts;
  // Half spectra of the slices (8 bytes a number), quarter OTFs (4), the two stacks (4 each), a few planes in work.
  const bytes = world * world * (4 * slices + distances + 8 * Math.min(8, planes) + 64) + 8 * planes * size * size;
  if (bytes <= memoryLimit) return;
  const needed = (bytes / 2 ** 30).toPrecision(3);
  const message =
    `Simulated beads: ${planes} planes of ${size} x ${size} pixels, cut from ${world} x ${world}, need about ${needed} GiB; ` +
    `at most ${memoryLimit / 2 ** 30} GiB are used: give a smaller size, fewer planes or a narrower depth_range.`;
  throw new ParfocalError("usage", message, { option: "size", got: size, expected: "a smaller volume" });
}

async function simulateField(
  setup: Setup,
  options: ResolvedSimulateBeadsOptions,
  control: SimulateControl,
): Promise<SimulatedBeads> {
  const { pupil, world, slicesPerStep, bank } = setup;
  const { size, planes, pixel_size: pixelSize } = options;
  const random = new Random(options.seed);
  const placed = placeBeads(
    {
      beads: options.beads,
      kinds: options.bead_kinds,
      diameter: options.diameter,
      depthRange: options.depth_range,
      brightnessSpread: options.brightness_spread,
      field: size * pixelSize,
      world: world * pixelSize,
    },
    random.fork(0),
  );
  const speckles = random.fork(1);
  const balls = placed.flatMap((bead) => ballsOf(bead, speckles));

  throwIfAborted(control.signal);
  const plan = createRealFft2(world, world);
  const slices = drawSlices(balls, setup, pixelSize, plan);
  const intensity = new Float32Array(planes * size * size);
  const focalPlanes = Array.from({ length: planes }, (_, z) => (z - options.focus_plane) * slicesPerStep);
  let done = 0;
  let rested = performance.now();
  for (const image of superpose(plan, slices, focalPlanes, bank)) {
    for (let y = 0; y < size; y++) {
      intensity.set(image.subarray(y * world, y * world + size), (done * size + y) * size);
    }
    done++;
    control.onProgress?.({ done, total: planes });
    // Let the caller's events through now and then: an abort, a drawn gauge.
    if (performance.now() - rested > 30) {
      await new Promise((resolve) => setTimeout(resolve, 0));
      rested = performance.now();
    }
    throwIfAborted(control.signal);
  }

  const truth = toExpectedCounts(intensity, options);
  const counts = new Float32Array(truth.length);
  expose(cameraOf(options), truth, counts, random.fork(2));
  const common = {
    depth: planes,
    height: size,
    width: size,
    pixelSize: { y: pixelSize, x: pixelSize },
    zStep: options.z_step,
    optics: { na: options.na, wavelength: options.wavelength, refractiveIndex: options.refractive_index },
  };
  return {
    stack: { ...common, data: counts, dtype: "uint16" },
    truth: { ...common, data: truth, dtype: "float32" },
    beads: placed.slice(0, options.beads),
    options,
    warnings: warningsOf(pupil, options),
  };
}

/** Spectra of the slices that hold anything; slice `level` is centred at level x sliceStep, um. */
function drawSlices(
  balls: Ball[],
  setup: Setup,
  pixelSize: number,
  plan: ReturnType<typeof createRealFft2>,
): SliceSpectra {
  const { world, sliceStep } = setup;
  const inSlice = new Map<number, Ball[]>();
  for (const ball of balls) {
    const last = Math.floor((ball.z + ball.radius) / sliceStep + 0.5);
    for (let level = Math.ceil((ball.z - ball.radius) / sliceStep - 0.5); level <= last; level++) {
      const others = inSlice.get(level);
      if (others === undefined) inSlice.set(level, [ball]);
      else others.push(ball);
    }
  }
  const levels = [...inSlice.keys()].sort((a, b) => a - b);
  return transformSlices(plan, levels, (image, index) => {
    const bottom = (levels[index] - 0.5) * sliceStep;
    const grid = { height: world, width: world, pixelSize, bottom, top: bottom + sliceStep };
    for (const ball of inSlice.get(levels[index]) ?? []) drawBall(image, grid, ball);
  });
}

function cameraOf(options: ResolvedSimulateBeadsOptions): Camera {
  const { photons, background, read_noise: readNoise, gain, offset } = options;
  return { photons, background, readNoise, gain, offset };
}

/** Scales intensities so that the brightest point gives the photons that were asked for. */
function toExpectedCounts(intensity: Float32Array, options: ResolvedSimulateBeadsOptions): Float32Array {
  const camera = cameraOf(options);
  let brightest = 0;
  for (const value of intensity) if (value > brightest) brightest = value;
  const scale = brightest > 0 ? 1 / brightest : 0;
  const counts = new Float32Array(intensity.length);
  for (let i = 0; i < counts.length; i++) {
    // Rounding in the transforms leaves tiny negative numbers where there is no light.
    counts[i] = expectedCounts(camera, Math.max(0, intensity[i] * scale));
  }
  return counts;
}

function warningsOf(pupil: Pupil, options: ResolvedSimulateBeadsOptions): string[] {
  const nyquist = nyquistPixelSize(pupil);
  if (options.pixel_size <= nyquist) return [];
  return [
    `pixel_size ${options.pixel_size} um is coarser than lambda / (4 NA) = ${nyquist.toFixed(3)} um: ` +
      "the camera does not record all that the objective resolves.",
  ];
}
