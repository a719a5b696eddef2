import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { decimalWithin, fractionNear, fromFloat32, tidy } from "../src/array/decimal.ts";
import { jsonText } from "../src/array/json-text.ts";
import { Random } from "../src/array/random.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { memorySource } from "../src/index.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-decimal-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Pixel sizes from 0.001 to 50 um, the largest that a microscope has, with up to six digits, as people write them. */
const sizes = (() => {
  const random = new Random(3);
  const drawn = Array.from({ length: 400 }, () =>
    Number((10 ** (4.69 * random.uniform() - 3)).toPrecision(1 + random.integer(6))),
  );
  return [0.325, 0.1625, 0.65, 0.108, 0.08192, 0.8192, 0.01024, 6.45, 0.0645, 0.001, 50, 1, ...drawn];
})();

describe("a pixel size comes back as it was written", () => {
  test.each(["a.tif", "a.ome.tif"])("%s", async (name) => {
    for (const [i, x] of sizes.entries()) {
      const y = sizes[(i + 1) % sizes.length];
      const zStep = sizes[(i + 2) % sizes.length];
      const image = { axes: "ZYX", shape: [2, 3, 4], dtype: "uint8", data: new Uint8Array(24) } as const;
      const bytes = encodeImage(name, { ...image, pixelSize: { y, x }, zStep });
      const file = await openImageSource(memorySource(name, bytes));
      expect(jsonText({ pixel_size: file.pixelSize, z_step: file.zStep })).toBe(
        jsonText({ pixel_size: { y, x }, z_step: zStep }),
      );
      expect([file.pixelSize, file.zStep]).toEqual([{ y, x }, zStep]);
    }
  });

  test("products of other sizes come back to 12 digits", async () => {
    const random = new Random(4);
    for (let i = 0; i < 100; i++) {
      const x = 0.001 + 10 ** (4.69 * random.uniform() - 3) / 3;
      const image = { axes: "YX", shape: [3, 4], dtype: "uint8", data: new Uint8Array(12) } as const;
      const bytes = encodeImage("a.tif", { ...image, pixelSize: { y: x, x } });
      const file = await openImageSource(memorySource("a.tif", bytes));
      expect(Math.abs((file.pixelSize?.x ?? 0) / x - 1)).toBeLessThan(1.3e-7);
    }
  });
});

const python = "/usr/bin/python3";
const hasTifffile = spawnSync(python, ["-c", "import tifffile, numpy"]).status === 0;

describe.skipIf(!hasTifffile)("files of other programs (skipped where Debian's python3-tifffile is absent)", () => {
  test("fractions cut to millionths as ImageJ does, nearest fractions, of float32, and float32 in OME-XML", async () => {
    const some = sizes.slice(0, 60);
    const script = join(folder, "write.py");
    writeFileSync(
      script,
      `import sys, json, numpy as np, tifffile
sizes = json.loads(sys.argv[1]); out = sys.argv[2]
a = np.zeros((4, 5), 'u1')
for i, s in enumerate(sizes):
    n = 1 / s; scale = 1000000
    if n * scale > 2**31 - 1: scale = int((2**31 - 1) / n)
    imagej = (int(n * scale), scale)
    for kind, res in (('cut', (imagej, imagej)), ('near', (n, n)), ('single', (float(np.float32(n)),) * 2)):
        tifffile.imwrite(f'{out}/{kind}{i}.tif', a, imagej=True, resolution=res, metadata={'unit': 'um'})
    v = float(np.float32(s))
    tifffile.imwrite(f'{out}/ome{i}.ome.tif', a, metadata={'PhysicalSizeX': v, 'PhysicalSizeY': v, 'axes': 'YX'})
`,
    );
    execFileSync(python, [script, JSON.stringify(some), folder]);
    for (const [i, size] of some.entries()) {
      for (const name of [`cut${i}.tif`, `near${i}.tif`, `single${i}.tif`, `ome${i}.ome.tif`]) {
        const file = await openImage(join(folder, name));
        // Millionths of pixels per um hold four digits of the sizes below 10 um.
        if (name.startsWith("cut") && (size > 10 || size !== Number(size.toPrecision(4)))) {
          expect(Math.abs((file.pixelSize?.x ?? 0) / size - 1)).toBeLessThan(2e-6 * size);
        } else expect([name, file.pixelSize]).toEqual([name, { y: size, x: size }]);
        await file.close();
      }
    }
  });
});

describe("decimals", () => {
  test("the shortest within a distance", () => {
    expect(decimalWithin(0.3249994, 1e-5)).toBe(0.325);
    expect(decimalWithin(0.3249994, 1e-7)).toBe(0.3249994);
    expect(decimalWithin(-1.00004, 1e-4)).toBe(-1);
    expect(decimalWithin(2 / 3, 1e-20, 4)).toBe(2 / 3);
  });

  test("sums and products are tidied, whole numbers and what is no number stay", () => {
    expect(tidy(0.1 * 3)).toBe(0.3);
    expect(tidy(2 ** 53)).toBe(2 ** 53);
    expect(tidy(0.8724398220423609)).toBe(0.8724398220423609);
    expect(tidy(Number.NaN)).toBeNaN();
    expect(JSON.parse(jsonText({ a: [0.1 + 0.2, 1e15 + 1], b: Number.NaN, c: "0.30000000000000004" }))).toEqual({
      a: [0.3, 1e15 + 1],
      b: null,
      c: "0.30000000000000004",
    });
  });

  test("numbers that were float32", () => {
    for (const size of sizes) expect(fromFloat32(Math.fround(size))).toBe(size);
    expect(fromFloat32(0.1)).toBe(0.1);
    expect(fromFloat32(0.32500002)).toBe(0.32500002);
  });

  test("fractions are exact where they can be, and near where not", () => {
    expect(fractionNear(0.325, 2 ** 31 - 1)).toEqual([13, 40]);
    expect(fractionNear(3, 2 ** 31 - 1)).toEqual([3, 1]);
    expect(fractionNear(1e-12, 2 ** 31 - 1)[1]).toBeLessThan(2 ** 31);
    for (const value of [Math.PI, Math.E / 100, 1 / 7, 12345.6789012345]) {
      const [n, d] = fractionNear(value, 2 ** 31 - 1);
      expect(Math.max(n, d)).toBeLessThan(2 ** 31);
      expect(Math.abs(n / d / value - 1)).toBeLessThan(1e-12);
    }
  });
});
