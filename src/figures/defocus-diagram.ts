/** Estimated against true distances from focus: a diagram to look at. */
import { encode } from "fast-png";
import { type Colour, createCanvas, drawText, fillRectangle, TEXT_HEIGHT, textWidth } from "./canvas.ts";

export interface JudgedDefocus {
  /** um */
  truth: number;
  /** um */
  defocus: number;
  /** 0.5 to 1 */
  directionConfidence: number;
}

const [white, ink, faint, grid]: Colour[] = [
  [255, 255, 255],
  [30, 30, 30],
  [95, 95, 95],
  [225, 225, 225],
];
const sure: Colour = [30, 90, 170];
const unsure: Colour = [215, 120, 40];
const [side, margin] = [420, 70];

/**
 * A dot for every region, the truth to the right, the estimate upwards, both from the same range; dots on the rising diagonal are right, on
 * the falling one of the wrong sign. Blue dots are sure of their direction (0.75 or more), orange ones are not.
 * @returns PNG bytes, 8-bit RGB
 */
export function drawDefocus(estimates: readonly JudgedDefocus[], title: string): Uint8Array {
  const canvas = createCanvas(side + 2 * margin, side + 2 * margin, white);
  const reach = Math.max(0.1, ...estimates.map(({ truth }) => Math.abs(truth))) * 1.05;
  const place = (um: number): number => Math.round(((um + reach) / (2 * reach)) * side);
  const clamp = (um: number): number => Math.min(reach, Math.max(-reach, um));
  const step = 10 ** Math.floor(Math.log10(reach)) * (reach / 10 ** Math.floor(Math.log10(reach)) >= 4 ? 2 : 1);
  for (let k = -Math.floor(reach / step); k * step <= reach; k++) {
    const at = place(k * step);
    fillRectangle(canvas, { y: margin, x: margin + at, height: side, width: 1 }, k === 0 ? faint : grid);
    fillRectangle(canvas, { y: margin + side - at, x: margin, height: 1, width: side }, k === 0 ? faint : grid);
    const label = String(Number((k * step).toPrecision(2)));
    drawText(canvas, label, margin + side + 8, margin + at - textWidth(label) / 2, faint);
    drawText(canvas, label, margin + side - at - TEXT_HEIGHT / 2, margin - 8 - textWidth(label), faint);
  }
  for (let i = 0; i < side; i++) {
    fillRectangle(canvas, { y: margin + side - i, x: margin + i, height: 1, width: 1 }, faint);
    if (i % 6 < 2) fillRectangle(canvas, { y: margin + i, x: margin + i, height: 1, width: 1 }, faint);
  }
  for (const { truth, defocus, directionConfidence } of estimates) {
    const colour = directionConfidence >= 0.75 ? sure : unsure;
    const [x, y] = [margin + place(clamp(truth)), margin + side - place(clamp(defocus))];
    fillRectangle(canvas, { y: y - 1, x: x - 1, height: 3, width: 3 }, colour);
  }
  drawText(canvas, title, 12, 16, ink);
  drawText(canvas, "blue: sure of its direction, orange: not", 36, 16, faint);
  const below = "true distance from focus, um";
  drawText(canvas, below, margin + side + 36, margin + (side - textWidth(below)) / 2, ink);
  drawText(canvas, "estimate, um", margin + 6, margin + 8, ink, white);
  return encode({ data: canvas.data, width: canvas.width, height: canvas.height, channels: 3, depth: 8 });
}
