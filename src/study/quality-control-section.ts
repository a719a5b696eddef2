/** The quality control of ZeroCostDL4Mic for the outputs of a study, for comparison with its notebooks. */
import { meanOfFinite } from "../array/mean-of-finite.ts";
import type { ReportSection } from "../figures/report.ts";
import { planeOf } from "../image/image.ts";
import {
  type OutputAndInput,
  type QualityControlRow,
  qualityControl,
  qualityControlCsv as toCsv,
} from "../metrics/quality-control.ts";
import { isJudged } from "./every-plane.ts";
import { cropPlane } from "./studied-stack.ts";
import type { CandidateStudy } from "./study.ts";

/** The numbers of one output of a candidate. */
export interface CandidateQualityControl extends QualityControlRow {
  candidate: string;
  plane: number;
}

/** The part of a study that is read. */
type Judged = Pick<CandidateStudy, "candidate" | "studied" | "every">;

/** Computed once for each study, since the table and the CSV file show the same numbers. */
const known = new WeakMap<Judged["every"], CandidateQualityControl[]>();

/**
 * Makes one row for each output within range whose target was not an input plane, as in the means of the report. Only
 * the region of the studied stack is used, also for percentiles, gains and offsets. The target is the ground truth of
 * the plane or the sharpest plane, as `every.against` says. SSIM is computed twice for each output, which takes about
 * 0.2 s for a region of 384 x 384.
 */
export function qualityControlRows(studies: readonly Judged[]): CandidateQualityControl[] {
  return studies.flatMap((one) => {
    const rows = known.get(one.every) ?? rowsOf(one);
    known.set(one.every, rows);
    return rows;
  });
}

function rowsOf({ candidate, studied, every }: Judged): CandidateQualityControl[] {
  const { stack, truth, sharpest, region } = studied;
  return every.outcomes
    .filter(isJudged)
    .filter(({ scores }) => Number.isFinite(scores.input.psnr) && Number.isFinite(scores.output.psnr))
    .map(({ plane, output }) => {
      const target = every.against === "truth" && truth ? planeOf(truth, plane) : planeOf(stack, sharpest);
      const [made, input, cropped] = [output, planeOf(stack, plane), target].map((full) => cropPlane(full, region));
      const numbers = qualityControl({ output: made, input, target: cropped });
      return { candidate: candidate.name, plane, image: `${studied.name} plane ${plane}`, ...numbers };
    });
}

/** The content of `quality-control.csv`: candidate and plane, then the columns of the notebooks. */
export function qualityControlCsv(studies: readonly Judged[]): string {
  return toCsv(qualityControlRows(studies), [
    { name: "candidate", of: ({ candidate }) => candidate },
    { name: "plane", of: ({ plane }) => plane },
  ]);
}

/**
 * Means over the rows of each candidate, for input and output. No table where no candidate made an output within range.
 */
export function qualityControlTable(studies: readonly Judged[]): ReportSection[] {
  const rows = studies.flatMap((one) => {
    const own = qualityControlRows([one]);
    if (own.length === 0) return [];
    const pair = (of: (row: CandidateQualityControl) => OutputAndInput, digits: number): string[] =>
      (["input", "output"] as const).map((key) => meanOfFinite(own.map((row) => of(row)[key])).toFixed(digits));
    return [
      [
        one.candidate.name,
        one.every.against,
        own.length,
        ...pair(({ mssim }) => mssim, 3),
        ...pair(({ nrmse }) => nrmse, 3),
        ...pair(({ psnr }) => psnr, 1),
      ],
    ];
  });
  if (rows.length === 0) return [];
  const { height, width } = studies[0].studied.region;
  return [
    {
      kind: "table",
      caption: `Quality control as computed by the notebooks of ZeroCostDL4Mic (von Chamier et al. 2021). The numbers are means over the planes within range, in a region of ${height} x ${width} pixels. Gain and offset of each image are fitted to the target, and the data range is that of the target between percentiles 0.1 and 99.9. Their NRMSE is the square root of the mean absolute error. Higher mSSIM and PSNR and lower NRMSE are better. Do not compare these numbers with the scores above.`,
      columns: [
        "",
        "against",
        "planes",
        "mSSIM, input",
        "mSSIM, output",
        "NRMSE, input",
        "NRMSE, output",
        "PSNR, input (dB)",
        "PSNR, output (dB)",
      ],
      rows,
    },
  ];
}
