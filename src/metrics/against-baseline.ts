/** Says whether an output is better than the best recorded baseline, in PSNR and in detail. */

import { signed } from "../array/signed.ts";
import { detailMargin } from "./detail.ts";

/** Scores of an output minus those of the best recorded baseline. */
export interface BaselineGain {
  /** dB. */
  psnr: number;
  ssim: number;
  detail: number;
  /** Contrast of detail. */
  contrast: number;
}

export interface AgainstBaseline {
  betterInPsnr: boolean;
  /** Whether detail and its contrast are each higher by more than the margin. */
  betterInDetail: boolean;
  sentence: string;
}

/**
 * Compares an output with the best recorded baseline. A model only counts as refocusing if detail rises as well: PSNR,
 * SSIM and the correlation of detail also rise when noise is removed, but the contrast of detail does not.
 * @param gain finite numbers
 */
export function againstBaseline(gain: BaselineGain): AgainstBaseline {
  const betterInPsnr = gain.psnr > 0;
  const betterInDetail = gain.detail > detailMargin && gain.contrast > detailMargin;
  const [psnr, ssim, detail] = [
    `PSNR (${signed(gain.psnr, 2)} dB)`,
    `SSIM (${signed(gain.ssim, 4)})`,
    `detail (${signed(gain.detail, 3)}, contrast of detail ${signed(gain.contrast, 3)})`,
  ];
  const than = "than the best recorded baseline in";
  const say = (sentence: string): AgainstBaseline => ({ betterInPsnr, betterInDetail, sentence });
  if (betterInPsnr && betterInDetail) {
    return say(`The output is better ${than} ${psnr} and in ${detail}. It is sharper, not only smoother.`);
  }
  if (betterInDetail) {
    return say(
      `The output is better ${than} ${detail}, but worse in ${psnr}. It is sharper, but its brightness, background or noise deviates more from the ground truth.`,
    );
  }
  if (!betterInPsnr && gain.ssim <= 0) {
    return say(`The output is not better ${than} ${psnr}, ${ssim} or ${detail}. Use the recorded planes instead.`);
  }
  const won = [...(betterInPsnr ? [psnr] : []), ...(gain.ssim > 0 ? [ssim] : [])].join(" and ");
  return say(
    `The output is better ${than} ${won} only, but not in ${detail}. It is denoised or smoothed, but not sharper. A model that refocuses must also gain detail.`,
  );
}
