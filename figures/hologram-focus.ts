/**
 * Draws docs/figures/hologram-focus.png: criteria of focus for an in-line hologram of cells 20 um out of focus, as a
 * function of the distance. Measures of the sharpness of the field are largest at 0, where the field is the hologram
 * itself.
 *
 *     npm run figures:hologram-focus [OUTPUT]
 */

import { judge } from "../bench/hologram-focus/criteria.ts";
import { focusOfHologram } from "../src/classical/refocusing/focus-of-hologram.ts";
import { type NamedLine, plotLines } from "../src/figures/plots.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { chartScale } from "../src/figures/svg-png.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { planeOf } from "../src/image/image.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { inLineField } from "../src/optics/imaging/in-line-field.ts";
import { simulateField } from "../src/simulate/simulate-field.ts";
import { smallPng } from "./small-png.ts";

const light = { na: 0.5, wavelength: 0.532, refractiveIndex: 1.333, pixelSize: 0.25 };
const { images } = await simulateField("holograms", { seed: 0 });
const field = inLineField(planeOf(images["in-line"].stack, 0));
const { curve, distance, confidence } = await focusOfHologram(field, light, { range: [-30, 30] });
const judged = curve.map((point) => judge(propagate(field, light, point.distance)));

/** The curve scaled to 0..1. */
function scaled(name: string, values: readonly number[], plain = false): NamedLine {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = curve.map((point, i) => ({ x: point.distance, y: (values[i] - low) / (high - low) }));
  // Beyond, all lines fall to 0, and their names with them.
  return { name, points: points.filter(({ x }) => x < 22.5), plain };
}
const of = (name: string) => judged.map((values) => values[name]);
const lines = [
  scaled(
    "rings of the spectrum",
    curve.map(({ rings }) => rings),
  ),
  scaled(
    "kurtosis of edges",
    curve.map(({ edges }) => edges),
  ),
  scaled("Tamura, gradient", of("Tamura of the complex gradient"), true),
  scaled("variance, amplitude", of("variance of the amplitude, maximum (Dubois, amplitude)"), true),
];
const svg = await plotLines(lines, {
  x: "distance without sign (um)",
  y: "criterion, from its smallest to its largest value",
  zero: true,
  mark: { x: 20, text: "specimen" },
});
const output = process.argv[2] ?? "docs/figures/hologram-focus.png";
await writeFileAtomic(output, smallPng(await svgPng(svg, chartScale)), { force: true });
console.log(`${output}: found ${distance.toFixed(2)} um, confidence ${confidence.toFixed(2)}`);
