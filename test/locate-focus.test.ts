/** The focus by a curve, in fluorescence and in transmitted light, and how sure it is. */
import { describe, expect, test } from "vitest";
import { chooseMeasure } from "../src/classical/focus/choose-measure.ts";
import { focusMapOfFile } from "../src/classical/focus/focus-map-file.ts";
import { cautious, locateFocus } from "../src/classical/focus/locate-focus.ts";
import type { Stack } from "../src/image/image.ts";
import type { ImageFile } from "../src/image/image-file.ts";
import { inspectImage } from "../src/metrics/inspect.ts";
import { changeRecipe } from "../src/simulate/recipe-flags.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { haveRealData, readStack } from "./helpers/real-data.ts";
import { textsOf } from "./helpers/texts.ts";

const strong = (depth: number) => new Array<number>(depth).fill(100);

const fileOf = ({ data, depth, height, width }: Stack): ImageFile => ({
  axes: "ZYX",
  shape: [depth, height, width],
  dtype: "uint16",
  zStep: 0.5,
  pixelSize: { y: 0.2, x: 0.2 },
  path: "memory",
  readPlane: async ({ z = 0 }) => data.slice(z * height * width, (z + 1) * height * width),
  close: async () => undefined,
});

describe("the focus by a curve", () => {
  test("of band_contrast is the dip between two maxima, of another measure the higher maximum", () => {
    const curve = [1, 4, 9, 6, 2, 5, 8, 3, 1];
    expect(locateFocus(curve, strong(9), "band_contrast")).toMatchObject({
      extremum: "minimum",
      plane: 4,
      atEnd: false,
    });
    expect(locateFocus(curve, strong(9), "tenengrad")).toMatchObject({ extremum: "maximum", plane: 2 });
    expect(locateFocus([1, 2, 4, 9, 4, 2, 1], strong(7), "band_contrast")).toMatchObject({
      extremum: "maximum",
      plane: 3,
    });
  });

  test("three planes with a clear maximum are believed, noise and ends less, a flat curve not at all", () => {
    const three = locateFocus([1, 5, 1], strong(3), "tenengrad").confidence;
    expect(three).toBeGreaterThan(0.6);
    expect(three).toBeLessThan(1);
    expect(cautious(locateFocus([1, 3, 5], strong(3), "tenengrad"), strong(3))).toBeLessThanOrEqual(0.4);
    expect(cautious(locateFocus([4.9, 5, 4.8], [1, 1, 1], "tenengrad"), [1, 1, 1])).toBe(0);
    expect(locateFocus([2, 2, 2], strong(3), "tenengrad")).toMatchObject({ confidence: 0, features: undefined });
  });
});

describe("transmitted light", async () => {
  const recipe = changeRecipe(
    shippedRecipe("nuclei"),
    {
      size: 96,
      planes: 13,
      focus_plane: 5,
      seed: 5,
      z_step: 0.6,
      pixel_size: 0.2,
      na: 0.8,
      refractive_index: 1,
      photons: 20000,
      background: 0,
    },
    [
      ["specimen.nuclei", 60],
      ["specimen.height", [2, 3]],
      ["specimen.depth_range", [0, 0]],
      ["images", { stack: { mode: "transmitted", source_rings: 2 } }],
    ],
  );
  const { images } = await createSimulator(recipe).field(0);
  const file = fileOf(images.stack.stack);

  test("is recognised; its cells vanish in focus, and that is where the focus is said to be", async () => {
    const { focus } = await inspectImage(file);
    expect(focus).toMatchObject({ light: "transmitted", measure: "band_contrast" });
    expect(focus?.reason).toMatch(/transmitted light/);
    expect(focus?.best?.extremum).toBe("minimum");
    expect(Math.abs((focus?.best?.position ?? 0) - 5)).toBeLessThan(1);
    const map = await focusMapOfFile(file);
    expect(map.measure).toBe("band_contrast");
    expect(Math.abs(map.whole.position - 5)).toBeLessThan(1);
  });

  test("may be measured as the user says", async () => {
    expect(await chooseMeasure(file, { channel: 0, time: 0, measure: "brenner" })).toMatchObject({
      measure: "brenner",
      light: "transmitted",
    });
    const { focus } = await inspectImage(file, { measure: "tenengrad" });
    expect(focus?.measure).toBe("tenengrad");
    expect(focus?.best?.extremum).toBe("maximum");
  });

  test.skipIf(!haveRealData)(
    "of yeast between two maxima: inside the stack, where contrast alone goes to its ends",
    async () => {
      for (const name of ["evolve_testA", "evolve_testB", "evolve_testD"]) {
        const { focus } = await inspectImage(fileOf(await readStack(`yeast_brightfield_5z/${name}_Brightfield.tif`)));
        expect(focus?.best?.extremum).toBe("minimum");
        expect(Math.abs((focus?.best?.position ?? 0) - 2)).toBeLessThanOrEqual(1);
      }
    },
  );
});

test("a constant stack has no focus, and says so", async () => {
  const { focus, warnings } = await inspectImage(
    fileOf({ data: new Float32Array(5 * 400).fill(300), depth: 5, height: 20, width: 20, dtype: "uint16" }),
  );
  expect(focus?.best).toBeUndefined();
  expect(textsOf(warnings).join()).toMatch(/every pixel has the value 300/);
});
