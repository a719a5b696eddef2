/** What a user should know of a fit before believing it. */
import type { Stack } from "../../image/image.ts";
import type { Parameter } from "./levenberg-marquardt.ts";
import type { PsfFit } from "./psf-fit.ts";

/** Neighbouring residuals that agree more than this are no noise. */
const STRUCTURED = 0.5;

export function fitWarnings(
  fit: PsfFit,
  stack: Stack,
  names: readonly string[],
  parameters: readonly Parameter[],
): string[] {
  const warnings: string[] = [];
  if (!fit.converged)
    warnings.push(`the fit still moved after ${fit.iterations} steps: its values are not the best ones.`);
  if (fit.r2 < 0.9) {
    const share = (100 * Math.max(0, fit.r2)).toFixed(0);
    warnings.push(
      `the fit explains only ${share} % of the stack's variance: this may be no single bead, or other optics.`,
    );
  }
  if (!fit.described)
    warnings.push("the model does not describe this bead, so that its values have no error bars: trust none of them.");
  names.forEach((name, i) => {
    const { value, error } = fit.parameters[name];
    const { min, max, scale } = parameters[i];
    if (value - min < 1e-3 * scale || max - value < 1e-3 * scale) {
      if (!(name === "bead_diameter" && min === 0)) {
        warnings.push(`${name} ended at its limit, ${value.toPrecision(3)}: the model cannot follow the bead.`);
      }
    } else if (fit.described && !(error < 10 * scale)) warnings.push(`${name} cannot be told from this stack.`);
  });
  const alike = likeness(fit, stack);
  if (fit.residual > 0.01 && alike > STRUCTURED) {
    warnings.push(
      `the residual, ${(100 * fit.residual).toFixed(1)} % of the peak, has structure (neighbouring pixels agree to ${alike.toFixed(2)}): ` +
        "the model lacks something; fit an aberration, the bead's diameter or the z scale.",
    );
  }
  return warnings;
}

/** Correlation of residuals of neighbours along x, where the bead is brighter than a fiftieth of its peak. */
function likeness({ fitted, background, peak }: PsfFit, { data, width }: Stack): number {
  let [own, pair] = [0, 0];
  for (let i = 0; i + 1 < data.length; i++) {
    if ((i + 1) % width === 0 || fitted[i] - background < peak / 50) continue;
    const [a, b] = [data[i] - fitted[i], data[i + 1] - fitted[i + 1]];
    own += (a * a + b * b) / 2;
    pair += a * b;
  }
  return own > 0 ? pair / own : 0;
}
