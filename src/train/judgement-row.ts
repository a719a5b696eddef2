/** The numbers of one group of a judgement, and their means. */

/** Means over the examples of a group; the baseline is the best recorded one of every example. */
export interface JudgementRow {
  label: string;
  distance_um?: number;
  examples: number;
  /** Whether the plane wanted is one of those that were given. */
  given: boolean;
  psnr: number;
  ssim: number;
  detail: number;
  baseline_psnr: number;
  baseline_ssim: number;
  baseline_detail: number;
  /** What reached the best PSNR most often, such as "interpolation". */
  baseline: string;
  /** psnr - baseline_psnr, dB. */
  gain_db: number;
  /** Share of the regions whose mean squared error is larger than that of the baseline's image. */
  regions_worse: number;
  /** Slope of the straight line of the ground truth over the output, both of all examples: 1 keeps brightness. */
  slope: number;
  /** Mean of the outputs over that of the ground truth, of the light above the stack's darkest percentile. */
  mean_ratio: number;
}

/** What means are taken of. */
export const judged = [
  "psnr",
  "ssim",
  "detail",
  "baseline_psnr",
  "baseline_ssim",
  "baseline_detail",
  "gain_db",
  "regions_worse",
  "slope",
  "mean_ratio",
] as const;

export type JudgementMeans = Record<(typeof judged)[number], number>;
