/**
 * Training data of single-shot autofocus: the planes of stacks, with the distance of each region from its sharpest
 * plane as label.
 */
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

/** Regions whose focus has a lower confidence have no label. */
const minConfidence = 0.5;

/** Side of the labelled regions, pixels; they overlap by half. */
const labelTile = 64;

/** A stack, or a part of one, with the focus positions of its regions. */
export interface FocusSource {
  name: string;
  /**
   * `[depth, height, width]`, every plane normalised by its own percentiles, as a single image is when the model is
   * applied.
   */
  data: Float32Array;
  depth: number;
  height: number;
  width: number;
  /** um */
  zStep: number;
  pixelSize: number;
  /** Position of this part in the labelled field, pixels. */
  top: number;
  left: number;
  focus: FocusMap;
}

/**
 * Checks and labels a stack. The label of every region is the position of its sharpest plane, to a fraction of a plane,
 * so that no manual labels are needed. Yields now and then: see breathe.ts.
 *
 * @throws image.unfit for fewer than three planes, NaN, or a stack in which no region is in focus inside the stack;
 *   calibration.missing
 */
export function* focusSource({ name, stack }: NamedStack, config: CommonConfig): Generator<void, FocusSource> {
  const { depth, height, width, zStep, pixelSize } = stack;
  const unfit = (detail: string, advice: string): ParfocalError =>
    new ParfocalError("image.unfit", `${name}: ${detail}; ${advice}.`, { path: name, detail });
  const missing = (what: string, option: string): ParfocalError =>
    new ParfocalError(
      "calibration.missing",
      `${name}: the ${what} is not known. Give \`${option} <your ${what}>\` (um).`,
      {
        path: name,
        what,
        option,
      },
    );
  if (depth < 3)
    throw unfit(
      `it has only ${depth} plane${depth === 1 ? "" : "s"}`,
      "autofocus is trained on z-stacks with planes on both sides of focus",
    );
  if (zStep === undefined) throw missing("z step", "z_step");
  if (pixelSize === undefined) throw missing("pixel size", "pixel_size");
  refuseNonFinite(stack.data, { path: name, width, height, z: 0 });
  const tile = Math.min(labelTile, height, width);
  const lit = evenlyLit(stack);
  const meter = createFocusMeter(lit, { tile, slope: coneSlope(stack) });
  for (let z = 0; z < depth; z++) yield* meter.addSteps(planeOf(lit, z));
  const focus = meter.result();
  if (!focus.regions.flat().some(({ confidence }) => confidence >= minConfidence)) {
    const detail = focus.whole.atEnd
      ? `its sharpest plane is the ${focus.whole.plane === 0 ? "first" : "last"} one, so that no region is in focus inside the stack`
      : "no region has a clear focus";
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

/**
 * A plane that is brighter or darker than its neighbours by more than this factor is corrected for maxFlicker, since
 * defocus does not cause such changes.
 */
const maxFlicker = 1.15;

/**
 * Corrects a flickering lamp, which would make bright planes look sharp. The mean signal changes only slowly through
 * focus, so that a plane whose mean signal above the dark level differs from the median of the five planes around it by
 * more than {@link maxFlicker} is scaled to that median.
 */
function evenlyLit(stack: Stack): Stack {
  const { depth, height, width } = stack;
  const [dark] = percentiles(stack.data, [0.1]);
  const light = Array.from({ length: depth }, (_, z) => moments(planeOf(stack, z).data).mean - dark);
  const gains = light.map((one, z) => {
    const usual = upperMedian(light.slice(Math.max(0, z - 2), z + 3));
    return one > 0 && usual > 0 && Math.max(one / usual, usual / one) > maxFlicker ? usual / one : 1;
  });
  if (gains.every((gain) => gain === 1)) return stack;
  const data = stack.data.map((value, i) => (value - dark) * gains[Math.floor(i / (height * width))] + dark);
  return { ...stack, data };
}

/** The normalisation of a single image; one without contrast is only shifted. */
function planeNormalisation(plane: Float32Array, { norm_pmin, norm_pmax }: CommonConfig, name: string) {
  const [low, high] = percentiles(plane, [0, 100]);
  return low === high ? { low, high: low + 1 } : normalisationOf(plane, norm_pmin, norm_pmax, name);
}

export function cutFocusSource(source: FocusSource, { rows, columns }: Box): FocusSource {
  const data = cropPlanes(source.data, source, rows, columns);
  const [height, width] = [rows, columns].map(([start, end]) => end - start);
  return { ...source, data, height, width, top: source.top + rows[0], left: source.left + columns[0] };
}

/** The focus position, in planes, of the region nearest to a pixel of the source; undefined where it is not known. */
export function focusAt({ focus, top, left }: FocusSource, y: number, x: number): number | undefined {
  const nearest = (centres: readonly number[], at: number): number =>
    centres.reduce((best, centre, i) => (Math.abs(centre - at) < Math.abs(centres[best] - at) ? i : best), 0);
  const region = focus.regions[nearest(focus.y, y + top)][nearest(focus.x, x + left)];
  return region.confidence >= minConfidence ? region.position : undefined;
}
