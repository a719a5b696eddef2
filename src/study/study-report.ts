/**
 * The page of a study: a headline for each candidate, the verdicts, the measurements behind them, and how to repeat the
 * study.
 */

import { meanOfKnown } from "../array/mean-of-known.ts";
import { type ReportSection, renderReport, type TableCell } from "../figures/report.ts";
import type { Warning } from "../warning.ts";
import { distanceSection } from "./distance-section.ts";
import type { Figure } from "./figure.ts";
import { focusAlignmentTable } from "./focus-alignment-figure.ts";
import { meanOutcome } from "./mean-outcome.ts";
import { qualityControlTable } from "./quality-control-section.ts";
import { spreadTable } from "./spread-figure.ts";
import type { StudiedStack } from "./studied-stack.ts";
import { type CandidateStudy, ensemblesOf } from "./study.ts";
import { thinningTable } from "./thinning-figure.ts";
import type { Verdict } from "./verdict.ts";
import { pictureBehind } from "./verdict-picture.ts";
import type { OwnSharpness } from "./without-truth.ts";

export interface StudyReport {
  studied: StudiedStack;
  studies: readonly CandidateStudy[];
  figures: readonly Figure[];
  /** All that is needed to repeat the study, as text: version, command and models. */
  repeat: string;
  /** The date and the version of Parfocal. */
  subtitle: string;
  warnings: readonly Warning[];
}

/** Short headings of the verdicts, in the order of the table. */
const columns: readonly [Verdict["id"], string][] = [
  ["effect", "Effect"],
  ["direction", "Direction"],
  ["hallucinations", "Hallucinations"],
  ["scale", "Other scales"],
  ["range", "Useful range"],
  ["harm", "Worse outputs"],
  ["given", "Input planes"],
];

/** Returns one HTML file as text. The pictures are embedded. */
export function studyPage({ studied, studies, figures, repeat, subtitle, warnings }: StudyReport): string {
  const shown = (...ids: string[]): ReportSection[] =>
    figures.filter(({ id }) => ids.some((start) => id === start || id.startsWith(`${start}-`))).map(sectionOf);
  const sections: ReportSection[] = [
    {
      kind: "headlines",
      rows: studies.map(({ candidate, headline: { use, sentence } }) => ({
        label: candidate.name,
        text: sentence,
        good: use === true ? true : use === false ? false : undefined,
      })),
    },
    {
      kind: "verdicts",
      caption:
        "Overview of the verdicts. A tick means that the threshold is met, a cross that it is missed, and a question mark that these data cannot tell. Effect: removed share of the excess width of structures (refocusing) or of the out-of-focus light (sectioning). Direction: share of the regions that moved towards the target plane. Hallucinations: share of the bright structures that were not recorded. Other scales: smallest gain in PSNR on rescaled images. Useful range: share of the outputs that are better than the best recorded baseline. Worse outputs: share of the outputs that are worse. Input planes: change of the input planes, compared with their noise.",
      questions: columns.map(([, question]) => question),
      rows: studies.map(({ candidate, verdicts }) => ({
        label: candidate.name,
        answers: columns.map(([id]) => {
          const verdict = verdicts.find((one) => one.id === id);
          return verdict && { text: shortAnswer(verdict), good: verdict.good };
        }),
      })),
    },
    { kind: "warnings", items: warnings.map(({ text }) => text) },
    ...studies.flatMap((one): ReportSection[] => {
      const { candidate, verdicts } = one;
      return [
        { kind: "heading", text: candidate.name },
        ...(candidate.description ? [{ kind: "paragraph" as const, text: candidate.description }] : []),
        {
          kind: "table",
          caption: "The verdicts, with the measured number, the threshold that it must meet, and an explanation.",
          columns: ["question", "verdict", "measured", "threshold", "explanation", "figure"],
          rows: verdicts.map((verdict): TableCell[] => [
            verdict.question,
            verdict.good === undefined ? "cannot tell" : verdict.good ? "good" : "not good",
            verdict.value === undefined ? "" : amount(verdict.value, verdict.unit),
            `${verdict.better === "higher" ? "at least" : "at most"} ${amount(verdict.threshold, verdict.unit)}`,
            verdict.answer,
            linkTo(pictureBehind(verdict, candidate, figures)),
          ]),
        },
        ...distanceSection(one),
      ];
    }),
    { kind: "heading", text: "The stack" },
    ...shown("stack", "focus"),
    { kind: "heading", text: "Outputs" },
    ...shown("one-image", "every-plane"),
    { kind: "heading", text: "Scores" },
    {
      kind: "paragraph",
      text: `Refocused planes are compared with the recorded sharpest plane, sections with the ground truth where it is known. PSNR and SSIM use the data range between percentiles 0.1 and 99.9 of the ground truth, or of the sharpest plane where there is none. Before sections are scored, one gain and one offset for the whole stack bring them to the ground truth; without a ground truth they are fitted to the sharpest plane. The best recorded baseline is the best image that you already have without a model: an input plane, smoothed or not, or the interpolation between the input planes. For each score the best of these images is chosen. Detail is the correlation of fine structure in output and target, in three bands of spatial frequency. Unlike PSNR and SSIM, it hardly rises when an image with little noise is smoothed.`,
    },
    ...shown("psnr", "ssim", "detail"),
    ...scoreTables(studies),
    ...qualityControlTable(studies),
    ownSharpness(studies),
    ...reblurTable(studies),
    { kind: "heading", text: "Profiles and widths" },
    ...shown("profile", "profiles", "width"),
    ...(figures.some(({ id }) => /^(distances|direction|virtual-focus)-/.test(id))
      ? [
          { kind: "heading" as const, text: "Distances and directions" },
          ...shown("distances", "direction", "virtual-focus"),
          ...focusAlignmentTable(studies),
        ]
      : []),
    { kind: "heading", text: "Rescaled images" },
    ...shown("scale", "scales"),
    ...(figures.some(({ id }) => id.startsWith("hallucinations"))
      ? [{ kind: "heading" as const, text: "Hallucinations" }, ...shown("hallucinations")]
      : []),
    ...(studies.some(({ thinning }) => thinning)
      ? [
          { kind: "heading" as const, text: "Sensitivity to noise" },
          ...shown("data-thinning"),
          ...thinningTable(studies),
        ]
      : []),
    ...(figures.some(({ id }) => id.startsWith("spread"))
      ? [
          { kind: "heading" as const, text: "Uncertainty of the models" },
          ...shown("spread"),
          ...spreadTable(studies, ensemblesOf(studied, studies)),
        ]
      : []),
    { kind: "configuration", caption: "How to repeat this study", text: repeat },
  ];
  return renderReport({ title: `Study of ${studied.name}`, subtitle, sections });
}

function sectionOf(figure: Figure): ReportSection {
  const { title, caption, id, kind, svg } = figure;
  return { kind, svg, alt: title, caption: `${title}. ${caption}`, id };
}

const linkTo = (figure: Figure | undefined): TableCell =>
  figure === undefined ? "" : { text: figure.kind, href: `#${figure.id}` };

/** A measured number or a threshold with its unit; shares as percentages. */
function amount(value: number, unit: string): string {
  return unit.startsWith("share")
    ? `${Number((100 * value).toFixed(1))} %${unit.slice("share".length)}`
    : `${Number(value.toPrecision(3))} ${unit}`;
}

function shortAnswer({ value, unit, good }: Verdict): string {
  if (good === undefined) return "cannot tell";
  if (value === undefined) return good ? "yes" : "no";
  if (unit.startsWith("times")) return `${value.toFixed(1)} x noise`;
  return unit.startsWith("share")
    ? `${Math.round(100 * value)} %`
    : `${value > 0 ? "+" : ""}${value.toFixed(1)} ${unit}`;
}

function scoreTables(studies: readonly CandidateStudy[]): ReportSection[] {
  return (["refocus", "section"] as const).flatMap((task): ReportSection[] => {
    const own = studies.filter(({ candidate }) => candidate.task === task);
    const rows = own.flatMap((one) => {
      const means = meanOutcome(one);
      return means ? [{ label: one.candidate.name, ...means }] : [];
    });
    if (rows.length === 0) return [];
    const planes =
      task === "refocus" ? "planes within range for which the sharpest plane was not an input plane" : "planes";
    const caption = `Mean scores of ${task === "refocus" ? "refocused planes" : "sections"} against the ${own[0].every.against}, over all ${planes}. Input is the first input plane, unchanged. Baseline is the best recorded baseline. Gain is output minus baseline.`;
    return [{ kind: "scores", caption, dataRange: own[0].every.dataRange, rows }];
  });
}

function ownSharpness(studies: readonly CandidateStudy[]): ReportSection {
  const [{ studied, withoutTruth }] = studies;
  const size = studied.stack.pixelSize?.x;
  const unit = size === undefined ? "pixels" : "um";
  const mean = (values: readonly number[]): number => meanOfKnown(values) ?? Number.NaN;
  const both = (all: readonly OwnSharpness[]): string[] => [
    (mean(all.map(({ edge }) => edge)) * (size ?? 1)).toFixed(2),
    mean(all.map(({ focus }) => focus)).toFixed(2),
    (mean(all.map(({ cutoff }) => cutoff)) * (size ?? 1)).toFixed(2),
  ];
  const rows = studies.flatMap(({ candidate, withoutTruth: { planes } }) => [
    [`${candidate.name}, input`, ...both(planes.map(({ input }) => input))],
    [`${candidate.name}, output`, ...both(planes.map(({ output }) => output))],
  ]);
  return {
    kind: "table",
    caption:
      "Sharpness of inputs and outputs, measured without a ground truth. The numbers are means over the planes within range. Refocused planes should come close to the sharpest plane, but should not be sharper than it: additional sharpness is noise or hallucination. The spectral cut-off is the period of the finest detail that stands above the noise of the image itself. If a model removes noise, its cut-off appears finer than it is.",
    columns: ["", `rise of edges (${unit})`, "Tenengrad (1 = sharpest plane)", `spectral cut-off (${unit})`],
    rows: [["sharpest recorded plane", ...both([withoutTruth.sharpest])], ...rows],
  };
}

function reblurTable(studies: readonly CandidateStudy[]): ReportSection[] {
  const rows = studies.flatMap(({ candidate, reblur }) =>
    reblur ? [[candidate.name, reblur.output.toFixed(2), reblur.reference.toFixed(2), reblur.referenceName]] : [],
  );
  if (rows.length === 0) return [];
  return [
    {
      kind: "table",
      caption:
        "Each output was blurred with the PSF of the objective and compared with its input. The number is the remaining difference divided by the noise of the input: 1 means that the output explains its input completely. For comparison, the same number is given for a recorded image. Refocused planes are treated as thin specimens, so thick specimens leave a larger difference.",
      columns: ["", "output", "recorded image", "which image"],
      rows,
    },
  ];
}
