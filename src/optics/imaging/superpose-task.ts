/**
 * The work of a thread of a {@link SuperposePool}: it images some planes, and caches OTFs from one task to the next.
 */
import { createRealFft2, type RealFft2 } from "../../array/fft.ts";
import type { Otf } from "../psf/otf.ts";
import { type SliceSpectra, superposeWith } from "./superpose.ts";

export interface SuperposeTask {
  id: number;
  height: number;
  width: number;
  slices: SliceSpectra;
  /** OTFs that this thread does not hold yet, by identifier; `forget`: drop all cached ones first. */
  otfs: [number: number, otf: Otf][];
  forget: boolean;
  /** For each plane, the identifier of the OTF of each slice. */
  planes: number[][];
}

export type SuperposeReply =
  | { id: number; images: Float32Array<ArrayBuffer>[] }
  /** A failed task; the thread can take further tasks. */
  | { id: number; failure: string };

/** @returns a function that answers tasks one after the other */
export function createSuperposeThread(): (task: SuperposeTask) => SuperposeReply {
  const known = new Map<number, Otf>();
  let plan: RealFft2 | undefined;
  return (task) => {
    try {
      const { id, height, width, slices, planes } = task;
      if (task.forget) known.clear();
      for (const [number, otf] of task.otfs) known.set(number, otf);
      if (plan?.height !== height || plan.width !== width) plan = createRealFft2(height, width);
      const otfs = planes.map((numbers) => numbers.map((number) => known.get(number) as Otf));
      const images = Array.from(superposeWith(plan, slices, otfs), (image) => Float32Array.from(image));
      return { id, images };
    } catch (error) {
      return { id: task.id, failure: error instanceof Error ? error.message : String(error) };
    }
  };
}
