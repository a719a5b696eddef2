import { expect, test } from "vitest";
import { breathe, breatheThrough, runThrough } from "../src/array/breathe.ts";

/** Work that never waits by itself: half a minute of it, unless it is stopped. */
function* longWork(): Generator<void, string> {
  const begun = performance.now();
  while (performance.now() < begun + 30_000) yield;
  return "to its end";
}

test("work that waits for nothing hears of a timer, and stops", async () => {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 50);
  await expect(breatheThrough(longWork(), controller.signal)).rejects.toMatchObject({ code: "interrupted" });
});

test("work gives its result, in steps as in one go", async () => {
  function* sum(): Generator<void, number> {
    let total = 0;
    for (let i = 1; i <= 10; i++) {
      total += i;
      yield;
    }
    return total;
  }
  expect([await breatheThrough(sum()), runThrough(sum())]).toEqual([55, 55]);
});

test("an aborted signal is told before anything is done", async () => {
  await expect(breathe(AbortSignal.abort())).rejects.toMatchObject({ code: "interrupted" });
});
