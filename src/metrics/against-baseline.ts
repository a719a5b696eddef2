/** Is an output better than the best recorded baseline, in PSNR and in detail? A sentence. */

import { signed } from "../array/signed.ts";
import { detailMargin } from "./detail.ts";

/** Of an output minus that of the best recorded baseline. */
export interface BaselineGain {
  /** dB. */
  psnr: number;
  ssim: number;
  detail: number;
  /** Of detail. */
  contrast: number;
}

export interface AgainstBaseline {
  betterInPsnr: boolean;
  /** In detail and its contrast, each by more than the margin. */
  betterInDetail: boolean;
  sentence: string;
}

/**
 * A model must win in detail, not only in smoothness, to be called refocusing: PSNR and SSIM rise where noise is taken away, and so does the
 * correlation of detail, whose contrast does not.
 * @param gain finite
 */
export function againstBaseline(gain: BaselineGain): AgainstBaseline {
  const betterInPsnr = gain.psnr > 0;
  const betterInDetail = gain.detail > detailMargin && gain.contrast > detailMargin;
  const [psnr, ssim, detail] = [
    `PSNR (${signed(gain.psnr, 2)} dB)`,
    `SSIM (${signed(gain.ssim, 4)})`,
    `detail (${signed(gain.detail, 3)}, its contrast ${signed(gain.contrast, 3)})`,
  ];
  const than = "than the best recorded baseline in";
  const say = (sentence: string): AgainstBaseline => ({ betterInPsnr, betterInDetail, sentence });
  if (betterInPsnr && betterInDetail) {
    return say(`The output is better ${than} ${psnr} and in ${detail}: it is sharper, not only smoother.`);
  }
  if (betterInDetail) {
    return say(
      `The output is better ${than} ${detail}, and worse in ${psnr}: it is sharper, and its brightness, background or noise is farther off.`,
    );
  }
  if (!betterInPsnr && gain.ssim <= 0) {
    return say(`The output is no better ${than} ${psnr}, ${ssim} or ${detail}: use what was recorded.`);
  }
  const won = [...(betterInPsnr ? [psnr] : []), ...(gain.ssim > 0 ? [ssim] : [])].join(" and ");
  return say(
    `The output is better ${than} ${won} only, and not in ${detail}: it is denoised or smoothed, not sharper. A model must win in detail, not only in smoothness, to be called refocusing.`,
  );
}
