/**
 * Line charts as SVG text: loss over training, scores over distance, sharpness over z. Lines differ in dashes as well as in
 * colour, and are named at their ends, so that they can be told apart in grey.
 */
import { type BestPlane, DEFAULT_FOCUS_MEASURE, type FocusMeasure } from "../classical/focus/focus.ts";
import { ParfocalError } from "../errors.ts";
import type { Scores } from "../metrics/metrics.ts";
import { chartLook, drawChart } from "./chart.ts";
import { textWidth } from "./text-lines.ts";

/** Losses at one moment of training; a validation loss need not be there at every step. */
export interface TrainingPoint {
  step: number;
  trainLoss?: number;
  valLoss?: number;
}

/** Training and validation loss over steps, the loss on a logarithmic axis. Points that are not above 0 are left out. */
export function plotTraining(points: readonly TrainingPoint[]): Promise<string> {
  const line = (name: string, key: "trainLoss" | "valLoss", style: LineStyle): Line => ({
    name,
    ...style,
    points: points.flatMap((p) => {
      const y = p[key];
      return y !== undefined && y > 0 ? [{ x: p.step, y }] : [];
    }),
  });
  return draw({
    lines: [line("training", "trainLoss", SECOND), line("validation", "valLoss", FIRST)],
    x: { label: "step" },
    y: { label: "loss (logarithmic, lower is better)", log: true },
  });
}

/** Scores of output and untouched input, and of the best recorded baseline where it is known, at one signed refocusing distance, um. */
export interface DistanceScores {
  distance: number;
  baseline?: Pick<Scores, "psnr" | "ssim">;
  input: Pick<Scores, "psnr" | "ssim">;
  output: Pick<Scores, "psnr" | "ssim">;
}

/** One score over the distance, output against untouched input and baseline. Infinite scores (identical pictures) leave a gap. */
export function plotScores(points: readonly DistanceScores[], score: "psnr" | "ssim"): Promise<string> {
  const ordered = [...points].sort((a, b) => a.distance - b.distance);
  const line = (name: "output" | "input" | "baseline", style: LineStyle): Line => ({
    name,
    ...style,
    dots: true,
    points: ordered.flatMap((p) => {
      const scores = p[name];
      return scores ? [{ x: p.distance, y: scores[score] }] : [];
    }),
  });
  return draw({
    lines: [line("input", SECOND), line("baseline", STYLES[2]), line("output", FIRST)].filter(
      ({ points }) => points.length > 0,
    ),
    x: { label: "distance (um)" },
    y: { label: `${score === "psnr" ? "PSNR (dB)" : "SSIM"}, higher is better` },
  });
}

/** What {@link plotFocusCurve} draws beside the curve. */
export interface FocusPlotOptions {
  /** Distance between planes, um; without it z is counted in planes. */
  zStep?: number;
  measure?: FocusMeasure;
  /** Marks the sharpest plane. */
  best?: BestPlane;
}

/** A focus measure of every plane, as a fraction of its largest value, over z. */
export function plotFocusCurve(curve: readonly number[], options: FocusPlotOptions = {}): Promise<string> {
  const { zStep, measure = DEFAULT_FOCUS_MEASURE, best } = options;
  const largest = Math.max(...curve);
  const z = (plane: number): number => plane * (zStep ?? 1);
  const unit = zStep === undefined ? "plane" : "um";
  const mark = best && {
    x: z(best.position),
    text: `sharpest: ${Number(z(best.position).toFixed(2))} ${zStep === undefined ? "" : unit}`.trim(),
  };
  return draw({
    lines: [
      { name: "", ...FIRST, dots: true, points: curve.map((v, i) => ({ x: z(i), y: largest > 0 ? v / largest : v })) },
    ],
    x: { label: zStep === undefined ? "z (plane)" : "z (um)" },
    y: { label: `${measure.replaceAll("_", " ")} (1 = sharpest)`, zero: true },
    ...(mark ? { mark } : {}),
  });
}

/** A line of a {@link plotLines}; points whose y is not finite leave a gap. */
export interface NamedLine {
  name: string;
  points: readonly { x: number; y: number }[];
  /** Drawn thinner, in grey: what others are compared with. */
  plain?: boolean;
}

export interface LinesOptions {
  x: string;
  y: string;
  /** Where x is marked, with a few words. */
  mark?: { x: number; text: string };
  /** Whether the y axis begins at 0. */
  zero?: boolean;
  /** Whether points are marked as well. */
  dots?: boolean;
}

/**
 * Several lines in one chart, SVG. Colours are those of Okabe and Ito, in an order of falling darkness, and dashes differ, so that
 * eight lines can be told apart in grey.
 * @throws image.unfit without a finite point
 */
export function plotLines(lines: readonly NamedLine[], { x, y, mark, zero, dots }: LinesOptions): Promise<string> {
  let next = 0;
  // What others are compared with: the first dotted, more of them dashed.
  let plainLines = 0;
  return draw({
    lines: lines.map(({ name, points, plain }) => ({
      name,
      points,
      ...(plain ? { colour: "#767676", dashes: plainLines++ === 0 ? "2 3" : "9 3" } : STYLES[next++ % STYLES.length]),
      ...(dots && !plain && { dots: true }),
    })),
    x: { label: x },
    y: { label: y, ...(zero && { zero }) },
    ...(mark && { mark }),
  });
}

interface LineStyle {
  colour: string;
  dashes: string;
}

/** Dark blue, solid: what is judged. */
const FIRST: LineStyle = { colour: "#0b4f8a", dashes: "" };
/** Lighter orange, dashed: what it is compared with (Okabe & Ito's vermilion, lightened for grey). */
const SECOND: LineStyle = { colour: "#d9822b", dashes: "6 4" };

const STYLES: readonly LineStyle[] = [
  { colour: "#0b4f8a", dashes: "" },
  { colour: "#d55e00", dashes: "8 3" },
  { colour: "#009e73", dashes: "3 3" },
  { colour: "#a03c78", dashes: "10 3 2 3" },
  { colour: "#b8860b", dashes: "14 4" },
  { colour: "#56b4e9", dashes: "" },
  { colour: "#6b6b00", dashes: "5 2 1 2 1 2" },
  { colour: "#e69f00", dashes: "1 3" },
];

interface Line extends LineStyle {
  name: string;
  points: readonly { x: number; y: number }[];
  dots?: boolean;
}

interface Chart {
  lines: readonly Line[];
  x: { label: string };
  y: { label: string; log?: boolean; zero?: boolean };
  mark?: { x: number; text: string };
}

async function draw(chart: Chart): Promise<string> {
  const finite = (p: { y: number }): boolean => Number.isFinite(p.y);
  const lines = chart.lines
    .filter((line) => line.points.some(finite))
    .map((line) => ({ ...line, points: line.points.map((p) => (finite(p) ? p : { ...p, y: Number.NaN })) }));
  const ends = lines.map((line) => line.points.filter(finite).slice(-1));
  if (lines.length === 0) {
    const detail = `Chart of ${chart.y.label} over ${chart.x.label}: there is no finite point to draw.`;
    throw new ParfocalError("image.unfit", detail, { detail });
  }
  const { mark } = chart;
  const shifts = labelShifts(
    lines.flatMap((line) => line.points.filter(finite).map((p) => p.y)),
    ends.map(([end]) => end.y),
    chart.y,
  );
  const widest = Math.max(...lines.map(({ name }) => textWidth(name, 13)));
  return drawChart((plot) => ({
    marginRight: Math.max(96, 16 + widest),
    x: { label: chart.x.label },
    y: {
      label: chart.y.label,
      ...(chart.y.log
        ? { type: "log" as const, ticks: 5, tickFormat: (v: number) => String(Number(v.toPrecision(2))) }
        : {}),
      ...(chart.y.zero ? { zero: true } : {}),
    },
    marks: [
      ...(mark
        ? [
            plot.ruleX([mark.x], { stroke: "#555", strokeDasharray: "2 3" }),
            plot.text([mark], { x: "x", text: "text", frameAnchor: "top", dy: -18, fill: "#222" }),
          ]
        : []),
      ...lines.flatMap((line, i) => [
        plot.line(line.points, { x: "x", y: "y", stroke: line.colour, strokeWidth: 2, strokeDasharray: line.dashes }),
        ...(line.dots ? [plot.dot(line.points, { x: "x", y: "y", fill: line.colour, r: 3 })] : []),
        plot.text(ends[i], {
          x: "x",
          y: "y",
          text: () => line.name,
          dx: 8,
          dy: shifts[i],
          textAnchor: "start",
          fill: "#222",
        }),
      ]),
    ],
  }));
}

/** Height of the plotted part and of a name, units. */
const [PLOT_HEIGHT, NAME_HEIGHT] = [chartLook.height - chartLook.marginTop - chartLook.marginBottom, 15];

/** How far each line's name stands below the line's end, pixels, so that names never meet. */
function labelShifts(all: readonly number[], ends: readonly number[], { log, zero }: Chart["y"]): number[] {
  const scale = (y: number): number => (log ? Math.log(Math.max(y, Number.MIN_VALUE)) : y);
  const [low, high] = [Math.min(...all, ...(zero ? [0] : [])), Math.max(...all)].map(scale);
  const height = (y: number): number =>
    high > low ? (PLOT_HEIGHT * (high - scale(y))) / (high - low) : PLOT_HEIGHT / 2;
  const order = ends.map((_, i) => i).sort((a, b) => height(ends[a]) - height(ends[b]));
  const at = order.map((i) => height(ends[i]));
  for (let i = 1; i < at.length; i++) at[i] = Math.max(at[i], at[i - 1] + NAME_HEIGHT);
  // Back up where they ran over the lower edge.
  for (let i = at.length - 1, most = PLOT_HEIGHT; i >= 0; i--, most = at[i + 1] - NAME_HEIGHT)
    at[i] = Math.min(at[i], most);
  const shifts = new Array<number>(ends.length).fill(0);
  order.forEach((line, i) => {
    shifts[line] = at[i] - height(ends[line]);
  });
  return shifts;
}
