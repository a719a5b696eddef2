/** Virtual focus curves beside the recorded one, as charts and as a table. */
import { type NamedLine, plotLines } from "../figures/plots.ts";
import type { ReportSection } from "../figures/report.ts";
import type { Candidate } from "./candidate.ts";
import { type Figure, slug, um } from "./figure.ts";
import type { CurveAlignment, FocusAlignment, FocusPoint, VirtualStack } from "./focus-alignment.ts";
import type { StudiedStack } from "./studied-stack.ts";

/** What is read of a study. */
export interface FocusAlignmentPick {
  candidate: Pick<Candidate, "name">;
  studied: Pick<StudiedStack, "stack">;
  focusAlignment: FocusAlignment | undefined;
}

/** A chart for each virtual stack: of every candidate that has any, from below focus and from above. */
export async function focusAlignmentFigures(picks: readonly FocusAlignmentPick[]): Promise<Figure[]> {
  return Promise.all(picks.flatMap((pick) => (pick.focusAlignment?.stacks ?? []).map((one) => figureOf(one, pick))));
}

async function figureOf(one: VirtualStack, pick: FocusAlignmentPick): Promise<Figure> {
  const { candidate, focusAlignment } = pick;
  const lines = linesOf(one, pick);
  const drawn = lines.flatMap(({ points }) => points.map(({ x }) => x));
  const [low, high] = [Math.min(...drawn), Math.max(...drawn)];
  // Only as far as there is something to compare: names stand at the ends of lines.
  const recorded = (focusAlignment?.recorded ?? []).filter(({ z }) => z >= low - 1e-6 && z <= high + 1e-6);
  return {
    id: `virtual-focus-${slug(candidate.name)}-${one.defocus < 0 ? "below" : "above"}`,
    kind: "chart",
    title: `${candidate.name}: sharpness of its virtual stack, ${sideOf(one)} focus`,
    caption: `From one plane out of focus (${um(one.defocus)}) the planes of the stack are made, and their Tenengrad is drawn where they were asked for; grey, the recorded planes. Good: both lie on each other. Outputs that do not change with the distance are a level line.${noteOn(lines)}`,
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
  return other === names.moved
    ? " Moved: drawn again at the z where curve and images fit better."
    : " Reversed: drawn again with up taken for down, which fits better.";
}

const names = { virtual: "virtual", moved: "virtual, moved", reversed: "virtual, reversed" };

/** The curve of a virtual stack, and where it fits better. */
function linesOf(one: VirtualStack, { studied }: FocusAlignmentPick): NamedLine[] {
  const { defocus, curve, asRequested, reversed, direction } = one;
  const own = { name: names.virtual, points: curve.map(pointOf) };
  if (direction === "wrong" && reversed) {
    const at = (z: number): number => 2 * defocus - z + reversed.shift;
    const points = curve.map(({ z, sharpness }) => ({ x: at(z), y: sharpness })).reverse();
    return [own, { name: names.reversed, points }];
  }
  if (asRequested === undefined || shiftOf(asRequested, studied) !== "moved") return [own];
  return [own, { name: names.moved, points: own.points.map(({ x, y }) => ({ x: x + asRequested.shift, y })) }];
}

const pointOf = ({ z, sharpness }: FocusPoint): { x: number; y: number } => ({ x: z, y: sharpness });

const sideOf = ({ defocus }: VirtualStack): string => (defocus < 0 ? "from below" : "from above");

/** Whether the images go along with the shift of their curve: a curve that is damped, or skewed, is no shifted one. */
function shiftOf(
  { shift, error, unshiftedError }: CurveAlignment,
  { stack }: FocusAlignmentPick["studied"],
): "in place" | "moved" | "not moved" {
  if (Math.abs(shift) < stack.zStep / 2) return "in place";
  return error < unshiftedError ? "moved" : "not moved";
}

/** What was found, by candidate and side; nothing where no candidate has virtual stacks. */
export function focusAlignmentTable(picks: readonly FocusAlignmentPick[]): ReportSection[] {
  const rows = picks.flatMap((pick) => (pick.focusAlignment?.stacks ?? []).map((one) => rowOf(one, pick)));
  if (rows.length === 0) return [];
  return [
    {
      kind: "table",
      caption:
        "Focus curves of virtual stacks against the recorded one. Height: from the lowest to the highest point, as a share of the recorded (1 is right, 0 is flat). Shift: where z was asked for, what is at z + shift came out, by the best correlation of the curves. Reversed: the correlation with up taken for down, after shifts up to half as large. NRMSE is that of the images against the recorded planes where they then belong: a shift that does not lower it is none. Inputs left as they are have a flat curve, and the last NRMSE.",
      columns: [
        "",
        "height",
        "shift (um)",
        "correlation",
        "not shifted",
        "reversed",
        "NRMSE shifted",
        "NRMSE not shifted",
        "NRMSE of the input",
        "in words",
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
  if (asRequested === undefined && reversed === undefined) return "flat: the output does not change with the distance";
  if (direction === "wrong") return "goes in the wrong direction: its curve fits with up taken for down";
  if (direction === undefined || asRequested === undefined)
    return "cannot tell: its curve fits neither direction clearly";
  const atLimit = Math.abs(asRequested.shift) > (focusAlignment?.maxShift ?? Number.POSITIVE_INFINITY) * 0.99;
  const place = {
    "in place": "in place",
    moved: `moved by ${um(asRequested.shift)}${atLimit ? " or more" : ""}, as its images are`,
    "not moved": "of another shape: its images do not go with the shift",
  }[shiftOf(asRequested, studied)];
  return `goes in the right direction, ${place}`;
}

const number = (value: number | undefined, digits = 2): string =>
  value === undefined || Number.isNaN(value) ? "" : value.toFixed(digits);
