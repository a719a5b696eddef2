/** Calibrates how well a single-plane model knows the direction of defocus, on held-out stacks. */
import { createFocusMeter } from "../../classical/focus/focus-map.ts";
import type { Plane } from "../../image/image.ts";
import {
  calibrateDirection,
  createDirectionMeter,
  type DirectionExample,
  directionDistances,
  directionTile,
} from "../../models/apply/direction.ts";
import type { DirectionCalibration } from "../../models/networks/deep-z.ts";
import type { PairSource } from "../data/pairs.ts";

/** Refocuses a plane `[height, width]` by a distance, um. */
export type RefocusPlane = (plane: Plane, distance: number) => Promise<Plane>;

/** Regions whose focus in the stack has a lower confidence are not used. */
const minConfidence = 0.3;

/**
 * Refocuses planes of held-out stacks to both sides. The focus curve of the stack gives the true side of each region.
 * Only regions whose distance from focus is between an eighth and all of the range are used.
 *
 * @param window returns the central part of a plane of a source, of the same size for all sources
 * @param planes number of planes over all sources
 */
export async function measureDirection(
  sources: readonly PairSource[],
  range: readonly [number, number],
  window: (source: PairSource, z: number) => Plane,
  refocus: RefocusPlane,
  planes = 16,
): Promise<DirectionCalibration | undefined> {
  const distances = directionDistances(range);
  const examples: DirectionExample[] = [];
  const share = Math.max(1, Math.floor(planes / sources.length));
  for (const [group, source] of sources.entries()) {
    if (distances.length === 0) break;
    const size = window(source, 0);
    const tile = Math.min(directionTile, size.height, size.width);
    const truth = createFocusMeter(size, { tile });
    for (let z = 0; z < source.depth; z++) truth.add(window(source, z));
    const map = truth.result();
    const reach = distances[distances.length - 1];
    for (let i = 0; i < Math.min(share, source.depth); i++) {
      const z = Math.floor(((i + 0.5) * source.depth) / Math.min(share, source.depth));
      const meter = createDirectionMeter(size);
      for (const distance of distances) {
        for (const direction of [1, -1] as const) {
          meter.add(await refocus(window(source, z), direction * distance), direction);
        }
      }
      for (const { x, y, statistic } of meter.result()) {
        const { position, confidence } = map.regions[map.y.indexOf(y)][map.x.indexOf(x)];
        const away = (position - z) * source.zStep;
        if (confidence < minConfidence || Math.abs(away) < reach / 8 || Math.abs(away) > 1.1 * reach) continue;
        examples.push({ statistic, up: away > 0, group: sources.length > 1 ? group : i });
      }
    }
  }
  return calibrateDirection(examples);
}
