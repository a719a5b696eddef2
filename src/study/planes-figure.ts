/** Pictures of the recorded stack and of the outputs of all candidates. */
import { evenly } from "../array/evenly.ts";
import { contrastOf, type GridCell, type GridRow, pictureGrid } from "../figures/picture-grid.ts";
import { plotLines } from "../figures/plots.ts";
import { type Plane, planeOf, type Stack } from "../image/image.ts";
import { isJudged, type Outcome } from "./every-plane.ts";
import { type Figure, maxColumns, pick, pixelOf, um, zOf } from "./figure.ts";
import { type Box, cropPlane, type StudiedStack } from "./studied-stack.ts";
import type { CandidateStudy } from "./study.ts";

export function montage(studied: StudiedStack): Figure {
  const { stack, sharpest, structure } = studied;
  const planes = evenly(
    Array.from({ length: stack.depth }, (_, z) => z),
    21,
  );
  const cells = planes.map((z): GridCell => {
    const mark = z === sharpest ? ", sharpest" : "";
    return { plane: planeOf(stack, z), caption: `plane ${z}${mark}\n${um(zOf(studied, z))}` };
  });
  const rows: GridRow[] = [];
  for (let i = 0; i < cells.length; i += maxColumns) rows.push({ label: "", cells: cells.slice(i, i + maxColumns) });
  rows.push({
    label: "",
    cells: [
      {
        plane: cropPlane(planeOf(stack, sharpest), structure),
        caption: `structure, rows ${structure.top} to ${structure.top + structure.height}, columns ${structure.left} to ${structure.left + structure.width}`,
      },
    ],
  });
  return {
    id: "stack",
    kind: "picture",
    title: "The stack",
    caption:
      "The recorded planes. Each plane is shown with its own contrast, from percentile 0.1 to 99.9. Heights are measured from the sharpest plane. The last picture shows the structure that the line profiles and close-ups follow.",
    svg: pictureGrid(rows, { pixelSize: pixelOf(studied), panelSize: 160 }),
  };
}

export async function focusChart(studied: StudiedStack): Promise<Figure> {
  const { sharpness, sharpest, stack } = studied;
  const points = sharpness.map((y, z) => ({ x: z * stack.zStep, y }));
  return {
    id: "focus",
    kind: "chart",
    title: "Sharpness over z",
    caption: "Sharpness (Tenengrad) of every plane, divided by the largest value.",
    svg: await plotLines([{ name: "", points }], {
      x: "z (um)",
      y: "sharpness (1 = sharpest)",
      zero: true,
      dots: true,
      mark: { x: sharpest * stack.zStep, text: `plane ${sharpest}` },
    }),
  };
}

/** An input out of focus, the output of each candidate, and the ground truth or the sharpest plane. */
export function oneImage(studied: StudiedStack, studies: readonly CandidateStudy[]): Figure | undefined {
  const { stack, sharpest, region, truth } = studied;
  const able = studies.map(({ every }) => every.outcomes.filter(isJudged));
  const { plane: shared } = imageForAll(studies, able, sharpest) ?? {};
  const cells = studies.map(({ candidate, studied: seen }, i) => {
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
        caption: `plane ${one.plane}, ${um(zOf(studied, one.plane))}`,
        ...(!section && { contrast }),
      },
      { plane: output, caption: scoresOf(one.scores.output), ...(!section && { contrast }) },
      known
        ? { plane: known, caption: "ground truth" }
        : { plane: sharp, caption: `sharpest, plane ${sharpest}`, ...(!section && { contrast }) },
    ];
    return [{ label: candidate.name, cells: shown }];
  });
  return {
    id: "one-image",
    kind: "picture",
    title: "One input, and the output of every model",
    caption:
      "Left: a plane out of focus. Middle: the output. Right: the ground truth, or the recorded sharpest plane. The same plane is used for all models that can take it. Outputs should look like the right column: no sharper, and without additional structure.",
    svg: pictureGrid(rows, {
      columns: ["Input", "Output", "Ground truth"],
      pixelSize: pixelOf(studied),
      panelSize: 300,
    }),
  };
}

/** Chooses the input that is shown for all candidates: one that most of them can take, clearly out of focus. */
function imageForAll(
  studies: readonly CandidateStudy[],
  able: readonly Outcome[][],
  sharpest: number,
): Outcome | undefined {
  const takers = ({ plane }: Outcome): number => able.filter((own) => own.some((one) => one.plane === plane)).length;
  const all = able.flat().filter(({ plane }) => plane !== sharpest);
  const most = Math.max(0, ...all.map(takers));
  // If all candidates make sections, a plane near focus is chosen, where they have structure to keep.
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
  studied: StudiedStack,
  studies: readonly CandidateStudy[],
  box: Box | undefined,
): Figure {
  const { stack, truth } = studied;
  const planes = evenly(
    Array.from({ length: stack.depth }, (_, z) => z),
    maxColumns,
  );
  const cut = (plane: Plane): Plane => (box ? cropPlane(plane, box) : plane);
  // A row has one contrast. With a contrast for each picture, out-of-focus light would look as bright as structure in
  // focus.
  const recorded = (of: Stack): GridCell[] => {
    const contrast = contrastOf(cut(planeOf(of, studied.sharpest)));
    return planes.map((z) => ({ plane: cut(planeOf(of, z)), contrast }));
  };
  const rows: GridRow[] = [{ label: "input", cells: recorded(stack) }];
  for (const { candidate, every, studied: seen } of studies) {
    const own = (plane: Plane): Plane => (box ? cropPlane(plane, seen.structure) : plane);
    const off = ({ plane }: { plane: number }): number => Math.abs(plane - studied.sharpest);
    const [nearest] = [...every.outcomes].sort((a, b) => off(a) - off(b));
    const contrast = nearest && contrastOf(own(nearest.output));
    rows.push({
      label: candidate.task === "refocus" ? `${candidate.name}, to the sharpest plane` : candidate.name,
      cells: planes.map((z) => {
        const one = every.outcomes.find(({ plane }) => plane === z);
        return one && { plane: own(one.output), caption: one.inRange ? "" : "outside its range", contrast };
      }),
    });
  }
  if (truth) rows.push({ label: "ground truth", cells: recorded(truth) });
  return {
    id,
    kind: "picture",
    title,
    caption: `All pictures of a row have the same contrast, that of the plane in focus.${box ? "" : " Classical methods are slow and were applied to the middle of the field only."} A picture is missing where the sharpest plane is too far away for the model.`,
    svg: pictureGrid(rows, {
      columns: planes.map((z) => um(zOf(studied, z))),
      pixelSize: pixelOf(studied),
      panelSize: 150,
    }),
  };
}
