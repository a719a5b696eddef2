/** The table of distances on the page, from which the headline and most verdicts of a candidate follow. */
import { signedGain } from "../figures/gain-matrix.ts";
import type { ReportSection, TableCell } from "../figures/report.ts";
import { type DistanceBin, margins } from "./distance-table.ts";
import type { CandidateStudy } from "./study.ts";

/** One row for each distance; no table where the candidate was asked for none. */
export function distanceSection({ byDistance: { task, bins }, headline }: CandidateStudy): ReportSection[] {
  if (bins.length === 0) return [];
  const inside = (intervals: readonly [number, number][], { distance }: DistanceBin): boolean =>
    intervals.some(([low, high]) => distance >= low - 1e-9 && distance <= high + 1e-9);
  const verdict = (bin: DistanceBin): string => {
    if (bin.given) return "input plane";
    if (!bin.inRange) return "outside its range";
    if (inside(headline.sharper_um, bin)) return "better and sharper";
    return inside(headline.distances_um, bin) ? "better" : "";
  };
  const width = (share: number | undefined): string => (share === undefined ? "" : `${signedGain(100 * share, 0)} %`);
  const rows = bins.map((bin): TableCell[] => [
    signedGain(bin.distance, 2),
    bin.n,
    // The PSNR of an input plane against itself is infinite, so its gains say nothing.
    ...(bin.given
      ? ["", "", "", "", "", ""]
      : [
          signedGain(bin.psnrGainOverInput, 1),
          signedGain(bin.psnrGain, 1),
          signedGain(bin.ssimGain, 3),
          signedGain(bin.detailDifference, 3),
          signedGain(bin.contrastDifference, 3),
          `${Math.round(100 * bin.shareWorse)} %`,
        ]),
    width(bin.widthChange),
    Number.isFinite(bin.photometricSlope) ? bin.photometricSlope.toFixed(2) : "",
    verdict(bin),
  ]);
  return [
    {
      kind: "table",
      caption:
        `Results by ${task === "refocus" ? "distance from the input plane to the target plane" : "height above the sharpest plane"}. The headline and the verdicts follow from this table. ` +
        "PSNR, SSIM, detail and contrast (of detail) are gains over the best recorded baseline: the best of the input planes, smoothed or not, and of their interpolation, chosen for each score. PSNR over input is the gain over the first input plane, unchanged. " +
        `Worse is the share of outputs that are below the baseline by more than ${margins.psnr} dB, or by ${margins.ssim} in SSIM, or by ${margins.detail} in detail. Width is the change of the median width of structures from input to output. Slope is the number of counts in the output for each count in the target: 1 means that brightness is kept.`,
      columns: [
        task === "refocus" ? "distance (um)" : "height (um)",
        "outputs",
        "PSNR over input (dB)",
        "PSNR (dB)",
        "SSIM",
        "detail",
        "contrast",
        "worse",
        "width",
        "slope",
        "result",
      ],
      rows,
    },
  ];
}
