/**
 * Draws docs/figures/bead-fit.png: two recorded beads, measured | fitted | difference, laterally, along z, and as a
 * profile; and prints the fitted values. The data are fetched as their PROVENANCE says; see the README.
 *
 *     npm run figures:bead-fit [OUTPUT]
 */
import { type BeadSheetRow, beadSheet } from "../src/figures/bead-sheet.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { cropStack } from "../src/image/crop.ts";
import type { Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { fitPsf } from "../src/optics/psf/fit-psf.ts";
import { measureBeads } from "../src/optics/psf/measure-beads.ts";
import type { PsfOpticsInput } from "../src/optics/psf/optics-options.ts";

const aberrations = ["spherical", "secondary_spherical", "astigmatism", "oblique_astigmatism", "coma", "vertical_coma"];

async function read(path: string): Promise<Stack> {
  const file = await openImage(path);
  const stack = await readStack(file, {});
  await file.close();
  return stack;
}

/** pyOTF's bead: NA 0.85 in air, emission 520 nm; its file has no calibration that can be read. */
async function airBead(): Promise<BeadSheetRow> {
  const whole = await read("../shared/data/pyotf_bead_air/psf_wl520nm_z300nm_x130nm_na0.85_n1.0.tif");
  const stack = cropStack({ ...whole, pixelSize: { y: 0.13, x: 0.13 }, zStep: 0.3 }, [104, 152], [107, 155]);
  const optics: PsfOpticsInput = { psf: "vectorial", na: 0.85, wavelength: 0.52, refractive_index: 1 };
  // From coarse to fine: the size is fitted first, so that no aberration compensates for it.
  const first = await fitPsf(stack, { optics: { ...optics, psf: "scalar" }, fit: ["bead_diameter", "z_scale"] });
  const fit = await fitPsf(stack, {
    optics,
    fit: ["na", "bead_diameter", "z_scale", ...aberrations],
    beadDiameter: first.parameters.bead_diameter.value,
  });
  return { label: "Wide field, NA 0.85 in air, 520 nm", stack, fit };
}

/** A confocal bead; NA, wavelengths and pinhole are not documented: 1.4 in oil, 488 and 520 nm and 1 Airy unit are assumed, and the laser
 * polarised along y, along which its beads are wider. */
async function confocalBead(): Promise<BeadSheetRow> {
  const whole = await read("../shared/data/beads_confocal_41z/Bead_Image1_crop.tif");
  const optics: PsfOpticsInput = {
    psf: "vectorial",
    na: 1.4,
    refractive_index: 1.515,
    wavelength: 0.52,
    excitation_wavelength: 0.488,
    excitation_polarisation: "y",
    pinhole: 1,
  };
  const fit = ["na", "z_scale", "spherical", "astigmatism", "coma", "vertical_coma", "secondary_coma"];
  const { beads } = await measureBeads(whole, { optics, fit: [...fit, "shear_x", "shear_y"], half: 20, beads: 1 });
  const [{ stack, fit: found }] = beads;
  return { label: "Confocal, oil; 488 / 520 nm and 1 Airy unit are assumed", stack, fit: found };
}

const rows: BeadSheetRow[] = [];
for (const make of [airBead, confocalBead]) {
  const started = performance.now();
  const row = await make();
  rows.push(row);
  const { parameters, residual, r2, background, peak, warnings, iterations, converged } = row.fit;
  const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
  console.log(
    JSON.stringify(
      { label: row.label, parameters, residual, r2, background, peak, iterations, converged, warnings, seconds },
      null,
      1,
    ),
  );
}
const output = process.argv[2] ?? "docs/figures/bead-fit.png";
const svg = await beadSheet(rows, "Recorded beads and the fitted models");
await writeFileAtomic(output, await svgPng(svg), { force: true });
console.log(output);
