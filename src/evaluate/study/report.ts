/** The page of a study: verdicts first, then what they rest on, then how to repeat it. */
import { type ReportSection, renderReport } from "../report.ts";
import { SSIM_DESCRIPTION } from "../ssim.ts";
import type { PairScores } from "./every-plane.ts";
import type { Figure } from "./figures.ts";
import type { CandidateStudy } from "./study.ts";
import type { Subject } from "./subject.ts";
import type { Verdict } from "./verdicts.ts";

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
  ["inventions", "Invents nothing"],
  ["scale", "Any scale"],
  ["range", "Whole range"],
  ["harm", "No harm"],
];

/** One HTML file, as text: pictures are inside. */
export function studyPage({ subject, studies, figures, repeat, subtitle, warnings }: StudyReport): string {
  const shown = (...ids: string[]): ReportSection[] =>
    figures.filter(({ id }) => ids.some((start) => id === start || id.startsWith(`${start}-`))).map(sectionOf);
  const sections: ReportSection[] = [
    {
      kind: "verdicts",
      caption: "The verdicts. Numbers and thresholds stand below; a question mark means that these data cannot tell.",
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
    ...studies.flatMap(({ candidate, verdicts }): ReportSection[] => [
      { kind: "heading", text: candidate.name },
      ...(candidate.description ? [{ kind: "paragraph" as const, text: candidate.description }] : []),
      {
        kind: "table",
        caption: "Each verdict with what it rests on.",
        columns: ["question", "verdict", "measured", "must be", "in words"],
        rows: verdicts.map((verdict) => [
          verdict.question,
          verdict.good === undefined ? "cannot tell" : verdict.good ? "good" : "not good",
          verdict.value === undefined ? "" : `${Number(verdict.value.toPrecision(3))} ${verdict.unit}`,
          `${verdict.better === "higher" ? "at least" : "at most"} ${verdict.threshold} ${verdict.unit}`,
          verdict.answer,
        ]),
      },
    ]),
    { kind: "heading", text: "The stack" },
    ...shown("stack", "focus"),
    { kind: "heading", text: "What is made of it" },
    ...shown("one-image", "every-plane"),
    { kind: "heading", text: "Scores" },
    {
      kind: "paragraph",
      text: `PSNR and SSIM with a data range of ${Number(subject.dataRange.toPrecision(5))} counts (percentiles 0.1 to 99.9 of the sharpest plane; of the truth where there is one); SSIM: ${SSIM_DESCRIPTION}. Inputs and outputs of sectioning are first brought to the target by the gain and offset that suit each best.`,
    },
    ...shown("psnr", "ssim"),
    scoreTable(studies),
    { kind: "heading", text: "Profiles and widths" },
    ...shown("profile", "profiles", "width"),
    ...(figures.some(({ id }) => id.startsWith("distances"))
      ? [{ kind: "heading" as const, text: "Distances and directions" }, ...shown("distances", "direction")]
      : []),
    { kind: "heading", text: "Scale" },
    ...shown("scale", "scales"),
    ...(figures.some(({ id }) => id.startsWith("inventions"))
      ? [{ kind: "heading" as const, text: "Inventions" }, ...shown("inventions")]
      : []),
    { kind: "configuration", caption: "How to repeat this", text: repeat },
  ];
  return renderReport({ title: `Study of ${subject.name}`, subtitle, sections });
}

function sectionOf(figure: Figure): ReportSection {
  const { title, caption } = figure;
  const both = { alt: title, caption: `${title}. ${caption}` };
  return figure.kind === "picture"
    ? { kind: "picture", png: figure.png, ...both }
    : { kind: "chart", svg: figure.svg, ...both };
}

function shortAnswer({ value, unit, good }: Verdict): string {
  if (good === undefined || value === undefined) return "cannot tell";
  return unit.startsWith("share")
    ? `${Math.round(100 * value)} %`
    : `${value > 0 ? "+" : ""}${value.toFixed(1)} ${unit}`;
}

/** Means over the planes within range that are not in focus already. */
export function meanOutcome({
  candidate,
  every,
}: CandidateStudy): { input: PairScores; output: PairScores; planes: number } | undefined {
  const judged = every.outcomes.filter(
    ({ inRange, distance }) => inRange && (candidate.task === "section" || distance !== 0),
  );
  const finite = judged.filter(
    ({ scores }) => Number.isFinite(scores.input.psnr) && Number.isFinite(scores.output.psnr),
  );
  if (finite.length === 0) return undefined;
  const mean = (of: "input" | "output", key: keyof PairScores): number =>
    finite.reduce((sum, { scores }) => sum + scores[of][key], 0) / finite.length;
  const pair = (of: "input" | "output"): PairScores => ({ psnr: mean(of, "psnr"), ssim: mean(of, "ssim") });
  return { input: pair("input"), output: pair("output"), planes: finite.length };
}

function scoreTable(studies: readonly CandidateStudy[]): ReportSection {
  const rows = studies.flatMap((one) => {
    const means = meanOutcome(one);
    if (means === undefined) return [];
    const { input, output, planes } = means;
    return [
      [
        one.candidate.name,
        one.every.against,
        planes,
        input.psnr.toFixed(1),
        output.psnr.toFixed(1),
        (output.psnr - input.psnr).toFixed(1),
        input.ssim.toFixed(3),
        output.ssim.toFixed(3),
        (output.ssim - input.ssim).toFixed(3),
      ],
    ];
  });
  return {
    kind: "table",
    caption:
      "Means over the planes that are out of focus and within range (of sections: all planes). Higher is better.",
    columns: ["", "against", "planes", "PSNR in (dB)", "PSNR out", "gain", "SSIM in", "SSIM out", "gain"],
    rows,
  };
}
