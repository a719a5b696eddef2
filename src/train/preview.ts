import { contactSheet, type SheetRow } from "../evaluate/contact-sheet.ts";
import type { ValidationReport } from "./validate.ts";

/** A validation as rows of input, output, truth and difference, with the scores of each pair. */
export function sheetRows({ examples }: ValidationReport): SheetRow[] {
  return examples.map(({ distance, input, output, truth, scores }) => ({
    label: `${distance >= 0 ? "+" : "-"}${Math.abs(distance).toFixed(2)} um`,
    input,
    output,
    truth,
    inputScores: { psnr: scores.input_psnr, ssim: scores.input_ssim },
    outputScores: { psnr: scores.psnr, ssim: scores.ssim },
  }));
}

/** The PNG that a training run leaves after every validation. */
export function drawPreview(report: ValidationReport, title: string, pixelSize: number): Uint8Array {
  return contactSheet(sheetRows(report), { title, pixelSize, unit: "(normalised)" });
}
