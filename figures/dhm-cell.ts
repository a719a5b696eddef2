/**
 * Draws docs/figures/dhm-cell.png: a living cell in laser light, recorded at 0, 10 and 20 um, and predicted from these
 * three planes at the nine others. Above, the agreement of the prediction and of the untouched input with the
 * recording; below, one plane of each.
 *
 *     npm run figures:dhm-cell [OUTPUT]
 */
import { existsSync } from "node:fs";
import { mean, percentiles } from "../src/array/statistics.ts";
import type { RecordedPlane } from "../src/classical/refocusing/recorded-planes.ts";
import { recoverField } from "../src/classical/refocusing/recover-field.ts";
import { drawChart, sheetText } from "../src/figures/chart.ts";
import { below, chartBlock, page, paragraph } from "../src/figures/drawing.ts";
import { gridBlock } from "../src/figures/picture-grid.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { planeOf } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { intensityOf } from "../src/optics/imaging/complex-field.ts";

const source = "../shared/data/dhm_cell/on_axis.tif";
if (!existsSync(source)) {
  console.error(`Nothing drawn: ${source} is not there.`);
  process.exit(0);
}

/** From meta.json of the data. */
const z = [-100, -50, -20, -10, 0, 10, 20, 30, 40, 50, 100, 200];
const laser = { wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.16, na: 0.5 };
const inputs = [0, 10, 20];
const shown = 50;

const file = await openImage(source);
const stack = await readStack(file);
await file.close();
const recorded = (at: number): RecordedPlane => ({ ...planeOf(stack, z.indexOf(at)), position: at });

/** Pearson's correlation of all pixels. */
function pearson(a: Float32Array, b: Float32Array): number {
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i] - ma) * (b[i] - mb);
    aa += (a[i] - ma) ** 2;
    bb += (b[i] - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

const planes = inputs.map(recorded);
const settings = { reach: [Math.min(...z), Math.max(...z)] };
const start = await recoverField(planes, laser, { ...settings, iterations: 0 });
const refined = await recoverField(planes, laser, settings);
const correlate = (image: (at: number) => Float32Array) => z.map((at) => pearson(image(at), recorded(at).data));
const middle = recorded(10).data;
const curves = {
  "transport of intensity, then iterations through all planes": correlate((at) => intensityOf(refined.at(at)).data),
  "transport of intensity alone": correlate((at) => intensityOf(start.at(at)).data),
  "the plane at 10 um, untouched": correlate(() => middle),
};

const colours = ["#005faf", "#c86e14", "#6e6e6e"];
const panelSize = 384;
const chart = await drawChart((plot) => ({
  style: sheetText,
  width: 3 * panelSize + 24,
  height: 420,
  marginBottom: 48,
  x: { label: "z (um); green: recorded planes that were used" },
  y: { label: "Pearson r with the recorded plane", domain: [0, 1] },
  marks: [
    plot.ruleX(inputs, { stroke: "#9cc29c", strokeWidth: 2 }),
    ...Object.entries(curves).flatMap(([name, values], c) => {
      const points = values.map((y, i) => ({ x: z[i], y }));
      const named = { x: 40, y: 0.22 - 0.08 * c, name };
      return [
        plot.line(points, { x: "x", y: "y", stroke: colours[c], strokeWidth: 2.5 }),
        plot.dot(points, { x: "x", y: "y", fill: colours[c], r: 4 }),
        plot.text([named], { x: "x", y: "y", text: "name", fill: colours[c], textAnchor: "start" }),
      ];
    }),
  ],
}));

const truth = recorded(shown).data;
const predicted = intensityOf(refined.at(shown)).data;
const panels: [string, string, Float32Array][] = [
  [`Recorded at ${shown} um`, "", truth],
  [`Predicted at ${shown} um`, `r ${pearson(predicted, truth).toFixed(3)}`, predicted],
  ["Input at 10 um", `r ${pearson(middle, truth).toFixed(3)}`, middle],
];
const [black, white] = percentiles(truth, [0.3, 99.7]).map((v) => v / mean(truth));
// Each by its own mean: the laser's power changes from plane to plane.
const pictures = panels.map(([, caption, data]) => {
  const level = mean(data);
  const plane = { data: data.map((v) => v / level), height: stack.height, width: stack.width };
  return { plane, caption, contrast: [black, white] as const };
});
const grid = gridBlock([{ label: "", cells: pictures }], {
  columns: panels.map(([title]) => title),
  pixelSize: laser.pixelSize,
  panelSize,
});
const title = "A cell recorded at 0, 10 and 20 um in laser light, predicted at other distances";
const svg = page(below([paragraph(title, grid.width, { size: 20 }), chartBlock(chart), grid], 16));
const output = process.argv[2] ?? "docs/figures/dhm-cell.png";
await writeFileAtomic(output, await svgPng(svg), { force: true });
for (const [name, values] of Object.entries(curves)) {
  console.log(`${name}: ${values.map((r, i) => `${z[i]} um ${r.toFixed(3)}`).join(", ")}`);
}
console.log(`${refined.errors.length - 1} rounds, error ${refined.errors.map((e) => e.toFixed(4)).join(" ")}`);
console.log(output);
