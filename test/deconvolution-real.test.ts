/** A real nucleus in wide field, deconvolved in three dimensions, comes nearer to its confocal image. */
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { deconvolve } from "../src/classical/deconvolution/deconvolve.ts";
import { opticalPsf } from "../src/classical/deconvolution/optical-psf.ts";
import type { Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { pearson } from "../src/metrics/metrics.ts";
import { psfModelOf } from "../src/optics/psf/optics-options.ts";

const path = "../shared/data/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif";
if (!existsSync(path)) console.log(`skipped: ${path} is not there`);

/** The box around the nucleus, `dz` planes and `dx` pixels away. */
function box(stack: Stack, dz: number, dx: number) {
  const [depth, height, width] = [28, 70, 70];
  const data = new Float32Array(depth * height * width);
  let i = 0;
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++)
        data[i++] = stack.data[((z + 8 + dz) * stack.height + y + 32) * stack.width + x + 28 + dx];
  return { data, height: depth * height, width };
}

test.skipIf(!existsSync(path))(
  "wide field, deconvolved, is more like confocal",
  async () => {
    const file = await openImage(path);
    const [confocal, wide] = [await readStack(file, { channel: 0 }), await readStack(file, { channel: 1 })];
    await file.close();
    const { psf } = opticalPsf(psfModelOf({ na: 1.2, wavelength: 0.455, refractive_index: 1.333 }), wide);
    const { stack, memory_gib } = await deconvolve(wide, psf, { iterations: 8, acceleration: true });
    // The channels are not registered: wide field sits 2 planes lower and 4 pixels further right.
    const truth = box(confocal, 2, -4);
    const before = pearson(box(wide, 0, 0), truth);
    const after = pearson(box(stack, 0, 0), truth);
    expect(before).toBeLessThan(0.7);
    expect(after).toBeGreaterThan(before + 0.06);
    expect(memory_gib).toBeLessThan(0.2);
  },
  60_000,
);
