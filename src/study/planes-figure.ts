/** The recorded stack, and what candidates make of its planes, as pictures. */
import { evenly } from "../array/evenly.ts";
import { contrastOf, type GridCell, type GridRow, pictureGrid } from "../figures/picture-grid.ts";
import { plotLines } from "../figures/plots.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { isJudged, type Outcome } from "./every-plane.ts";
import { type Figure, mostColumns, pick, pixelOf, um, zOf } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";
import { type Box, cropPlane, type Subject } from "./subject.ts";

export function montage(subject: Subject): Figure {
  const { stack, sharpest, object } = subject;
  const planes = evenly(
    Array.from({ length: stack.depth }, (_, z) => z),
    21,
  );
  const cells = planes.map((z): GridCell => {
    const mark = z === sharpest ? ", sharpest" : "";
    return { plane: planeOf(stack, z), caption: `plane ${z}${mark}\n${um(zOf(subject, z))}` };
  });
  const rows: GridRow[] = [];
  for (let i = 0; i < cells.length; i += mostColumns) rows.push({ label: "", cells: cells.slice(i, i + mostColumns) });
  rows.push({
    label: "",
    cells: [
      {
        plane: cropPlane(planeOf(stack, sharpest), object),
        caption: `the structure, rows ${object.top} to ${object.top + object.height}, columns ${object.left} to ${object.left + object.width}`,
      },
    ],
  });
  return {
    id: "stack",
    kind: "picture",
    title: "The stack",
    caption:
      "Every picture has its own contrast, from its 0.1 to its 99.9 percentile. Heights are from the sharpest plane. The last picture is the structure that other figures follow.",
    svg: pictureGrid(rows, { pixelSize: pixelOf(subject), panelSize: 160 }),
  };
}

export async function focusChart(subject: Subject): Promise<Figure> {
  const { sharpness, sharpest, stack } = subject;
  const points = sharpness.map((y, z) => ({ x: z * stack.zStep, y }));
  return {
    id: "focus",
    kind: "chart",
    title: "Sharpness over z",
    caption: "Tenengrad of every plane, as a share of the largest: how the stack goes in and out of focus.",
    svg: await plotLines([{ name: "", points }], {
      x: "z (um)",
      y: "sharpness (1 = sharpest)",
      zero: true,
      dots: true,
      mark: { x: sharpest * stack.zStep, text: `plane ${sharpest}` },
    }),
  };
}

/** An input out of focus, what each candidate makes of it, and the sharpest plane. */
export function oneImage(subject: Subject, studies: readonly CandidateStudy[]): Figure | undefined {
  const { stack, sharpest, region, truth } = subject;
  const able = studies.map(({ every }) => every.outcomes.filter(isJudged));
  const { plane: shared } = imageForAll(studies, able, sharpest) ?? {};
  const cells = studies.map(({ candidate, subject: seen }, i) => {
    const one = able[i].find(({ plane }) => plane === shared) ?? pick(able[i], sharpest);
    if (one === undefined) return undefined;
    const whole = seen.stack.width === stack.width && seen.stack.height === stack.height;
    const output = whole ? cropPlane(one.output, region) : one.output;
    return { one, output, candidate };
  });
  const first = cells.find((cell) => cell !== undefined);
  if (first === undefined) return undefined;
  const sharp = cropPlane(planeOf(stack, sharpest), region);
  const contrast = contrastOf(sharp);
  const input = (plane: number): Plane => cropPlane(planeOf(stack, plane), region);
  const rows: GridRow[] = cells.flatMap((cell) => {
    if (cell === undefined) return [];
    const { one, output, candidate } = cell;
    const section = candidate.task === "section";
    const known = section && truth ? cropPlane(planeOf(truth, one.plane), region) : undefined;
    const shown: GridCell[] = [
      {
        plane: input(one.plane),
        caption: `plane ${one.plane}, ${um(zOf(subject, one.plane))}`,
        ...(!section && { contrast }),
      },
      { plane: output, caption: scoresOf(one.scores.output), ...(!section && { contrast }) },
      known
        ? { plane: known, caption: "truth" }
        : { plane: sharp, caption: `sharpest, plane ${sharpest}`, ...(!section && { contrast }) },
    ];
    return [{ label: candidate.name, cells: shown }];
  });
  return {
    id: "one-image",
    kind: "picture",
    title: "One image, every candidate",
    caption:
      "A plane out of focus, the output, and what was recorded; another plane where a model cannot take that one. Outputs should look like the last column: no sharper, and with no more in them.",
    svg: pictureGrid(rows, {
      columns: ["Input", "Output", "Ground truth"],
      pixelSize: pixelOf(subject),
      panelSize: 300,
    }),
  };
}

/** The image that is shown of all candidates: one that most of them can take, as far from focus as shows what they are for. */
function imageForAll(
  studies: readonly CandidateStudy[],
  able: readonly Outcome[][],
  sharpest: number,
): Outcome | undefined {
  const takers = ({ plane }: Outcome): number => able.filter((own) => own.some((one) => one.plane === plane)).length;
  const all = able.flat().filter(({ plane }) => plane !== sharpest);
  const most = Math.max(0, ...all.map(takers));
  // Where all are sections: near focus, where there is something for them to leave.
  const share = studies.every(({ candidate }) => candidate.task === "section") ? 1 / 8 : 1 / 2;
  return pick(
    all.filter((one) => takers(one) === most),
    sharpest,
    share,
  );
}

const scoresOf = ({ psnr, ssim }: { psnr: number; ssim: number }): string =>
  `${Number.isFinite(psnr) ? `${psnr.toFixed(1)} dB` : "identical"}, SSIM ${ssim.toFixed(3)}`;

export function planesGrid(
  id: string,
  title: string,
  subject: Subject,
  studies: readonly CandidateStudy[],
  box: Box | undefined,
): Figure {
  const { stack, truth } = subject;
  const planes = evenly(
    Array.from({ length: stack.depth }, (_, z) => z),
    mostColumns,
  );
  const cut = (plane: Plane): Plane => (box ? cropPlane(plane, box) : plane);
  // One contrast for a row: each with its own, out-of-focus light would be as bright as what is in focus.
  const recorded = (of: Stack): GridCell[] => {
    const contrast = contrastOf(cut(planeOf(of, subject.sharpest)));
    return planes.map((z) => ({ plane: cut(planeOf(of, z)), contrast }));
  };
  const rows: GridRow[] = [{ label: "input", cells: recorded(stack) }];
  for (const { candidate, every, subject: seen } of studies) {
    const own = (plane: Plane): Plane => (box ? cropPlane(plane, seen.object) : plane);
    const off = ({ plane }: { plane: number }): number => Math.abs(plane - subject.sharpest);
    const [nearest] = [...every.outcomes].sort((a, b) => off(a) - off(b));
    const contrast = nearest && contrastOf(own(nearest.output));
    rows.push({
      label: candidate.task === "refocus" ? `${candidate.name}, to the sharpest plane` : candidate.name,
      cells: planes.map((z) => {
        const one = every.outcomes.find(({ plane }) => plane === z);
        return one && { plane: own(one.output), caption: one.inRange ? "" : "beyond its range", contrast };
      }),
    });
  }
  if (truth) rows.push({ label: "truth", cells: recorded(truth) });
  return {
    id,
    kind: "picture",
    title,
    caption: `Each row has one contrast, that of its sharpest plane.${box ? "" : " Classical methods are slow and see the middle of the field only."} Gaps: planes from which the sharpest one is farther than a model can go.`,
    svg: pictureGrid(rows, {
      columns: planes.map((z) => um(zOf(subject, z))),
      pixelSize: pixelOf(subject),
      panelSize: 150,
    }),
  };
}
