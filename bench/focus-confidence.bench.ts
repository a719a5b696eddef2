/**
 * How likely is the focus of `inspect` and `autofocus` right? Fits the logistic function of focus-confidence.ts on simulated stacks with
 * an even number, judges it on those with an odd one, and draws what was said against what came true.
 *
 * npm run bench:focus-confidence [-- --stacks 160 --png docs/figures/focus-confidence.png]
 */

import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { smallPng } from "../figures/small-png.ts";
import { StreamingHistogram } from "../src/array/statistics.ts";
import { focusOf } from "../src/classical/focus/focus.ts";
import { signalOf } from "../src/classical/focus/focus-map.ts";
import { lightOf } from "../src/classical/focus/light.ts";
import { locateFocus } from "../src/classical/focus/locate-focus.ts";
import { plotLines } from "../src/figures/plots.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { chartScale } from "../src/figures/svg-png.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { type KnownFocus, knownFocus } from "./focus/known-focus.ts";
import { recordedRows } from "./focus/recorded-focus.ts";

const { values } = parseArgs({ options: { stacks: { type: "string", default: "160" }, png: { type: "string" } } });

interface Case extends Omit<KnownFocus, "stack"> {
  index: number;
  seen: string;
  features: number[] | undefined;
  confidence: number;
  right: boolean;
  error: number;
  /** Error of what was done before: the largest Tenengrad. */
  before: number;
}

const keys = ["inside", "signal", "drop", "prominence", "short", "transmitted"] as const;

function judge({ stack, ...known }: KnownFocus, index: number): Case {
  const histogram = new StreamingHistogram();
  histogram.add(stack.data);
  const seen = lightOf(histogram);
  const measure = seen === "transmitted" ? "band_contrast" : "tenengrad";
  const planes = Array.from({ length: stack.depth }, (_, z) => planeOf(stack as Stack, z));
  const curve = planes.map((plane) => focusOf(plane, measure));
  const signal = planes.map((plane) => signalOf(plane));
  const found = locateFocus(curve, signal, measure);
  const features = found.features;
  const tenengrad = planes.map((plane) => focusOf(plane, "tenengrad"));
  const error = Math.abs(found.position - known.truth);
  return {
    ...known,
    index,
    seen,
    features: features && keys.map((key) => features[key]),
    confidence: found.confidence,
    right: error <= known.tolerance,
    error,
    before: Math.abs(tenengrad.indexOf(Math.max(...tenengrad)) - known.truth),
  };
}

/** Logistic regression with a small ridge, by gradient ascent. */
function fitted(cases: readonly Case[]): number[] {
  const w = new Array<number>(keys.length + 1).fill(0);
  for (let step = 0; step < 20000; step++) {
    const gradient = w.map((v, j) => (j < keys.length ? -0.02 * v : 0));
    for (const { features, right } of cases) {
      if (!features) continue;
      const x = [...features, 1];
      const p = 1 / (1 + Math.exp(-x.reduce((s, v, j) => s + v * w[j], 0)));
      x.forEach((v, j) => {
        gradient[j] += ((right ? 1 : 0) - p) * v;
      });
    }
    w.forEach((v, j) => {
      w[j] = v + (2 / cases.length) * gradient[j];
    });
  }
  return w;
}

const cases: Case[] = [];
for (const light of ["fluorescence", "transmitted"] as const)
  for (let index = 0; index < Number(values.stacks) / 2; index++) {
    const known = await knownFocus(light, index);
    if (known) cases.push(judge(known, index));
  }

const show = (label: string, of: readonly Case[]) => {
  const share = (test: (one: Case) => boolean) => `${of.filter(test).length} of ${of.length}`;
  console.log(
    `| ${label} | ${share((c) => c.seen === c.light)} | ${share((c) => c.before <= c.tolerance)} | ${share((c) => c.right)} | ` +
      `${share((c) => c.confidence > 0.9 && !c.right)} | ${share((c) => c.confidence < 0.1 && c.right)} |`,
  );
};
console.log("| stacks | light told | right before | right now | wrong above 0.9 | right below 0.1 |");
console.log("|---|---|---|---|---|---|");
for (const light of ["fluorescence", "transmitted"] as const) {
  const mine = cases.filter((c) => c.light === light);
  show(light, mine);
  show(
    `${light}, focus inside`,
    mine.filter((c) => c.features?.[0] === 1),
  );
}
const [training, held] = [0, 1].map((odd) => cases.filter(({ index }) => (index >> 1) % 2 === odd));
console.log(
  "weights fitted on",
  training.length,
  Object.fromEntries([...keys, "constant"].map((key, j) => [key, Number(fitted(training)[j].toFixed(2))])),
);

/** Groups of about equally many, by what was said. */
function calibration(of: readonly Case[], groups = 6) {
  const sorted = [...of].sort((a, b) => a.confidence - b.confidence);
  return Array.from({ length: groups }, (_, g) => {
    const mine = sorted.slice(Math.floor((g * sorted.length) / groups), Math.floor(((g + 1) * sorted.length) / groups));
    const mean = (value: (one: Case) => number) => mine.reduce((s, one) => s + value(one), 0) / mine.length;
    return { x: mean((one) => one.confidence), y: mean((one) => (one.right ? 1 : 0)), n: mine.length };
  });
}
const brier = (of: readonly Case[]) => of.reduce((s, c) => s + (c.confidence - (c.right ? 1 : 0)) ** 2, 0) / of.length;
for (const [name, of] of [
  ["training", training],
  ["held out", held],
] as const) {
  console.log(
    name,
    of.length,
    "Brier",
    brier(of).toFixed(3),
    calibration(of)
      .map(({ x, y, n }) => `${x.toFixed(2)}->${y.toFixed(2)} (${n})`)
      .join(" "),
  );
}
for (const light of ["fluorescence", "transmitted"] as const)
  for (const kind of ["beads", "nuclei", "mitochondria", "filaments"]) {
    const mine = cases.filter((c) => c.name.startsWith(`${light} ${kind}`) && c.features?.[0] === 1);
    if (mine.length > 0) show(`${light}, ${kind}, found inside`, mine);
  }
for (const c of held.filter((one) => one.confidence > 0.85 && !one.right))
  console.log("sure and wrong:", c.name, c.truth.toFixed(2), c.error.toFixed(2), c.confidence.toFixed(2), c.seen);
if (values.png) {
  const svg = await plotLines(
    [
      {
        name: "perfect",
        plain: true,
        points: [
          { x: 0, y: 0 },
          { x: 1, y: 1 },
        ],
      },
      { name: `held out (${held.length})`, points: calibration(held) },
      { name: `fitted on (${training.length})`, points: calibration(training) },
    ],
    { x: "confidence (what was said)", y: "share within one plane (what came true)", zero: true, dots: true },
  );
  writeFileSync(values.png, smallPng(await svgPng(svg, chartScale)));
}
console.log((await recordedRows()).join("\n"));
