/** Values of options: ranges with both of their ends, and slips that are named. */
import { Command } from "commander";
import { describe, expect, test } from "vitest";
import { listOfNumbers, rangeOrList } from "../src/cli/option-values.ts";
import { addTaskFlags, givenOptions } from "../src/cli/task-flags.ts";
import { simulate } from "../src/tasks/simulate.ts";

describe("a range", () => {
  test.each<[string, number[]]>([
    ["0:1:0.25", [0, 0.25, 0.5, 0.75, 1]],
    ["0:0.3:0.1", [0, 0.1, 0.2, 0.3]],
    ["1:-1:-1", [1, 0, -1]],
    ["-0.3:0:0.1", [-0.3, -0.2, -0.1, 0]],
    ["2:2:1", [2]],
    ["1,2,3.5", [1, 2, 3.5]],
    ["-0,1", [0, 1]],
  ])("%s has both ends", (text, expected) => {
    const found = rangeOrList(text);
    expect(found).toEqual(expected);
    expect(found.some((value) => Object.is(value, -0))).toBe(false);
  });

  test("of thousands of steps ends where it should, though 0.1 is no binary number", () => {
    const found = rangeOrList("0:999.9:0.1");
    expect([found.length, found[3], found.at(-1)]).toEqual([10_000, 0.3, 999.9]);
  });

  test.each<[string, RegExp]>([
    ["0:1:0.3", /end at 0\.9, not at 1; expected 0:0\.9:0\.3, or a step such as 0\.333333/],
    ["-4:4:3", /end at 2, not at 4; expected -4:2:3, or a step such as 2\.66667/],
    ["0:1:2", /end at 0, not at 1; expected 0:0:2, or a step such as 1\b/],
    ["0:1:0", /A step of 0 never gets from 0 to 1/],
    ["4:-4:0.5", /lead away from -4; expected 4:-4:-0\.5/],
    ["0:1:1e-9", /has 1000000000 values, and 10000 are the most; expected a larger step/],
    ["0:1e300:1e-300", /larger step/],
    ["0:1", /start:stop:step/],
    ["0:1:x", /start:stop:step/],
    ["0::1", /start:stop:step/],
    ["0:Infinity:1", /start:stop:step/],
    ["", /number/],
  ])("%s is refused", (text, sentence) => {
    expect(() => rangeOrList(text)).toThrow(sentence);
  });

  test("and a list are numbers", () => {
    expect(listOfNumbers("1, -2")).toEqual([1, -2]);
  });
});

describe("numbers of a schema", () => {
  test("without a limit may be negative", () => {
    const command = new Command().exitOverride();
    addTaskFlags(command, simulate.options);
    command.parse(["beads", "--depth-range", "-3:-1"], { from: "user" });
    expect(givenOptions(command, simulate.options)).toMatchObject({ recipe: "beads", depth_range: [-3, -1] });
  });
});
