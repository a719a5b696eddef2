/** The sensitivity of outputs to noise in the report of a study: a chart of ring correlations and a table. */
import { type NamedLine, plotLines } from "../figures/plots.ts";
import type { ReportSection } from "../figures/report.ts";
import type { Candidate } from "./candidate.ts";
import type { Figure } from "./figure.ts";
import type { StudiedStack } from "./studied-stack.ts";
import type { ThinnedAgreement, ThinningEvidence } from "./thinning-evidence.ts";

/** The part of a candidate's study that is shown. */
export interface ThinningStudy {
  candidate: Pick<Candidate, "name" | "task">;
  studied: { stack: Pick<StudiedStack["stack"], "pixelSize" | "optics"> };
  thinning: ThinningEvidence | undefined;
}

/**
 * If the noise of the two thinned stacks correlates by more than this, they are not independent, and resolutions cannot
 * be relied on.
 */
export const maxNoiseCorrelation = 0.1;

type Known = ThinningStudy & { thinning: ThinningEvidence };
const isKnown = (study: ThinningStudy): study is Known => study.thinning !== undefined;

/** The resolution as text, in the unit of `pixel`. */
function resolutionText({ resolution }: ThinnedAgreement, pixel: number): string {
  if (resolution === Number.POSITIVE_INFINITY) return "none";
  return resolution <= 2 * pixel ? `${resolution.toFixed(2)} or finer` : resolution.toFixed(2);
}

/**
 * Ring correlation over frequency, for the outputs of every candidate, the inputs out of focus, and the recorded
 * sharpest plane.
 */
export async function thinningChart(studies: readonly ThinningStudy[]): Promise<Figure | undefined> {
  const known = studies.filter(isKnown);
  if (known.length === 0) return undefined;
  const { stack } = known[0].studied;
  const scale = stack.pixelSize?.x ?? 1;
  const line = (name: string, agreement: ThinnedAgreement): NamedLine => ({
    name: `${name}: ${resolutionText(agreement, scale)}${Number.isFinite(agreement.resolution) ? ` ${stack.pixelSize ? "um" : "pixels"}` : ""}`,
    points: agreement.curve.frequency.map((f, i) => ({ x: f / scale, y: agreement.curve.correlation[i] })),
  });
  const [{ thinning }] = known;
  const blurred = known.find(({ candidate }) => candidate.task === "refocus");
  const { frequency } = thinning.sharpest.curve;
  const ends = [frequency[0] / scale, frequency[frequency.length - 1] / scale];
  const objective = stack.optics;
  const cutoff =
    objective?.na && objective.wavelength && stack.pixelSize ? (2 * objective.na) / objective.wavelength : undefined;
  return {
    id: "data-thinning",
    kind: "chart",
    title: "Down to which detail are outputs independent of the noise?",
    caption:
      "The recording was split into two stacks that differ only in their noise (data thinning), and the model was applied to both. The lines show the Fourier ring correlation (FRC) of the two outputs: 1 where they agree, 0 where they only contain noise. The resolution is the length at which a line first falls below 1/7; it stands beside the name. A good model runs above the line of the inputs out of focus, which a simple filter cannot achieve. It can run above the line of the recorded sharpest plane if it averages noise. A line that rises again at high frequencies shows a pattern that is in both outputs, such as a checkerboard, or, for very smooth outputs, leakage from low frequencies. Agreement does not prove that a structure is true: a structure that is hallucinated in both outputs also counts as resolved.",
    svg: await plotLines(
      [
        { name: "1/7", points: ends.map((x) => ({ x, y: 1 / 7 })), plain: true },
        { ...line("recorded sharpest plane", thinning.sharpest), plain: true },
        ...(blurred ? [{ ...line("recorded inputs", blurred.thinning.input), plain: true }] : []),
        ...known.map((one) => line(one.candidate.name, one.thinning.output)),
      ],
      {
        x: `spatial frequency (cycles per ${stack.pixelSize ? "um" : "pixel"})`,
        y: "Fourier ring correlation",
        ...(cutoff !== undefined &&
          cutoff < ends[1] && { mark: { x: cutoff, text: "cut-off of the objective, 2 NA / wavelength" } }),
      },
    ),
  };
}

/**
 * Resolution and noise of inputs and outputs, and whether these numbers can be relied on. Empty where nothing was
 * measured.
 */
export function thinningTable(studies: readonly ThinningStudy[]): ReportSection[] {
  const known = studies.filter(isKnown);
  if (known.length === 0) return [];
  const [{ thinning: first, studied }] = known;
  const pixel = studied.stack.pixelSize?.x ?? 1;
  const share = (value: number): string => (Number.isFinite(value) ? `${(100 * value).toFixed(1)} %` : "no contrast");
  const rows = known.map(({ candidate, thinning: { input, output, sharpest, noiseGain } }) => [
    candidate.name,
    ...[input, output, sharpest].map((one) => resolutionText(one, pixel)),
    share(input.nrmse),
    share(output.nrmse),
    candidate.task === "section" ? "other counts" : noiseGain.toFixed(2),
    Number.isFinite(output.correlation) ? output.correlation.toFixed(3) : "no contrast",
  ]);
  return [
    {
      kind: "table",
      caption: `Agreement of two outputs that were made from two stacks with independent noise (data thinning; each stack has twice the noise variance of the recording). Resolution is the length at which the Fourier ring correlation falls below 1/7, in ${first.unit}. A filter that only blurs or sharpens has the resolution of its input. Noise is the root mean square difference between the two images, divided by the range of the image. Noise gain is the noise of the outputs divided by that of the inputs, both in counts: below 1 the model removes noise, above 1 it amplifies noise. A good model has a finer resolution than its input and less noise. This test cannot detect structures that are hallucinated in both outputs.`,
      columns: [
        "",
        `resolution of inputs (${first.unit})`,
        `resolution of outputs (${first.unit})`,
        `resolution of the sharpest plane (${first.unit})`,
        "noise of inputs",
        "noise of outputs",
        "noise gain",
        "correlation of the two outputs",
      ],
      rows,
    },
    { kind: "paragraph", text: trust(first) },
  ];
}

/** A paragraph on the noise of the stack, and on whether the two thinned stacks are independent. */
function trust({ noise: { gain, offset, read }, noiseCorrelation }: ThinningEvidence): string {
  const counts = (value: number): string => String(Number(value.toPrecision(3)));
  const model =
    gain > 0
      ? `a variance of ${counts(gain)} x (counts - ${counts(offset)})${read > 0 ? ` + ${counts(read)}^2` : ""}`
      : `a standard deviation of ${counts(read)} counts everywhere`;
  const found = `The noise model was estimated from the stack itself: ${model}. At the highest frequencies of the plane farthest from focus, where there is no signal, the two stacks correlate by ${noiseCorrelation.toFixed(2)}`;
  if (noiseCorrelation > maxNoiseCorrelation) {
    return `${found}. This is too much: both stacks share some noise, because the noise of neighbouring pixels is correlated, as in images that were resized, denoised or compressed. All resolutions above are too fine. Do not rely on them.`;
  }
  if (noiseCorrelation < -maxNoiseCorrelation) {
    return `${found}. A negative correlation means that the noise was overestimated, so all resolutions above are too coarse.`;
  }
  return `${found}. The two stacks are independent, as they should be.`;
}
