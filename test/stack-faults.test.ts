/** What inspect says of single planes that went wrong, and that it says nothing of those that did not. */
import { describe, expect, test } from "vitest";
import { createStackFaultMeter, stackFaultWarnings } from "../src/metrics/stack-faults.ts";
import { simulateField } from "../src/simulate/simulate-field.ts";
import { textsOf } from "./helpers/texts.ts";

const { images } = await simulateField("beads", { size: 96, planes: 15, beads: 25, seed: 3 });
const { stack } = images.stack;
const size = stack.height * stack.width;
const planes = Array.from({ length: stack.depth }, (_, z) => stack.data.slice(z * size, (z + 1) * size));

function faultsOf(all: readonly Float32Array[]) {
  const meter = createStackFaultMeter();
  for (const data of all) meter.add({ data, height: stack.height, width: stack.width });
  return meter.result();
}

const changed = (plane: number, change: (value: number) => number) =>
  planes.map((data, z) => (z === plane ? data.map(change) : data));

describe("faults of a stack", () => {
  test("there are none in a simulated stack", () => {
    const faults = faultsOf(planes);
    expect(faults).toEqual({ duplicates: [], flashes: [], blanks: [], shuffled: false, gaps: [] });
    expect(stackFaultWarnings(faults)).toEqual([]);
  });

  test("a plane that stands twice", () => {
    const faults = faultsOf([...planes.slice(0, 6), planes[5], ...planes.slice(6)]);
    expect(faults.duplicates).toEqual([[5, 6]]);
    expect(textsOf(stackFaultWarnings(faults)).join()).toMatch(/Plane 6 is a duplicate of plane 5/);
  });

  test("a flash and a failing lamp, by their factor", () => {
    const bright = faultsOf(changed(4, (value) => 100 + 3 * (value - 100)));
    expect(bright.flashes).toHaveLength(1);
    expect(bright.flashes[0].plane).toBe(4);
    expect(bright.flashes[0].factor).toBeGreaterThan(2.4);
    expect(bright.flashes[0].factor).toBeLessThan(3.6);
    expect(textsOf(stackFaultWarnings(bright)).join()).toMatch(/Plane 4 is [23]\.\d times as bright/);
    expect(faultsOf(changed(9, (value) => 100 + 0.4 * (value - 100))).flashes.map(({ plane }) => plane)).toEqual([9]);
  });

  test("a blank plane", () => {
    const faults = faultsOf(changed(8, () => 100));
    expect(faults.blanks).toEqual([8]);
    expect(faults.flashes).toEqual([]);
    expect(textsOf(stackFaultWarnings(faults)).join()).toMatch(/Plane 8 is blank/);
  });

  test("planes out of order, with the order they had", () => {
    const order = [7, 2, 11, 0, 9, 4, 13, 1, 6, 14, 3, 10, 5, 12, 8];
    const faults = faultsOf(order.map((z) => planes[z]));
    expect(faults.shuffled).toBe(true);
    const found = faults.likelyOrder?.map((z) => order[z]) ?? [];
    const forward = found[0] < found[14] ? found : found.reverse();
    // Planes far out of focus are alike: neighbours may change places.
    for (const [z, plane] of forward.entries()) expect(Math.abs(plane - z)).toBeLessThanOrEqual(1);
    expect(textsOf(stackFaultWarnings(faults)).join()).toMatch(/out of order.*likely order is/);
  });
});
