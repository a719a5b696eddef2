/** Stacks as single-shot autofocus learns from them: every plane, with the distance of each region from its own sharpest plane. */
import { moments, percentiles, upperMedian } from "../../array/statistics.ts";
import { coneSlope } from "../../classical/cone-slope.ts";
import { createFocusMeter, type FocusMap } from "../../classical/focus/focus-map.ts";
import { ParfocalError } from "../../errors.ts";
import { cropPlanes } from "../../image/crop.ts";
import { planeOf, type Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { refuseNonFinite } from "../../image/pixel-place.ts";
import { normalisationOf, normalise } from "../../models/apply/normalisation.ts";
import type { CommonConfig } from "../common-config.ts";
import type { Box } from "./split-region.ts";

/** Regions whose focus is less sure have no label. */
const leastConfidence = 0.5;

/** Edge of the regions that are labelled, pixels; they overlap by half. */
export const labelTile = 64;

/** A stack, or a part of one, with where its regions are in focus. */
export interface FocusSource {
  name: string;
  /** `[depth, height, width]`, every plane normalised by its own percentiles: a single image has no others. */
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
  /** um */
  zStep: number;
  pixelSize: number;
  /** Where this part begins in the field that was labelled, pixels. */
  top: number;
  left: number;
  focus: FocusMap;
}

/**
 * Checks and labels a stack: the sharpest plane of every region, to a fraction of a plane, is its label; nothing is labelled by hand. Yields
 * now and then: see breathe.ts.
 *
 * @throws image.unfit for fewer than three planes, NaN, or a stack in which no region has its focus inside; calibration.missing
 */
export function* focusSource({ name, stack }: NamedStack, config: CommonConfig): Generator<void, FocusSource> {
  const { depth, height, width, zStep, pixelSize } = stack;
  const unfit = (detail: string, advice: string): ParfocalError =>
    new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  const missing = (what: string, option: string): ParfocalError =>
    new ParfocalError("calibration.missing", `${name}: no ${what}; give \`${option} <your ${what}>\` (um).`, {
      path: name,
      what,
      option,
    });
  if (depth < 3) throw unfit(`${depth} plane(s)`, "autofocus learns from z-stacks with planes on both sides of focus");
  if (zStep === undefined) throw missing("z step", "z_step");
  if (pixelSize === undefined) throw missing("pixel size", "pixel_size");
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  const tile = Math.min(labelTile, height, width);
  const lit = evenlyLit(stack);
  const meter = createFocusMeter(lit, { tile, slope: coneSlope(stack) });
  for (let z = 0; z < depth; z++) yield* meter.addSteps(planeOf(lit, z));
  const focus = meter.result();
  if (!focus.regions.flat().some(({ confidence }) => confidence >= leastConfidence)) {
    const detail = focus.whole.atEnd
      ? `its sharpest plane is the ${focus.whole.plane === 0 ? "first" : "last"}: no region has its focus inside the stack`
      : "no region shows a clear focus";
    throw unfit(detail, "record planes on both sides of focus");
  }
  const data = new Float32Array(stack.data.length);
  for (let z = 0; z < depth; z++) {
    const plane = planeOf(stack, z).data;
    normalise(plane, planeNormalisation(plane, config, `plane ${z} of ${name}`), data.subarray(z * plane.length));
    yield;
  }
  const size = (pixelSize.y + pixelSize.x) / 2;
  return { name, data, depth, height, width, zStep, pixelSize: size, top: 0, left: 0, focus };
}

/** A plane brighter or darker than its neighbours by more than this is no matter of focus. */
const flicker = 1.15;

/**
 * A lamp that flickers would make bright planes sharp ones. Focusing moves light about little by little, so that a plane whose light above the
 * camera's dark is off the median of the five around it by more than {@link flicker} is brought to it.
 */
function evenlyLit(stack: Stack): Stack {
  const { depth, height, width } = stack;
  const [dark] = percentiles(stack.data, [0.1]);
  const light = Array.from({ length: depth }, (_, z) => moments(planeOf(stack, z).data).mean - dark);
  const gains = light.map((one, z) => {
    const usual = upperMedian(light.slice(Math.max(0, z - 2), z + 3));
    return one > 0 && usual > 0 && Math.max(one / usual, usual / one) > flicker ? usual / one : 1;
  });
  if (gains.every((gain) => gain === 1)) return stack;
  const data = stack.data.map((value, i) => (value - dark) * gains[Math.floor(i / (height * width))] + dark);
  return { ...stack, data };
}

/** As a single image is normalised; one without any contrast stays as it is. */
function planeNormalisation(plane: Float32Array, { norm_pmin, norm_pmax }: CommonConfig, name: string) {
  const [low, high] = percentiles(plane, [0, 100]);
  return low === high ? { low, high: low + 1 } : normalisationOf(plane, norm_pmin, norm_pmax, name);
}

export function cutFocusSource(source: FocusSource, { rows, columns }: Box): FocusSource {
  const data = cropPlanes(source.data, source, rows, columns);
  const [height, width] = [rows, columns].map(([start, end]) => end - start);
  return { ...source, data, height, width, top: source.top + rows[0], left: source.left + columns[0] };
}

/** The height of focus (planes) of the region nearest to a place of the source, or undefined where none is known. */
export function focusAt({ focus, top, left }: FocusSource, y: number, x: number): number | undefined {
  const nearest = (centres: readonly number[], at: number): number =>
    centres.reduce((best, centre, i) => (Math.abs(centre - at) < Math.abs(centres[best] - at) ? i : best), 0);
  const region = focus.regions[nearest(focus.y, y + top)][nearest(focus.x, x + left)];
  return region.confidence >= leastConfidence ? region.position : undefined;
}
