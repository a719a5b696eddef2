/** Memory is counted before it is taken: every way to ask for too much gives a sentence with figures, at once, and takes none. */
import { describe, expect, test, vi } from "vitest";
import { availableMemory, requireMemory } from "../src/array/require-memory.ts";
import { createConvolution } from "../src/classical/deconvolution/convolution.ts";
import { measuredPsf } from "../src/classical/deconvolution/measured-psf.ts";
import { opticalPsf } from "../src/classical/deconvolution/optical-psf.ts";
import type { Stack } from "../src/image/image.ts";
import { type ImageFile, readAll, readStack } from "../src/image/image-file.ts";
import { createPropagator } from "../src/optics/imaging/angular-spectrum.ts";
import { requirePlanes } from "../src/optics/imaging/require-planes.ts";
import { transformSlices } from "../src/optics/imaging/superpose.ts";
import { emptyVolume } from "../src/optics/phantom/volume.ts";
import { beadSpectra } from "../src/optics/psf/bead-image.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";
import { psfStack } from "../src/optics/psf/psf-stack.ts";

const model = psfModelOf({ na: 0.8, wavelength: 0.515 });
const light = { wavelength: 0.5, refractiveIndex: 1, pixelSize: 1 };
const huge = 100_000;

const bead = (size: number): Stack => {
  const data = new Float32Array(size * size);
  data[(size >> 1) * size + (size >> 1)] = 100;
  return { data, depth: 1, height: size, width: size, dtype: "float32", pixelSize: { y: 20, x: 20 } };
};

const file: ImageFile = {
  axes: "ZYX",
  shape: [huge, 2 ** 14, 2 ** 14],
  dtype: "uint16",
  path: "huge.tif",
  readPlane: async () => new Float32Array(1),
  close: async () => undefined,
};

describe("too much is refused before it is taken", () => {
  test.each<[string, RegExp, () => unknown]>([
    ["a stack of a file", /huge\.tif: a stack of 100000 x 16384 x 16384/, () => readStack(file)],
    ["an image of a file", /huge\.tif: an image of 100000/, () => readAll(file)],
    [
      "a specimen",
      /specimen of 1000 x 100000 x 100000/,
      () => emptyVolume({ depth: 1000, height: huge, width: huge, pixelSize: 0.1, sliceStep: 1, bottom: 0 }),
    ],
    [
      "the planes of a PSF",
      /PSF of 100000 planes of 4096 x 4096/,
      () => psfStack(model, { pixelSize: 0.1, zStep: 1e-3, planes: huge, size: 4096 }),
    ],
    [
      "the PSF for a stack",
      /PSF of 20001 planes, 0\.05 um apart, of up to \d+ x \d+ pixels/,
      () => opticalPsf(model, { depth: 20_000, height: 512, width: 512, pixelSize: { y: 0.1, x: 0.1 }, zStep: 0.05 }),
    ],
    [
      "a measured PSF on finer pixels",
      /on the grid of the image \(of 1 x 64 x 64 recorded\)/,
      () => measuredPsf(bead(64), { depth: 1, height: huge, width: huge, pixelSize: { y: 0.001, x: 0.001 } }),
    ],
    [
      "a convolution",
      /convolution on 1000 x 20000 x 20000 voxels/,
      () =>
        createConvolution(
          { depth: 1, height: 1, width: 1, data: Float32Array.of(1) },
          { depth: 1000, height: 20_000, width: 20_000 },
        ),
    ],
    [
      "a bead in many planes",
      /bead in 100000 planes/,
      () =>
        beadSpectra(model, { depth: huge, height: 64, width: 64, pixelSize: 0.15 }, { z: 0, diameter: 0, zStep: 1e-3 }),
    ],
    ["a field of a hologram", /field of 100000 x 100000 pixels/, () => createPropagator(huge, huge, light, "mirror")],
    [
      "slices",
      /100000 slices of 4096 x 4096/,
      () =>
        transformSlices(
          { height: 4096, width: 4096, spectrumWidth: 2049 } as never,
          Array.from({ length: huge }, (_, i) => i),
          () => undefined,
        ),
    ],
    ["focal planes", /100000 planes of 4096 x 4096/, () => requirePlanes(huge, { height: 4096, width: 4096 })],
  ])("%s", async (_, sentence, run) => {
    const before = process.memoryUsage().rss;
    const failed = await (async () => run())().catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: "usage", message: expect.stringMatching(sentence) });
    expect(failed).toMatchObject({
      message: expect.stringMatching(/needs about [\d.e+]+ GiB of memory, and [\d.]+ GiB are there; give .+\.$/),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
  });

  test("what fits is let through, by what the machine has or by what is allowed", () => {
    const need = { what: "It", advice: "less", option: "size" };
    expect(() => requireMemory({ ...need, bytes: 2 ** 30, allowed: 2 ** 30 })).not.toThrow();
    expect(() => requireMemory({ ...need, bytes: 2 ** 30 + 1, allowed: 2 ** 30 })).toThrow(
      /1\.00 GiB are allowed; give less/,
    );
    expect(() => requireMemory({ ...need, bytes: 0.9 * availableMemory() })).not.toThrow();
    expect(() => requireMemory({ ...need, bytes: 4 * availableMemory() })).toThrow(/are there/);
  });

  test("where nobody says what there is, as in a browser, 2 GiB are taken for it", () => {
    vi.stubGlobal("process", undefined);
    try {
      expect(availableMemory()).toBe(2 * 2 ** 30);
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
