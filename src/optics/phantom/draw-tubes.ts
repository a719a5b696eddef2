/** Draws tubes along curves, thicker or thinner than a voxel. */

import { drawThinTube } from "./draw-thin-tube.ts";
import { radiusAt, type Tube } from "./tube.ts";
import type { Volume } from "./volume.ts";

/** Segments one after another: x, y, z, radius at both ends, density. */
const FIELDS = 9;

/**
 * Adds tubes to a volume. Where tubes of one call cross, the larger density counts once. Tubes much narrower than a
 * voxel are added by the fraction of each voxel that they fill.
 */
export function drawTubes(volume: Volume, tubes: readonly Tube[]): void {
  const thick = tubes.filter((tube) => !isThin(volume, tube));
  for (const tube of tubes) if (isThin(volume, tube)) drawThinTube(volume, tube);
  if (thick.length > 0) drawThick(volume, thick);
}

/** The typical radius of a tube, whose ends may taper to zero. */
function widestRadius(tube: Tube): number {
  return typeof tube.radius === "number" ? tube.radius : Math.max(...tube.radius);
}

const isThin = (volume: Volume, tube: Tube) => widestRadius(tube) < 0.2 * volume.pixelSize || tube.points.length < 2;

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

/**
 * Slices are divided into layers and pixels into parts that are fine enough for the thinnest tube. In each part the
 * densest tube counts, and voxels receive the mean of their parts.
 */
function drawThick(volume: Volume, tubes: readonly Tube[]): void {
  const { data, depth, height, width, pixelSize, sliceStep, bottom } = volume;
  const finest = Math.min(...tubes.map(widestRadius));
  const parts = Math.max(1, Math.ceil((1.2 * pixelSize) / finest - 1e-9));
  const fine = pixelSize / parts;
  const layers = Math.max(1, Math.ceil(sliceStep / Math.max(fine, 0.6 * finest) - 1e-9));
  const layerStep = sliceStep / layers;
  const first = bottom + (layerStep - sliceStep) / 2;
  const segments = segmentsOf(tubes);
  const inLayer: number[][] = Array.from({ length: depth * layers }, () => []);
  for (let s = 0; s < segments.length; s += FIELDS) {
    const reach = Math.max(segments[s + 3], segments[s + 7]) + fine / 2;
    const low = Math.min(segments[s + 2], segments[s + 6]) - reach;
    const high = Math.max(segments[s + 2], segments[s + 6]) + reach;
    const last = Math.min(inLayer.length - 1, Math.floor((high - first) / layerStep));
    for (let layer = Math.max(0, Math.ceil((low - first) / layerStep)); layer <= last; layer++) inLayer[layer].push(s);
  }
  const cover: Cover = {
    data: new Float32Array(height * width * parts * parts),
    touched: [],
    height: height * parts,
    width: width * parts,
    spacing: fine,
    // The middle of the first part lies this far from that of its voxel.
    origin: (fine - pixelSize) / 2,
  };
  const weight = 1 / (layers * parts * parts);
  inLayer.forEach((here, layer) => {
    for (const s of here) coverSegment(cover, segments.subarray(s, s + FIELDS), first + layer * layerStep);
    const slice = Math.floor(layer / layers) * height * width;
    for (const at of cover.touched) {
      const row = Math.floor(at / cover.width);
      const column = at - row * cover.width;
      data[slice + Math.floor(row / parts) * width + Math.floor(column / parts)] += weight * cover.data[at];
      cover.data[at] = 0;
    }
    cover.touched.length = 0;
  });
}

/** One layer: what covers each of its points. */
interface Cover {
  data: Float32Array;
  /** Where it is not 0. */
  touched: number[];
  height: number;
  width: number;
  spacing: number;
  origin: number;
}

/** Raises the points of a layer at z to the coverage by a segment, a cone with round ends. */
function coverSegment(cover: Cover, segment: Float64Array, z: number): void {
  const { data, touched, height, width, spacing, origin } = cover;
  const [ax, ay, az, ar, bx, by, bz, br, density] = segment;
  const reach = Math.max(ar, br) + spacing / 2;
  const [dx, dy, dz] = [bx - ax, by - ay, bz - az];
  const inverse = 1 / (dx * dx + dy * dy + dz * dz || 1);
  const firstX = Math.ceil((Math.min(ax, bx) - reach - origin) / spacing);
  const lastX = Math.floor((Math.max(ax, bx) + reach - origin) / spacing);
  const firstY = Math.ceil((Math.min(ay, by) - reach - origin) / spacing);
  const lastY = Math.floor((Math.max(ay, by) + reach - origin) / spacing);
  const pz = z - az;
  // A wall that is a ramp of width w encloses pi w^2 / 12 more than a sharp one: the radius compensates for it.
  const excess = (spacing * spacing) / 12;
  for (let j = firstY; j <= lastY; j++) {
    const row = (((j % height) + height) % height) * width;
    const py = j * spacing + origin - ay;
    for (let i = firstX; i <= lastX; i++) {
      const px = i * spacing + origin - ax;
      const t = Math.min(1, Math.max(0, (px * dx + py * dy + pz * dz) * inverse));
      const ex = px - t * dx;
      const ey = py - t * dy;
      const ez = pz - t * dz;
      const d2 = ex * ex + ey * ey + ez * ez;
      if (d2 >= reach * reach) continue;
      const r = ar + t * (br - ar);
      const share = 0.5 + (Math.sqrt(Math.max(0, r * r - excess)) - Math.sqrt(d2)) / spacing;
      if (share <= 0) continue;
      const value = density * Math.min(1, share);
      const at = row + (((i % width) + width) % width);
      if (data[at] === 0) touched.push(at);
      if (value > data[at]) data[at] = value;
    }
  }
}
