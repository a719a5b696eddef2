/** PSFs against other people's programs; test/fixtures/psf/peers.py made the numbers. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { lightOf, type PsfOpticsInput, psfModelOf, resolvePsfOptions } from "../src/optics/psf/optics-options.ts";
import { createRadialIntensity } from "../src/optics/psf/richards-wolf.ts";

interface Peer {
  values: number[][];
  z: number[];
  x: number;
  depth?: number;
  pinhole?: number;
  params?: Record<string, number>;
}
const peers = JSON.parse(readFileSync("test/fixtures/psf/peers.json", "utf8")) as Record<string, Peer>;
const oil: PsfOpticsInput = { na: 1.4, refractive_index: 1.515, wavelength: 0.52 };

/** The largest difference, both relative to their peaks. */
function difference(mine: number[][], theirs: number[][]): number {
  const peak = Math.max(...mine.flat());
  return Math.max(...theirs.flatMap((row, i) => row.map((value, j) => Math.abs(mine[i][j] / peak - value))));
}

describe("PSFs of peers", () => {
  it.each([
    ["none", { aplanatic: true }],
    ["total", { psf: "vectorial" }],
  ] as const)("radial integrals equal pyOTF's transforms, vectorial correction %s", (correction, options) => {
    const { z, x, values } = peers[`pyotf_${correction}`];
    const radial = createRadialIntensity(lightOf(resolvePsfOptions({ ...oil, ...options })));
    const mine = z.map((at) => Array.from(radial.profile(x, values[0].length, at)));
    expect(difference(mine, values)).toBeLessThan(0.002);
  });

  it.each([
    ["scalar_matched", 0.002],
    ["scalar_water", 0.01],
    ["scalar_coverslip", 0.02],
    ["vectorial_matched", 0.001],
    ["vectorial_water", 0.003],
    ["vectorial_coverslip", 0.004],
  ])("layers equal psfmodels': %s", (name, limit) => {
    const { z, x, depth = 0, values, params: p = {} } = peers[`psfmodels_${name}`];
    const model = psfModelOf({
      psf: name.startsWith("scalar") ? "gibson-lanni" : "vectorial",
      na: p.NA,
      wavelength: 0.52,
      refractive_index: p.ni0,
      sample_index: p.ns,
      depth,
      coverslip_index: p.ng,
      coverslip_design_index: p.ng0,
      ...(p.tg === undefined ? {} : { coverslip_thickness: p.tg }),
      immersion_design_thickness: p.ti0 ?? 150,
    });
    const mine = z.map((stage) => {
      // Their stage stands at the point's depth where the point is in paraxial focus; ours where the nominal focus is.
      const defocus = depth - (stage + depth * (p.ni / p.ns - 1));
      const { data, size } = model.psf({ pixelSize: x, defocus, size: 512 });
      return values[0].map((_, i) => data[(size * size) / 2 + size / 2 + i]);
    });
    expect(difference(mine, values)).toBeLessThan(limit);
  });

  it("a confocal PSF equals theirs, convolved and multiplied by SciPy", () => {
    const { z, x, pinhole, values } = peers.confocal;
    const model = psfModelOf({ ...oil, psf: "vectorial", excitation_wavelength: 0.488, pinhole: pinhole as number });
    const mine = z.map((defocus) => {
      const { data, size } = model.psf({ pixelSize: x, defocus, size: 512 });
      return values[0].map((_, i) => data[(size * size) / 2 + size / 2 + i]);
    });
    expect(difference(mine, values)).toBeLessThan(0.006);
  });
});
