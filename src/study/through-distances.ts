/** Planes below, at and above focus, each refocused to several distances. */
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { type Candidate, canTake, canTravel, type PlaneRequest } from "./candidate.ts";
import { cropToBox, type StudiedStack } from "./studied-stack.ts";

export interface DistanceRow {
  /** The input plane, and its height above the sharpest plane, um. */
  plane: number;
  defocus: number;
  input: Plane;
  /** Outputs by distance; `recorded` is the plane of the stack at the same height, if there is one. */
  cells: { distance: number; output: Plane; recorded: Plane | undefined }[];
}

/**
 * One row each below, at and above focus, in the region. Empty for candidates that do not refocus, or where no plane
 * fits.
 */
export async function throughDistances(
  candidate: Candidate,
  { stack, sharpest, region }: Pick<StudiedStack, "stack" | "sharpest" | "region">,
  whole: Stack,
  signal?: AbortSignal,
): Promise<DistanceRow[]> {
  const { range } = candidate;
  if (candidate.task !== "refocus" || range === undefined) return [];
  const part = cropToBox(stack, region);
  const step = stack.zStep;
  const reach = Math.min(Math.max(-range[0], range[1]), ((stack.depth - 1) / 2) * step);
  const apart = Math.max(1, Math.round(reach / 2 / step));
  const planes = [sharpest - apart, sharpest, sharpest + apart].filter((z) => canTake(candidate, stack, z));
  const shares = [-1, -0.5, 0, 0.5, 1];
  const distances = [...new Set(shares.map((share) => Math.round((share * reach) / step) * step))].filter(
    (um) => um >= range[0] - 1e-6 && um <= range[1] + 1e-6 && canTravel(candidate, um),
  );
  const requests: PlaneRequest[] = planes.flatMap((plane) => distances.map((distance) => ({ plane, distance })));
  const outputs = await candidate.make(part, whole, requests, signal);
  return planes.map((plane, row) => ({
    plane,
    defocus: (plane - sharpest) * step,
    input: planeOf(part, plane),
    cells: distances.map((distance, i) => {
      const z = plane + Math.round(distance / step);
      return {
        distance,
        output: outputs[row * distances.length + i],
        recorded: z >= 0 && z < part.depth ? planeOf(part, z) : undefined,
      };
    }),
  }));
}
