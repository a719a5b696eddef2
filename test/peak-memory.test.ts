import { expect, test } from "vitest";
import { Graph } from "../src/graph/graph.ts";
import { relu } from "../src/graph/operators/activations.ts";
import { add } from "../src/graph/operators/elementwise.ts";
import { peakMemory } from "../src/graph/peak-memory.ts";
import { requireRoomFor } from "../src/run/require-room.ts";

test("what is alive at the same time counts, and nothing that nobody needs any more", () => {
  const chain = new Graph();
  let value = chain.input("x", [1000]);
  for (let i = 0; i < 10; i++) value = relu(value);
  chain.output("y", value);
  // The input, and two results: the one that is read, and the one that is written.
  expect(peakMemory(chain)).toBe(3 * 4000);

  const kept = new Graph();
  const x = kept.input("x", [1000]);
  const parts = Array.from({ length: 10 }, () => relu(x));
  kept.output(
    "y",
    parts.reduce((a, b) => add(a, b)),
  );
  expect(peakMemory(kept)).toBe(12 * 4000);
});

test("a graph that memory has no room for is refused with what it needs", () => {
  const large = new Graph();
  large.output("y", relu(large.input("x", [2 ** 45])));
  expect(() => requireRoomFor({ step: large })).toThrow(
    /graph "step" needs about 2\.62e\+5 GiB of memory.*`batch_size`/,
  );
});
