/** Recorded stacks whose focus is known from elsewhere than a focus measure, and what an all-in-focus image of each should show. */
import { gaussianFilter } from "../../src/array/filters.ts";
import { measureShift } from "../../src/array/registration.ts";
import { translate } from "../../src/array/resample.ts";
import { planeOf, type Stack } from "../../src/image/image.ts";
import { realScenes } from "../focus/scenes.ts";

export interface RecordedCase {
  name: string;
  stack: Stack;
  /** The recorded plane nearest the known focus; undefined where nobody knows it. */
  nearest?: number;
  /** `[height, width]`; undefined where there is none. */
  reference?: Float32Array;
  /** What the reference is. */
  from?: string;
  /** Depth of the specimen, planes. */
  depth?: number;
}

export async function recordedCases(): Promise<RecordedCase[]> {
  const scenes = await realScenes();
  const confocal = scenes.find(({ name }) => name === "nucleus, confocal");
  const cases: RecordedCase[] = [];
  for (const { name, stack, truth } of scenes) {
    if (name === "nucleus, confocal" || name.includes("hologram")) continue;
    if (truth === undefined) {
      cases.push({ name, stack });
      continue;
    }
    const nearest = Math.round(truth);
    if (name === "beads, confocal") {
      cases.push({ name, stack, nearest, reference: perBead(stack), from: "three planes round each bead's brightest" });
      continue;
    }
    const common = { stack, nearest, depth: truth };
    // 0.05 um between the planes of the light sheet: five of them are one focus.
    const around = name.startsWith("mitochondria") ? 2 : 1;
    const reference = meanPlanes(stack, nearest - around, nearest + around);
    cases.push({ name, ...common, reference, from: `mean of planes ${nearest - around} to ${nearest + around}` });
    if (name === "nucleus, widefield" && confocal) {
      const projection = registered(meanPlanes(confocal.stack, 0, confocal.stack.depth - 1), stack, nearest);
      cases.push({ name, ...common, reference: projection, from: "confocal, all planes added up, registered" });
    }
  }
  return cases;
}

function meanPlanes(stack: Stack, first: number, last: number): Float32Array {
  const mean = new Float32Array(stack.height * stack.width);
  for (let z = first; z <= last; z++)
    planeOf(stack, z).data.forEach((v, i) => {
      mean[i] += v / (last - first + 1);
    });
  return mean;
}

/** A reference of another channel, moved onto a plane of the stack. */
function registered(reference: Float32Array, stack: Stack, plane: number): Float32Array {
  const { height, width } = stack;
  const moving = { data: reference, height, width };
  const { dy, dx } = measureShift(planeOf(stack, plane), moving);
  return translate(moving, { dy: -dy, dx: -dx }).data;
}

/** Each pixel from the mean of the three planes round the brightest one of the bead that is nearest to it in the field. */
function perBead(stack: Stack): Float32Array {
  const { depth, height, width } = stack;
  const n = height * width;
  const smooth = Array.from({ length: depth }, (_, z) => gaussianFilter(planeOf(stack, z), 4).data);
  const [most, at] = [new Float32Array(n), new Uint16Array(n)];
  smooth.forEach((plane, z) => {
    plane.forEach((v, i) => {
      if (v > most[i]) [most[i], at[i]] = [v, z];
    });
  });
  const threshold = Math.min(...most) + 0.2 * (Math.max(...most) - Math.min(...most));
  const beads: { y: number; x: number; z: number }[] = [];
  const reach = 8;
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const own = most[y * width + x];
      if (own < threshold) continue;
      let highest = true;
      for (let v = Math.max(0, y - reach); v <= Math.min(height - 1, y + reach); v++)
        for (let u = Math.max(0, x - reach); u <= Math.min(width - 1, x + reach); u++)
          if (most[v * width + u] > own) highest = false;
      if (highest) beads.push({ y, x, z: Math.min(depth - 2, Math.max(1, at[y * width + x])) });
    }
  const out = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const [y, x] = [Math.floor(i / width), i % width];
    let [least, z] = [Number.POSITIVE_INFINITY, 1];
    for (const bead of beads) {
      const distance = (bead.y - y) ** 2 + (bead.x - x) ** 2;
      if (distance < least) [least, z] = [distance, bead.z];
    }
    for (const k of [-1, 0, 1]) out[i] += stack.data[(z + k) * n + i] / 3;
  }
  return out;
}
