/** Tubes along curves, thicker or thinner than a voxel. */
import type { Curve } from "./curve.ts";
import { drawThinTube } from "./draw-thin-tube.ts";
import type { Volume } from "./volume.ts";

export interface Tube {
  points: Curve;
  /** At every point, um; one number for all. */
  radius: number | readonly number[];
  /** Inside, 0..1. */
  density: number;
}

/** Segments one after another: x, y, z, radius at both ends, density. */
const FIELDS = 9;

/**
 * Adds tubes to a volume. Where tubes of one call cross, the denser counts, once. Tubes narrower than a few voxels are added by
 * the share of each voxel that they fill.
 */
export function drawTubes(volume: Volume, tubes: readonly Tube[]): void {
  const thick = tubes.filter((tube) => !isThin(volume, tube));
  for (const tube of tubes) if (isThin(volume, tube)) drawThinTube(volume, tube);
  if (thick.length > 0) drawThick(volume, thick);
}

/** The radius of a tube at one of its points. */
export function radiusAt(tube: Tube, i: number): number {
  return typeof tube.radius === "number" ? tube.radius : tube.radius[i];
}

function meanRadius(tube: Tube): number {
  return typeof tube.radius === "number" ? tube.radius : tube.radius.reduce((a, b) => a + b, 0) / tube.radius.length;
}

const isThin = (volume: Volume, tube: Tube) => meanRadius(tube) < 0.75 * volume.pixelSize || tube.points.length < 2;

function segmentsOf(tubes: readonly Tube[]): Float64Array {
  const count = tubes.reduce((sum, tube) => sum + tube.points.length - 1, 0);
  const segments = new Float64Array(count * FIELDS);
  let at = 0;
  for (const tube of tubes) {
    for (let i = 0; i + 1 < tube.points.length; i++, at += FIELDS) {
      segments.set(tube.points[i], at);
      segments[at + 3] = radiusAt(tube, i);
      segments.set(tube.points[i + 1], at + 4);
      segments[at + 7] = radiusAt(tube, i + 1);
      segments[at + 8] = tube.density;
    }
  }
  return segments;
}

/** Slices are cut into layers about as thin as a pixel is wide; in each, every pixel takes the densest tube that covers it. */
function drawThick(volume: Volume, tubes: readonly Tube[]): void {
  const { data, depth, height, width, pixelSize, sliceStep, bottom } = volume;
  const segments = segmentsOf(tubes);
  const finest = Math.min(...tubes.map(meanRadius));
  const layers = Math.max(1, Math.ceil(sliceStep / Math.max(pixelSize, 0.6 * finest) - 1e-9));
  const layerStep = sliceStep / layers;
  const first = bottom + (layerStep - sliceStep) / 2;
  const inLayer: number[][] = Array.from({ length: depth * layers }, () => []);
  const softness = Math.max(pixelSize, 0.02);
  for (let s = 0; s < segments.length; s += FIELDS) {
    const reach = Math.max(segments[s + 3], segments[s + 7]) + softness / 2;
    const low = Math.min(segments[s + 2], segments[s + 6]) - reach;
    const high = Math.max(segments[s + 2], segments[s + 6]) + reach;
    const last = Math.min(inLayer.length - 1, Math.floor((high - first) / layerStep));
    for (let layer = Math.max(0, Math.ceil((low - first) / layerStep)); layer <= last; layer++) inLayer[layer].push(s);
  }
  const cover = new Float32Array(height * width);
  for (let k = 0; k < depth; k++) {
    const slice = data.subarray(k * height * width, (k + 1) * height * width);
    for (let layer = k * layers; layer < (k + 1) * layers; layer++) {
      if (inLayer[layer].length === 0) continue;
      cover.fill(0);
      for (const s of inLayer[layer])
        coverSegment(cover, volume, segments.subarray(s, s + FIELDS), first + layer * layerStep, softness);
      for (let i = 0; i < cover.length; i++) slice[i] += cover[i] / layers;
    }
  }
}

/** Raises the pixels of a layer at z to what a segment, a cone with round ends, covers of them. */
function coverSegment(
  cover: Float32Array,
  { height, width, pixelSize }: Volume,
  segment: Float64Array,
  z: number,
  softness: number,
): void {
  const [ax, ay, az, ar, bx, by, bz, br, density] = segment;
  const reach = Math.max(ar, br) + softness / 2;
  const [dx, dy, dz] = [bx - ax, by - ay, bz - az];
  const inverse = 1 / (dx * dx + dy * dy + dz * dz || 1);
  const firstX = Math.ceil((Math.min(ax, bx) - reach) / pixelSize);
  const lastX = Math.floor((Math.max(ax, bx) + reach) / pixelSize);
  const firstY = Math.ceil((Math.min(ay, by) - reach) / pixelSize);
  const lastY = Math.floor((Math.max(ay, by) + reach) / pixelSize);
  const pz = z - az;
  for (let j = firstY; j <= lastY; j++) {
    const row = (((j % height) + height) % height) * width;
    const py = j * pixelSize - ay;
    for (let i = firstX; i <= lastX; i++) {
      const px = i * pixelSize - ax;
      const t = Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) * inverse));
      const ex = px - t * dx;
      const ey = py - t * dy;
      const ez = pz - t * dz;
      const d2 = ex * ex + ey * ey + ez * ez;
      if (d2 >= reach * reach) continue;
      const share = 0.5 + (ar + t * (br - ar) - Math.sqrt(d2)) / softness;
      if (share <= 0) continue;
      const value = density * Math.min(1, share);
      const at = row + (((i % width) + width) % width);
      if (value > cover[at]) cover[at] = value;
    }
  }
}
