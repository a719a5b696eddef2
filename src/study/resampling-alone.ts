/**
 * A candidate that only resamples an image to the pixel size of a model and back, which averages noise and may remove
 * detail.
 */
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { isSameGrid, modelRegion, pixelGrid, toImageGrid, toModelGrid } from "../models/apply/pixel-grid.ts";
import type { Candidate } from "./candidate.ts";

/**
 * Makes a candidate with the same range and input planes as a model. It returns the input resampled to the pixel size
 * of the model and back.
 */
export function resamplingAlone(model: Candidate): Candidate {
  const { description: _, trainedOn: __, ...rest } = model;
  return {
    ...rest,
    name: "resampling only",
    kind: "constructed",
    make: async (stack, _whole, requests) => requests.map(({ plane }) => thereAndBack(stack, plane, model.pixelSize)),
  };
}

/** Whether a stack must be resampled for a candidate. */
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
