/** The page of a study: a headline for each candidate, verdicts, then what they rest on, then how to repeat it. */

import { type ReportSection, renderReport, type TableCell } from "../figures/report.ts";
import { distanceSection } from "./distance-section.ts";
import type { Figure } from "./figure.ts";
import { focusAlignmentTable } from "./focus-alignment-figure.ts";
import { meanOutcome } from "./mean-outcome.ts";
import { qualityControlTable } from "./quality-control-section.ts";
import { splitTable } from "./split-figure.ts";
import { spreadTable } from "./spread-figure.ts";
import { type CandidateStudy, ensemblesOf } from "./study.ts";
import type { Subject } from "./subject.ts";
import type { Verdict } from "./verdict.ts";
import { pictureBehind } from "./verdict-picture.ts";
import type { OwnSharpness } from "./without-truth.ts";

export interface StudyReport {
  subject: Subject;
  studies: readonly CandidateStudy[];
  figures: readonly Figure[];
  /** Versions, seeds, the command: what is needed to repeat it, as text. */
  repeat: string;
  /** When, and by which version. */
  subtitle: string;
  warnings: readonly string[];
}

/** Questions in the order of the table, in a few words. */
const columns: readonly [Verdict["id"], string][] = [
  ["nature", "Does what it should"],
  ["direction", "Right direction"],
  ["hallucinations", "Hallucinates nothing"],
  ["scale", "Any scale"],
  ["range", "Whole range"],
  ["harm", "No harm"],
  ["given", "Given planes kept"],
];

/** One HTML file, as text: pictures are inside. */
export function studyPage({ subject, studies, figures, repeat, subtitle, warnings }: StudyReport): string {
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
        "The verdicts that the headlines follow from. Numbers and thresholds stand below; a question mark means that these data cannot tell.",
      questions: columns.map(([, question]) => question),
      rows: studies.map(({ candidate, verdicts }) => ({
        label: candidate.name,
        answers: columns.map(([id]) => {
          const verdict = verdicts.find((one) => one.id === id);
          return verdict && { text: shortAnswer(verdict), good: verdict.good };
        }),
      })),
    },
    { kind: "warnings", items: warnings },
    ...studies.flatMap((one): ReportSection[] => {
      const { candidate, verdicts } = one;
      return [
        { kind: "heading", text: candidate.name },
        ...(candidate.description ? [{ kind: "paragraph" as const, text: candidate.description }] : []),
        {
          kind: "table",
          caption: "Each verdict with what it rests on.",
          columns: ["question", "verdict", "measured", "must be", "in words", "seen in"],
          rows: verdicts.map((verdict): TableCell[] => [
            verdict.question,
            verdict.good === undefined ? "cannot tell" : verdict.good ? "good" : "not good",
            verdict.value === undefined ? "" : `${Number(verdict.value.toPrecision(3))} ${verdict.unit}`,
            `${verdict.better === "higher" ? "at least" : "at most"} ${verdict.threshold} ${verdict.unit}`,
            verdict.answer,
            linkTo(pictureBehind(verdict, candidate, figures)),
          ]),
        },
        ...distanceSection(one),
      ];
    }),
    { kind: "heading", text: "The stack" },
    ...shown("stack", "focus"),
    { kind: "heading", text: "What is made of it" },
    ...shown("one-image", "every-plane"),
    { kind: "heading", text: "Scores" },
    {
      kind: "paragraph",
      text: `The data range of PSNR and SSIM is that of the sharpest plane between its percentiles 0.1 and 99.9, or of the truth where there is one. Inputs and outputs of sectioning are first brought to the truth by one gain and offset for the whole stack; without a truth, to the sharpest plane, at that plane. The baseline is the best that can be had without a model: the planes that the candidate was given, as they are or lightly smoothed, and their interpolation, whichever is best for the score. Detail is the correlation with the target of three bands of fine structure; it does not rise by smoothing a picture that has little noise.`,
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
    { kind: "heading", text: "Scale" },
    ...shown("scale", "scales"),
    ...(figures.some(({ id }) => id.startsWith("hallucinations"))
      ? [{ kind: "heading" as const, text: "Hallucinations" }, ...shown("hallucinations")]
      : []),
    ...(studies.some(({ split }) => split)
      ? [{ kind: "heading" as const, text: "Two halves of the light" }, ...shown("split"), ...splitTable(studies)]
      : []),
    ...(figures.some(({ id }) => id.startsWith("spread"))
      ? [
          { kind: "heading" as const, text: "How sure the models are" },
          ...shown("spread"),
          ...spreadTable(studies, ensemblesOf(subject, studies)),
        ]
      : []),
    { kind: "configuration", caption: "How to repeat this", text: repeat },
  ];
  return renderReport({ title: `Study of ${subject.name}`, subtitle, sections });
}

function sectionOf(figure: Figure): ReportSection {
  const { title, caption, id } = figure;
  const both = { alt: title, caption: `${title}. ${caption}`, id };
  return figure.kind === "picture"
    ? { kind: "picture", png: figure.png, ...both }
    : { kind: "chart", svg: figure.svg, ...both };
}

const linkTo = (figure: Figure | undefined): TableCell =>
  figure === undefined ? "" : { text: figure.kind, href: `#${figure.id}` };

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
      task === "refocus" ? "planes within range but the sharpest one, and those from which it is given" : "planes";
    const caption = `${task === "refocus" ? "Refocused" : "Sectioned"}, against the ${own[0].every.against}: means over all ${planes}. Input: the untouched first plane. Gain: over the best recorded baseline.`;
    return [{ kind: "scores", caption, dataRange: own[0].every.dataRange, rows }];
  });
}

function ownSharpness(studies: readonly CandidateStudy[]): ReportSection {
  const [{ subject, withoutTruth }] = studies;
  const size = subject.stack.pixelSize?.x;
  const unit = size === undefined ? "pixels" : "um";
  const mean = (values: readonly number[]): number => {
    const known = values.filter(Number.isFinite);
    return known.length === 0 ? Number.NaN : known.reduce((a, b) => a + b, 0) / known.length;
  };
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
      "Without any truth, means over the planes within range, in the region. Refocused planes should come near to the sharpest plane, and not beyond it: sharper than that is noise or hallucination. The cut-off is the period of the finest detail above the picture's own noise: where a model smooths noise away, the floor sinks, and it looks finer than it is.",
    columns: ["", `rise of edges (${unit})`, "Tenengrad (1 = sharpest plane)", `spectral cut-off (${unit})`],
    rows: [["the sharpest plane", ...both([withoutTruth.sharpest])], ...rows],
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
        "Blurred again by the objective's PSF an output must give back its input: what is left, over the input's noise. 1 is best; beside it the same of what was recorded. Refocused planes are taken for thin specimens, so that thick ones leave more.",
      columns: ["", "output", "compare with", "which is of"],
      rows,
    },
  ];
}
