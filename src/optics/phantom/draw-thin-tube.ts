/** Draws tubes narrower than a voxel: each voxel receives the fraction that the tube fills. */
import { across, type Vector } from "./curve.ts";
import { radiusAt, type Tube } from "./tube.ts";
import type { Volume } from "./volume.ts";

/**
 * Points that fill the unit disc evenly: an additive recurrence on radius^2 and angle (Roberts 2018, the plastic
 * number).
 */
const DISC = 1024;
const discX = new Float64Array(DISC);
const discY = new Float64Array(DISC);
for (let i = 0; i < DISC; i++) {
  const plastic = 1.324717957244746;
  const radius = Math.sqrt((0.5 + i / plastic) % 1);
  const angle = 2 * Math.PI * ((0.5 + i / plastic ** 2) % 1);
  discX[i] = radius * Math.cos(angle);
  discY[i] = radius * Math.sin(angle);
}

/**
 * Fills the tube uniformly with points, each of which adds its share of the volume to its voxel. The round ends have
 * the same size as those of a thick tube.
 */
export function drawThinTube(volume: Volume, tube: Tube): void {
  const { points, density } = tube;
  const voxel = Math.min(volume.pixelSize, volume.sliceStep);
  let serial = 0;
  const fill = (a: Vector, b: Vector, ra: number, rb: number): void => {
    const d: Vector = [b[0] - a[0], b[1] - a[1], b[2] - a[2]];
    const length = Math.hypot(...d);
    if (length === 0) return;
    const axis: Vector = [d[0] / length, d[1] / length, d[2] / length];
    const [u, v] = across(axis);
    const widest = Math.max(ra, rb);
    const spacing = Math.min(voxel / 3, Math.max(voxel / 8, widest / 2));
    const steps = Math.max(1, Math.ceil(length / spacing));
    const around = Math.max(1, Math.round((2 * widest * widest) / (spacing * spacing)));
    for (let i = 0; i < steps; i++) {
      const t = (i + 0.5) / steps;
      const r = ra + t * (rb - ra);
      const share = (density * Math.PI * r * r * length) / (steps * around);
      for (let k = 0; k < around; k++) {
        serial = (serial + 1) % DISC;
        const c = r * discX[serial];
        const s = r * discY[serial];
        deposit(
          volume,
          a[0] + t * d[0] + c * u[0] + s * v[0],
          a[1] + t * d[1] + c * u[1] + s * v[1],
          a[2] + t * d[2] + c * u[2] + s * v[2],
          share,
        );
      }
    }
  };
  for (let i = 0; i + 1 < points.length; i++) fill(points[i], points[i + 1], radiusAt(tube, i), radiusAt(tube, i + 1));
  // A half ball has the volume of a piece of the tube of two thirds of its radius.
  const last = points.length - 1;
  if (last < 1) return;
  fill(points[0], beyond(points[0], points[1], (2 / 3) * radiusAt(tube, 0)), radiusAt(tube, 0), radiusAt(tube, 0));
  const end = radiusAt(tube, last);
  fill(points[last], beyond(points[last], points[last - 1], (2 / 3) * end), end, end);
}

/** The point `distance` behind `a`, seen from `b`. */
function beyond(a: Vector, b: Vector, distance: number): Vector {
  const factor = distance / (Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) || 1);
  return [a[0] + factor * (a[0] - b[0]), a[1] + factor * (a[1] - b[1]), a[2] + factor * (a[2] - b[2])];
}

/** Adds `amount` um^3 of fully stained material to the voxel that holds a point. */
function deposit(volume: Volume, x: number, y: number, z: number, amount: number): void {
  const { data, depth, height, width, pixelSize, sliceStep, bottom } = volume;
  const k = Math.round((z - bottom) / sliceStep);
  if (k < 0 || k >= depth) return;
  const i = Math.round(x / pixelSize) % width;
  const j = Math.round(y / pixelSize) % height;
  const at = (k * height + (j < 0 ? j + height : j)) * width + (i < 0 ? i + width : i);
  data[at] += amount / (pixelSize * pixelSize * sliceStep);
}
