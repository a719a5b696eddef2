/** Means over the examples of a group; the baseline of every example is its best recorded baseline. */
export interface JudgementRow {
  label: string;
  distance_um?: number;
  examples: number;
  /** Whether the target plane is one of the input planes. */
  given: boolean;
  psnr: number;
  ssim: number;
  detail: number;
  baseline_psnr: number;
  baseline_ssim: number;
  baseline_detail: number;
  /** The baseline that reached the best PSNR most often, such as "interpolation". */
  baseline: string;
  /** psnr - baseline_psnr, dB. */
  gain_db: number;
  /** Share of the regions whose mean squared error is larger than that of the baseline. */
  regions_worse: number;
  /**
   * Slope of the linear regression of the ground truth on the output, over all examples: 1 where brightness is kept.
   */
  slope: number;
  /** Mean of the outputs over the mean of the ground truth, both above the low percentile of the stack. */
  mean_ratio: number;
}

/** The columns that are averaged. */
export const averaged = [
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

export type JudgementMeans = Record<(typeof averaged)[number], number>;
