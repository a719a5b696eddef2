/** What happens to images that are resampled to a model's pixels and back, without the model: noise is averaged, detail may go. */
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { isSameGrid, modelRegion, pixelGrid, toImageGrid, toModelGrid } from "../models/apply/pixel-grid.ts";
import type { Candidate } from "./candidate.ts";

/** A candidate that is asked for the same planes as another one, and gives back what that one's network would be shown of its input. */
export function resamplingAlone(model: Candidate): Candidate {
  const { description: _, trainedOn: __, ...rest } = model;
  return {
    ...rest,
    name: "resampling alone",
    kind: "constructed",
    make: async (stack, _whole, requests) => requests.map(({ plane }) => thereAndBack(stack, plane, model.pixelSize)),
  };
}

/** Whether a candidate sees a stack on other pixels than its own. */
export const isResampled = ({ pixelSize }: Stack, model: Candidate): boolean =>
  model.pixelSize !== undefined && !isSameGrid(pixelGrid(pixelSize, model.pixelSize));

function thereAndBack(stack: Stack, z: number, size: number | undefined): Plane {
  const { data, height, width } = planeOf(stack, z);
  const whole = { x: 0, y: 0, height, width };
  if (size === undefined) return { data: data.slice(), height, width };
  const grid = pixelGrid(stack.pixelSize, size);
  const seen = modelRegion(grid, whole);
  return { data: toImageGrid(grid, toModelGrid(grid, data, whole, seen), seen, whole), height, width };
}
