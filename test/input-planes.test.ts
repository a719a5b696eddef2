import { describe, expect, it } from "vitest";
import type { ImageInfo } from "../src/image/image.ts";
import { inputPlanes } from "../src/models/apply/input-planes.ts";
import { refusal } from "./helpers/failure.ts";
import { tinyModel } from "./helpers/tiny-model.ts";

const image = (depth: number, zStep?: number): ImageInfo => ({
  axes: "ZYX",
  shape: [depth, 20, 30],
  dtype: "uint16",
  ...(zStep === undefined ? {} : { zStep }),
});
const planes = (offsets: number[], of: ImageInfo, given?: number[]): number[] =>
  inputPlanes(tinyModel({ input_offsets: offsets }).info, of, given, "stack.tif");

describe("the input planes of a model", () => {
  it("are the only plane of an image, wherever it says it lies", () => {
    expect(planes([0], image(1))).toEqual([0]);
    expect(planes([0], { axes: "YX", shape: [20, 30], dtype: "uint8" })).toEqual([0]);
  });
  it("are all planes of an image that has as many as the model takes", () => {
    expect(planes([0, 2], image(2, 2))).toEqual([0, 1]);
    expect(planes([0, 2, 4], image(3, 2))).toEqual([0, 1, 2]);
  });
  it("follow from the first of them and the z step: 4 steps of 0.49941 um make 2 um", () => {
    expect(planes([0, 2], image(65, 0.49941), [20])).toEqual([20, 24]);
    expect(planes([0, -2], image(65, 0.49941), [20])).toEqual([20, 16]);
    expect(planes([0, 2], image(5, 0.5), [0])).toEqual([0, 4]);
  });
  it("may all be named, and lie up to a quarter of the distance beside it", () => {
    expect(planes([0, 2], image(65, 0.49941), [20, 24])).toEqual([20, 24]);
    expect(planes([0, 2], image(65, 0.4), [20, 24])).toEqual([20, 24]);
    expect(() => planes([0, 2], image(65, 0.4), [20, 23])).toThrow(/is 1\.2 um/);
    expect(planes([0], image(65), [7])).toEqual([7]);
  });

  const refused: [string, () => unknown, string, RegExp][] = [
    [
      "too few planes",
      () => planes([0, 2], image(1, 2)),
      "model.unfit",
      /stack\.tif.*2 planes, at 0 and 2 um.*image has 1/,
    ],
    [
      "several planes and none named",
      () => planes([0], image(65, 0.5)),
      "usage",
      /65 planes.*one plane.*`input_planes` \(0 to 64\)/,
    ],
    ["several planes and none named, of two", () => planes([0, 2], image(65, 0.5)), "usage", /`input_planes`/],
    [
      "no z step where it decides",
      () => planes([0, 2], image(65), [3]),
      "calibration.missing",
      /no z step.*`z_step <your z step>`/,
    ],
    ["no z step where all are there", () => planes([0, 2], image(2)), "calibration.missing", /`z_step <your z step>`/],
    ["a plane beyond the end", () => planes([0, 2], image(65, 0.5), [62]), "usage", /planes 0 to 64.*2 um.*plane 66/],
    ["a plane before the start", () => planes([0, -2], image(65, 0.5), [2]), "usage", /plane -2/],
    ["a named plane that is not there", () => planes([0], image(65, 0.5), [65]), "usage", /plane 65/],
    ["half a plane", () => planes([0], image(65, 0.5), [1.5]), "usage", /plane 1\.5/],
    ["not a number", () => planes([0], image(65, 0.5), [Number.NaN]), "usage", /plane NaN/],
    ["too many names", () => planes([0, 2], image(65, 0.5), [1, 2, 3]), "model.unfit", /lists 3/],
    [
      "planes elsewhere",
      () => planes([0, 2], image(65, 0.5), [20, 22]),
      "model.unfit",
      /plane 22 is 1 um from plane 20/,
    ],
    ["the same plane twice", () => planes([0, 2], image(65, 0.5), [20, 20]), "model.unfit", /is 0 um/],
    ["planes in the wrong order", () => planes([0, 2], image(65, 0.5), [24, 20]), "model.unfit", /is -2 um/],
    ["a z step too coarse for the offset", () => planes([0, 2], image(65, 3), [1]), "model.unfit", /is 3 um/],
    ["two planes far apart", () => planes([0, 2], image(2, 5)), "model.unfit", /is 5 um/],
  ];
  for (const [name, work, code, message] of refused) {
    it(`are refused: ${name}`, () => {
      const error = refusal(work);
      expect(error.code).toBe(code);
      expect(error.message).toMatch(message);
    });
  }
});
