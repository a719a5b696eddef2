/** The table of distances on the page: what the headline and the verdicts of a candidate follow from. */
import { signedGain } from "../figures/gain-matrix.ts";
import type { ReportSection, TableCell } from "../figures/report.ts";
import { type DistanceBin, margins } from "./distance-table.ts";
import type { CandidateStudy } from "./study.ts";

/** One row for each distance; nothing where the candidate was asked for none. */
export function distanceSection({ byDistance: { task, bins }, headline }: CandidateStudy): ReportSection[] {
  if (bins.length === 0) return [];
  const inside = (intervals: readonly [number, number][], { distance }: DistanceBin): boolean =>
    intervals.some(([low, high]) => distance >= low - 1e-9 && distance <= high + 1e-9);
  const verdict = (bin: DistanceBin): string => {
    if (bin.given) return "it was given this plane";
    if (!bin.inRange) return "beyond its range";
    if (inside(headline.sharper_um, bin)) return "better and sharper";
    return inside(headline.distances_um, bin) ? "better" : "";
  };
  const width = (share: number | undefined): string => (share === undefined ? "" : `${signedGain(100 * share, 0)} %`);
  const rows = bins.map((bin): TableCell[] => [
    signedGain(bin.distance, 2),
    bin.n,
    // What equals its target has no end of PSNR: nothing was to be made.
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
        `${task === "refocus" ? "By distance from the input to the wanted plane" : "By height above the sharpest plane"}: what the headline and the verdicts rest on. ` +
        "dB (of PSNR), SSIM, detail and its contrast are gains over the best recorded baseline: of the planes that it was given, each as it is or lightly smoothed, and of their interpolation, the best for each score; dB over input is PSNR over the untouched first plane. " +
        `Worse: outputs below it by more than ${margins.psnr} dB, or ${margins.ssim} in SSIM, or ${margins.detail} in detail. Width: change of the median width of structures from input to output. Slope: counts of the output for one count of what was wanted; 1 keeps brightness.`,
      columns: ["um", "outputs", "dB over input", "dB", "SSIM", "detail", "contrast", "worse", "width", "slope", ""],
      rows,
    },
  ];
}
