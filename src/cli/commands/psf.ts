import type { z } from "zod";
import type { psf as task } from "../../tasks/psf.ts";
import type { CommandText } from "../command.ts";
import { digits, table } from "../text.ts";

type Result = z.output<typeof task.result>;

export const psf: CommandText<Result> = {
  notes: [
    "Without an image, the PSF of a point in the middle of the stack is computed. Pixels are float32: the fraction of the point's light that falls on them.",
    "With an image, each isolated bead is measured (full widths at half maximum of fitted Gaussians), and the PSF model is fitted to it. The output is the mean of the beads, beside a picture NAME.png that shows the measured and the fitted bead and their difference.",
    "Errors are one standard deviation, and include misfits of the model and differences between the beads. A parameter that the planes cannot determine is refused: one plane gives lateral widths only; z needs three planes, and each aberration needs one more.",
  ],
  examples: [
    "parfocal psf -o psf-oil.tif --na 1.4 --refractive-index 1.515 --pixel-size 0.1 --z-step 0.2 --planes 11",
    "parfocal psf -o psf-water.tif --psf vectorial --na 1.2 --refractive-index 1.515 --sample-index 1.33 --depth 5 --planes 5 --json",
    "parfocal psf -o psf-confocal.tif --na 0.8 --excitation-wavelength 0.488 --pinhole 1 --zernike coma=0.1 --planes 5",
    "parfocal psf bead.tif --na 0.4 --wavelength 0.515 --half 6 --fit bead_diameter,na -o measured.tif",
  ],
  text: (done) => (done.beads === undefined ? computed(done) : measured(done, done.beads)),
};

function computed(done: Result): string {
  const { output, shape = [0, 0, 0], pixel_size_um: pixel = 0, z_step_um: step = 0, focus_um: focus = 0 } = done;
  const { nyquist_pixel_size_um: finest = 0, nyquist_z_step_um: finestStep = 0 } = done;
  const [depth, height, width] = shape;
  return table([
    ["output", output ?? ""],
    ["size", `${depth} planes of ${height} x ${width} pixels, ${digits(pixel)} um, ${digits(step)} um apart`],
    ["sharpest", `at defocus ${digits(focus)} um`],
    ["Nyquist", `pixels of ${digits(finest)} um, planes ${digits(finestStep)} um apart`],
  ]);
}

interface Fit {
  parameters: Record<string, { value: number; error: number | null }>;
  residual: number;
  r2: number;
}

function measured({ rejected = {}, output, picture }: Result, beads: NonNullable<Result["beads"]>): string {
  const fits = beads.map(({ fit }) => fit as unknown as Fit);
  const names = Object.keys(fits[0].parameters).filter((name) => !["x", "y", "z"].includes(name));
  const head = ["bead", "x", "y", "plane", "FWHM x", "y", "z (um)", ...names, "residual", "R2"];
  const rows = beads.map(({ x_px: x, y_px: y, z_plane: z, fwhm_um: fwhm }, i) => [
    String(i + 1),
    ...[x, y, z].map((value) => value.toFixed(2)),
    ...[fwhm.x, fwhm.y, fwhm.z].map((value) => value?.toFixed(3) ?? "-"),
    ...names.map((name) => withError(fits[i].parameters[name])),
    `${(100 * fits[i].residual).toFixed(2)} %`,
    fits[i].r2.toFixed(4),
  ]);
  const left = Object.entries(rejected).filter(([, count]) => count > 0);
  const reasons = left.map(([why, count]) => `${count} ${rejectedFor[why] ?? why}`).join(", ");
  const lines = [
    table(
      [head, ...rows],
      head.map((_, i) => i),
    ),
  ];
  if (reasons) lines.push(`Left out: ${reasons}.`);
  if (output && picture) {
    lines.push(
      table([
        ["mean", output],
        ["picture", picture],
      ]),
    );
  }
  return lines.join("\n");
}

const withError = ({ value, error }: { value: number; error: number | null }): string =>
  `${value.toFixed(3)} ± ${error !== null && Number.isFinite(error) ? error.toFixed(3) : "unknown"}`;

const rejectedFor: Readonly<Record<string, string>> = {
  border: "too near the border",
  neighbour: "too near another",
  saturated: "saturated",
  end: "brightest in the first or last plane",
  outside: "fitted outside the stack",
};
