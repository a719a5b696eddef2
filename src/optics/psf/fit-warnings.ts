/** Warnings about a fit of a bead. */
import type { Parameter } from "../../array/least-squares.ts";
import type { Stack } from "../../image/image.ts";
import type { PsfFit } from "./psf-fit.ts";

/** Above this correlation of neighbouring residuals, the residuals are not noise. */
const MAX_NOISE_CORRELATION = 0.5;

export function fitWarnings(
  fit: PsfFit,
  stack: Stack,
  names: readonly string[],
  parameters: readonly Parameter[],
): string[] {
  const warnings: string[] = [];
  if (!fit.converged)
    warnings.push(
      `the fit did not converge in ${fit.iterations} iterations, so that its values are not the best ones.`,
    );
  if (fit.r2 < 0.9) {
    const share = (100 * Math.max(0, fit.r2)).toFixed(0);
    warnings.push(
      `the fit explains only ${share} % of the variance of the stack: this may not be a single bead, or the optics may be wrong.`,
    );
  }
  if (!fit.described)
    warnings.push(
      "the model does not describe this bead, so that its values have no error bars and should not be used.",
    );
  names.forEach((name, i) => {
    const { value, error } = fit.parameters[name];
    const { min, max, scale } = parameters[i];
    if (value - min < 1e-3 * scale || max - value < 1e-3 * scale) {
      if (!(name === "bead_diameter" && min === 0)) {
        warnings.push(`${name} ended at its limit, ${value.toPrecision(3)}: the model does not fit the bead.`);
      }
    } else if (fit.described && !(error < 10 * scale)) warnings.push(`this stack does not determine ${name}.`);
  });
  const correlation = neighbourCorrelation(fit, stack);
  if (fit.residual > 0.01 && correlation > MAX_NOISE_CORRELATION) {
    warnings.push(
      `the residual, ${(100 * fit.residual).toFixed(1)} % of the peak, has structure (correlation of neighbouring pixels ${correlation.toFixed(2)}): ` +
        "the model is incomplete; fit an aberration, the bead diameter or the z scale as well.",
    );
  }
  return warnings;
}

/** Correlation of residuals of neighbours along x, where the bead is brighter than a fiftieth of its peak. */
function neighbourCorrelation({ fitted, background, peak }: PsfFit, { data, width }: Stack): number {
  let [own, pair] = [0, 0];
  for (let i = 0; i + 1 < data.length; i++) {
    if ((i + 1) % width === 0 || fitted[i] - background < peak / 50) continue;
    const [a, b] = [data[i] - fitted[i], data[i + 1] - fitted[i + 1]];
    own += (a * a + b * b) / 2;
    pair += a * b;
  }
  return own > 0 ? pair / own : 0;
}
