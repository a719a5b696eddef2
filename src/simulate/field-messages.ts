/** Messages between the caller and the threads that simulate fields. */
import type { ErrorCode } from "../errors.ts";
import type { Recipe } from "./recipe.ts";
import type { SimulatedField } from "./simulator.ts";
import type { StackFiles } from "./specimen-phantom.ts";

export interface FieldWorkerData {
  recipe: Recipe;
  stacks: StackFiles;
  /** Memory that the thread may use, bytes. */
  memory: number;
}

export interface FieldRequest {
  id: number;
  index: number;
  volume: boolean;
}

export type FieldAnswer =
  | { id: number; field: SimulatedField }
  | { id: number; failure: { code: ErrorCode | undefined; message: string; fields: object } };

/** A field with its pixel buffers, which are transferred instead of copied. */
export function answerOf(field: SimulatedField): { field: SimulatedField; buffers: ArrayBuffer[] } {
  const arrays = Object.values(field.images).flatMap(({ stack, truth, exposures = [], field: wave }) => [
    stack.data,
    truth.data,
    ...exposures.map((one) => one.stack.data),
    ...(wave ? [wave.real.data, wave.imag.data] : []),
  ]);
  if (field.volume) arrays.push(field.volume.data);
  return { field, buffers: [...new Set(arrays.map(({ buffer }) => buffer as ArrayBuffer))] };
}
