/** What agreement of thinning halves looks like in the report of a study: a chart of the curves, and a table. */
import { type NamedLine, plotLines } from "../figures/plots.ts";
import type { ReportSection } from "../figures/report.ts";
import type { Candidate } from "./candidate.ts";
import type { Figure } from "./figure.ts";
import type { StudiedStack } from "./studied-stack.ts";
import type { ThinnedAgreement, ThinningEvidence } from "./thinning-evidence.ts";

/** What of a candidate's study is shown. */
export interface ThinningStudy {
  candidate: Pick<Candidate, "name" | "task">;
  studied: { stack: Pick<StudiedStack["stack"], "pixelSize" | "optics"> };
  thinning: ThinningEvidence | undefined;
}

/** Halves that agree more than this where there is no signal are not independent, and resolutions cannot be relied on. */
export const maxNoiseCorrelation = 0.1;

type Known = ThinningStudy & { thinning: ThinningEvidence };
const isKnown = (study: ThinningStudy): study is Known => study.thinning !== undefined;

/** In the unit of the pixel. */
function resolutionText({ resolution }: ThinnedAgreement, pixel: number): string {
  if (resolution === Number.POSITIVE_INFINITY) return "nothing agrees";
  return resolution <= 2 * pixel ? `${resolution.toFixed(2)} or finer` : resolution.toFixed(2);
}

/** Ring correlation over frequency: of the outputs of every candidate, of inputs out of focus, and of the recorded sharpest plane. */
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
    id: "thinning-rings",
    kind: "chart",
    title: "How much of an output stands on the specimen?",
    caption:
      "Fourier ring correlation of two outputs, made of two halves of the recording that differ only in their noise: 1 where the noise does not matter, 0 where there is nothing else; detail counts as resolved down to where a line first falls below 1/7, the length beside its name. Lines should run above that of the inputs (out of focus; those of the first candidate), which a mere filter cannot do, and may run above that of the recorded sharpest plane where a candidate averages noise away. A line that rises again at the finest detail shows a pattern in both outputs, such as a checkerboard, or in very smooth outputs what leaks there from coarse detail. That both outputs agree does not prove them true: what is hallucinated alike in both counts as resolved.",
    svg: await plotLines(
      [
        { name: "1/7", points: ends.map((x) => ({ x, y: 1 / 7 })), plain: true },
        { ...line("sharpest plane, recorded", thinning.sharpest), plain: true },
        ...(blurred ? [{ ...line("inputs, recorded", blurred.thinning.input), plain: true }] : []),
        ...known.map((one) => line(one.candidate.name, one.thinning.output)),
      ],
      {
        x: `spatial frequency (cycles per ${stack.pixelSize ? "um" : "pixel"})`,
        y: "ring correlation of both halves",
        ...(cutoff !== undefined &&
          cutoff < ends[1] && { mark: { x: cutoff, text: "limit of the objective, 2 NA / wavelength" } }),
      },
    ),
  };
}

/** Resolutions and noise of inputs and outputs; and whether the halves could be trusted. Empty where nothing is known. */
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
      caption: `Two outputs of two halves of the recording, which differ only in their noise (each has twice the variance of the recording). Resolution is where their ring correlation falls below 1/7, ${first.unit}; of filters that merely blur or sharpen it is that of the input. Noise is the root mean square difference of both halves over the range of the picture; its gain, that of the outputs over that of the inputs in counts: below 1 noise is taken away, above 1 it is amplified. Good: finer than the input, with less noise. It cannot tell what is hallucinated alike in both.`,
      columns: [
        "",
        `resolution of inputs (${first.unit})`,
        "of outputs",
        "of the sharpest plane",
        "noise of inputs",
        "of outputs",
        "noise gain",
        "correlation of outputs",
      ],
      rows,
    },
    { kind: "paragraph", text: trust(first) },
  ];
}

function trust({ noise: { gain, offset, read }, noiseCorrelation }: ThinningEvidence): string {
  const counts = (value: number): string => String(Number(value.toPrecision(3)));
  const model =
    gain > 0
      ? `variance ${counts(gain)} x (counts - ${counts(offset)})${read > 0 ? ` + ${counts(read)}^2` : ""}`
      : `a standard deviation of ${counts(read)} counts everywhere`;
  const found = `The noise of the stack, from the stack itself: ${model}. In the finest detail of the plane farthest from focus, where there is no signal, the halves correlate by ${noiseCorrelation.toFixed(2)}`;
  if (noiseCorrelation > maxNoiseCorrelation) {
    return `${found}: some noise is in both (alike in neighbouring pixels, as in images that were resized, denoised or compressed), and all these resolutions come out too fine. Do not rely on them.`;
  }
  if (noiseCorrelation < -maxNoiseCorrelation) {
    return `${found}: the noise was taken for stronger than it is, and all these resolutions come out too coarse.`;
  }
  return `${found}: they are independent, as they should be.`;
}
