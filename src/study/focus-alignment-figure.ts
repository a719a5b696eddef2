/** Charts and a table that compare the focus curves of virtual stacks with the recorded one. */
import { type NamedLine, plotLines } from "../figures/plots.ts";
import type { ReportSection } from "../figures/report.ts";
import type { Candidate } from "./candidate.ts";
import { type Figure, slug, um } from "./figure.ts";
import type { CurveAlignment, FocusAlignment, FocusPoint, VirtualStack } from "./focus-alignment.ts";
import type { StudiedStack } from "./studied-stack.ts";

/** The part of a study that is read. */
export interface FocusAlignmentPick {
  candidate: Pick<Candidate, "name">;
  studied: Pick<StudiedStack, "stack">;
  focusAlignment: FocusAlignment | undefined;
}

/** One chart for each virtual stack of every candidate. */
export async function focusAlignmentFigures(picks: readonly FocusAlignmentPick[]): Promise<Figure[]> {
  return Promise.all(picks.flatMap((pick) => (pick.focusAlignment?.stacks ?? []).map((one) => figureOf(one, pick))));
}

async function figureOf(one: VirtualStack, pick: FocusAlignmentPick): Promise<Figure> {
  const { candidate, focusAlignment } = pick;
  const lines = linesOf(one, pick);
  const drawn = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const [low, high] = [Math.min(...drawn), Math.max(...drawn)];
  // The recorded line is drawn only as far as the others, since names stand at the ends of lines.
  const recorded = (focusAlignment?.recorded ?? []).filter(({ z }) => z >= low - 1e-6 && z <= high + 1e-6);
  return {
    id: `virtual-focus-${slug(candidate.name)}-${one.defocus < 0 ? "below" : "above"}`,
    kind: "chart",
    title: `${candidate.name}: sharpness of the virtual stack made ${sideOf(one)} focus`,
    caption: `The model made the planes of the stack from one plane out of focus (${um(one.defocus)} from the sharpest plane). The chart shows their sharpness (Tenengrad) over the requested z, and that of the recorded planes in grey. The lines of a good model lie on each other. A level line means that the output does not depend on the distance.${noteOn(lines)}`,
    svg: await plotLines([{ name: "recorded", points: recorded.map(pointOf), plain: true }, ...lines], {
      x: "z (um), from the sharpest plane",
      y: "sharpness (1 = sharpest recorded plane)",
      zero: true,
      dots: true,
    }),
  };
}

function noteOn(lines: readonly NamedLine[]): string {
  const [, other] = lines.map(({ name }) => name);
  if (other === undefined) return "";
  return other === names.shifted
    ? " The line called shifted is the same curve, drawn at the z where curve and images fit better."
    : " The line called reversed is the same curve with up and down exchanged, which fits better.";
}

const names = { virtual: "virtual", shifted: "virtual, shifted", reversed: "virtual, reversed" };

/** The curve of a virtual stack, and the same curve where it fits better. */
function linesOf(one: VirtualStack, { studied }: FocusAlignmentPick): NamedLine[] {
  const { defocus, curve, asRequested, reversed, direction } = one;
  const own = { name: names.virtual, points: curve.map(pointOf) };
  if (direction === "wrong" && reversed) {
    const at = (z: number): number => 2 * defocus - z + reversed.shift;
    const points = curve.map(({ z, sharpness }) => ({ x: at(z), y: sharpness })).reverse();
    return [own, { name: names.reversed, points }];
  }
  if (asRequested === undefined || shiftOf(asRequested, studied) !== "shifted") return [own];
  return [own, { name: names.shifted, points: own.points.map(({ x, y }) => ({ x: x + asRequested.shift, y })) }];
}

const pointOf = ({ z, sharpness }: FocusPoint): { x: number; y: number } => ({ x: z, y: sharpness });

const sideOf = ({ defocus }: VirtualStack): string => (defocus < 0 ? "from below" : "from above");

/** Whether the images are shifted like their curve. If they are not, the curve only has another shape. */
function shiftOf(
  { shift, error, unshiftedError }: CurveAlignment,
  { stack }: FocusAlignmentPick["studied"],
): "in place" | "shifted" | "not shifted" {
  if (Math.abs(shift) < stack.zStep / 2) return "in place";
  return error < unshiftedError ? "shifted" : "not shifted";
}

/** One row for each candidate and side of focus; no table where no candidate has virtual stacks. */
export function focusAlignmentTable(picks: readonly FocusAlignmentPick[]): ReportSection[] {
  const rows = picks.flatMap((pick) => (pick.focusAlignment?.stacks ?? []).map((one) => rowOf(one, pick)));
  if (rows.length === 0) return [];
  return [
    {
      kind: "table",
      caption:
        "Focus curves of virtual stacks, compared with the recorded one. Height is the difference between the highest and the lowest point of the curve, divided by that of the recorded curve (1 is right, 0 is flat). Shift is the displacement in z at which the curves correlate best. Correlation is given after this shift, without it, and with up and down exchanged (reversed). NRMSE is the error of the images against the recorded planes, after the shift, without it, and for the unchanged input. If the shift does not lower the error of the images, the stack is not really shifted.",
      columns: [
        "",
        "height",
        "shift (um)",
        "correlation",
        "correlation, not shifted",
        "correlation, reversed",
        "NRMSE, shifted",
        "NRMSE, not shifted",
        "NRMSE of the input",
        "result",
      ],
      rows,
    },
  ];
}

function rowOf(one: VirtualStack, pick: FocusAlignmentPick): string[] {
  const { candidate } = pick;
  const { amplitude, asRequested, reversed, inputError } = one;
  return [
    `${candidate.name}, ${sideOf(one)}`,
    number(amplitude),
    asRequested ? um(asRequested.shift).replace(" um", "") : "",
    number(asRequested?.correlation),
    number(asRequested?.unshifted),
    number(reversed?.nearby),
    number(asRequested?.error, 3),
    number(asRequested?.unshiftedError, 3),
    number(inputError, 3),
    inWords(one, pick),
  ];
}

function inWords(
  { asRequested, reversed, direction }: VirtualStack,
  { studied, focusAlignment }: FocusAlignmentPick,
): string {
  if (asRequested === undefined && reversed === undefined) return "the output does not change with the distance";
  if (direction === "wrong") return "wrong direction: the curve fits better with up and down exchanged";
  if (direction === undefined || asRequested === undefined)
    return "cannot tell: the curve fits neither direction clearly";
  const atLimit = Math.abs(asRequested.shift) > (focusAlignment?.maxShift ?? Number.POSITIVE_INFINITY) * 0.99;
  const place = {
    "in place": "in place",
    shifted: `but curve and images are shifted by ${um(asRequested.shift)}${atLimit ? " or more" : ""}`,
    "not shifted": "but the curve has another shape than the recorded one",
  }[shiftOf(asRequested, studied)];
  return `right direction, ${place}`;
}

const number = (value: number | undefined, digits = 2): string =>
  value === undefined || Number.isNaN(value) ? "" : value.toFixed(digits);
