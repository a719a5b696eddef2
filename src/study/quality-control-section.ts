/** ZeroCostDL4Mic's quality control of what a study made: numbers that stand beside those of its notebooks. */
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

/** What is read of a study. */
type Judged = Pick<CandidateStudy, "candidate" | "studied" | "every">;

/** Of studies, which do not change: the table and the CSV rest on the same numbers. */
const known = new WeakMap<Judged["every"], CandidateQualityControl[]>();

/**
 * One row for each output within range whose wanted plane was not given, as in the means of the report; of the
 * studied's region only, where percentiles, gains and offsets are taken as well. The target is the truth of the plane or the sharpest
 * plane, as `every.against` says. Two SSIMs for each output: about 0.2 s for a region of 384 x 384.
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
      const [made, input, wanted] = [output, planeOf(stack, plane), target].map((full) => cropPlane(full, region));
      const numbers = qualityControl({ output: made, input, target: wanted });
      return { candidate: candidate.name, plane, image: `${studied.name} plane ${plane}`, ...numbers };
    });
}

/** `quality-control.csv`: candidate and plane, then the columns of the notebooks. */
export function qualityControlCsv(studies: readonly Judged[]): string {
  return toCsv(qualityControlRows(studies), [
    { name: "candidate", of: ({ candidate }) => candidate },
    { name: "plane", of: ({ plane }) => plane },
  ]);
}

/** Means over the rows of each candidate, output beside input; nothing where no candidate made anything within range. */
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
      caption: `For comparison with ZeroCostDL4Mic (von Chamier et al. 2021), what its notebooks compute under "Quality Control": means over the planes within range, of the region of ${height} x ${width} pixels. Gain and offset are fitted to the target, and its range between percentiles 0.1 and 99.9 is 1; their NRMSE is the root of the mean absolute error. mSSIM and PSNR: higher is better; NRMSE: lower. Not to be compared with the scores above.`,
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
