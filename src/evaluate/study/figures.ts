/** The figures of a study: those of the review, for any stack and any candidates, and the pictures behind the verdicts. */
import { type Plane, planeOf, type Stack } from "../../image/image.ts";
import { divergingColour } from "../colour-map.ts";
import { contrastOf, type GridCell, type GridRow, pictureGrid } from "../picture-grid.ts";
import { type NamedLine, plotLines } from "../plots.ts";
import type { Outcome } from "./every-plane.ts";
import { type Figure, slug } from "./figure.ts";
import { focusAlignmentFigures } from "./focus-alignment-figure.ts";
import { splitChart } from "./split-figure.ts";
import { reliabilityChart, spreadPictures } from "./spread-figure.ts";
import { type CandidateStudy, ensemblesOf } from "./study.ts";
import { type Box, cropPlane, type Subject } from "./subject.ts";

/** Most columns of a grid. */
const mostColumns = 7;

/** All figures that the data allow, in the order of the report. */
export async function studyFigures(subject: Subject, studies: readonly CandidateStudy[]): Promise<Figure[]> {
  const figures: (Figure | undefined)[] = [
    montage(subject),
    await focusChart(subject),
    oneImage(subject, studies),
    ...studies.map(distanceGrid),
    ...studies.map(scaleGrid),
    planesGrid("every-plane", "Every plane, and what becomes of it", subject, studies, undefined),
    planesGrid("every-plane-object", "Every plane around one object", subject, studies, subject.object),
    ...(await scoreCharts(studies)),
    ...(await Promise.all(studies.map(profileCharts))).flat(),
    ...studies.map(directionMaps),
    ...(await focusAlignmentFigures(studies)),
    ...studies.map(inventionMaps),
    await inventionChart(studies),
    await scaleChart(studies),
    await widthChart(studies),
    await splitChart(studies),
    ...spreadPictures(subject, studies, ensemblesOf(subject, studies)),
    await reliabilityChart(studies),
  ];
  return figures.filter((figure) => figure !== undefined);
}

const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))} um`;
const zOf = ({ stack, sharpest }: Subject, plane: number): number => (plane - sharpest) * stack.zStep;
const pixelOf = ({ stack }: Subject): number | undefined => stack.pixelSize?.x;

/** Evenly spread, with the first and the last. */
function spread<T>(all: readonly T[], most: number): T[] {
  if (all.length <= most) return [...all];
  return Array.from({ length: most }, (_, i) => all[Math.round((i * (all.length - 1)) / (most - 1))]);
}

function montage(subject: Subject): Figure {
  const { stack, sharpest, object } = subject;
  const planes = spread(
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
        caption: `the object, rows ${object.top} to ${object.top + object.height}, columns ${object.left} to ${object.left + object.width}`,
      },
    ],
  });
  return {
    id: "stack",
    kind: "picture",
    title: "The stack",
    caption:
      "Every picture has its own contrast, from its 0.1 to its 99.9 percentile. Heights are from the sharpest plane. The last picture is the object that other figures follow.",
    png: pictureGrid(rows, { pixelSize: pixelOf(subject), panelSize: 160 }),
  };
}

async function focusChart(subject: Subject): Promise<Figure> {
  const { sharpness, sharpest, stack } = subject;
  const points = sharpness.map((y, z) => ({ x: z * stack.zStep, y }));
  return {
    id: "focus",
    kind: "chart",
    title: "Sharpness over z",
    caption: "Tenengrad of every plane, as a share of the largest: how the stack goes in and out of focus.",
    svg: await plotLines([{ name: "", points }], {
      x: "z (µm)",
      y: "sharpness (1 = sharpest)",
      zero: true,
      dots: true,
      mark: { x: sharpest * stack.zStep, text: `plane ${sharpest}` },
    }),
  };
}

/** An input out of focus, what each candidate makes of it, and the sharpest plane. */
function oneImage(subject: Subject, studies: readonly CandidateStudy[]): Figure | undefined {
  const { stack, sharpest, region, truth } = subject;
  const able = studies.map(({ every }) => every.outcomes.filter(({ inRange, given }) => inRange && !given));
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
      "A plane out of focus, what is made of it, and what it should be; another plane where a model cannot take that one. Outputs should look like the last column: no sharper, and with no more in them.",
    png: pictureGrid(rows, { columns: ["Input", "Output", "Should be"], pixelSize: pixelOf(subject), panelSize: 300 }),
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

/** The outcome whose plane lies that share of the way from the sharpest plane to the farthest. */
function pick<T extends { plane: number }>(outcomes: readonly T[], sharpest: number, share = 1 / 2): T | undefined {
  const off = ({ plane }: T): number => Math.abs(plane - sharpest);
  const far = Math.max(0, ...outcomes.map(off));
  const wish = Math.max(1, far * share);
  return [...outcomes].sort((a, b) => Math.abs(off(a) - wish) - Math.abs(off(b) - wish))[0];
}

const scoresOf = ({ psnr, ssim }: { psnr: number; ssim: number }): string =>
  `${Number.isFinite(psnr) ? `${psnr.toFixed(1)} dB` : "identical"}, SSIM ${ssim.toFixed(3)}`;

function distanceGrid({ candidate, distances, subject }: CandidateStudy): Figure | undefined {
  if (distances.length === 0) return undefined;
  const rows = distances.flatMap(({ plane, defocus, input, cells }): GridRow[] => {
    const contrast = contrastOf(input);
    const place = Math.abs(defocus) < 1e-6 ? "in focus" : `${um(defocus)} from focus`;
    return [
      {
        label: `${place}\n(plane ${plane})\noutput`,
        cells: [
          { plane: input, contrast },
          ...cells.map(({ output }): GridCell => ({ plane: output, contrast: contrastOf(output) })),
        ],
      },
      {
        label: "recorded there",
        cells: [
          undefined,
          ...cells.map(({ recorded }) => recorded && { plane: recorded, contrast: contrastOf(recorded) }),
        ],
      },
    ];
  });
  return {
    id: `distances-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: refocused from below, at and above focus`,
    caption:
      "Each pair of rows is one image refocused to several distances, and the planes recorded there. An output should look like the picture below it.",
    png: pictureGrid(rows, {
      columns: ["Input", ...distances[0].cells.map(({ distance }) => um(distance))],
      pixelSize: pixelOf(subject),
      panelSize: 190,
    }),
  };
}

function scaleGrid({ candidate, scales, subject }: CandidateStudy): Figure | undefined {
  if (scales.length === 0) return undefined;
  const untold = scales.filter(({ told }) => !told);
  const told = untold.map(({ factor }) => scales.find((one) => one.told && one.factor === factor));
  const caption = ({ gain, invented }: (typeof scales)[number]): string =>
    gain === undefined
      ? ""
      : `${gain > 0 ? "+" : ""}${gain.toFixed(1)} dB${invented === undefined ? "" : `, ${Math.round(100 * invented)} % invented`}`;
  const cell = (one: (typeof scales)[number] | undefined): GridCell | undefined =>
    one && { plane: one.output, caption: caption(one) };
  const rows: GridRow[] = [
    { label: "input", cells: untold.map(({ input }) => ({ plane: input })) },
    { label: "output, not told the scale", cells: untold.map(cell) },
    ...(told.some(Boolean) ? [{ label: "output, told the pixel size", cells: told.map(cell) }] : []),
    ...(untold.some(({ target }) => target)
      ? [{ label: "should be", cells: untold.map(({ target }) => target && { plane: target }) }]
      : []),
  ];
  return {
    id: `scales-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: the same image at other scales`,
    caption:
      "The image rescaled before it is given to the candidate, as users do who must fit it to a tool. Below each output: how much it gains over its input, and the share of its bright structures that nothing recorded explains. Outputs should look alike at every scale.",
    png: pictureGrid(rows, {
      columns: untold.map(({ factor }) => `${factor} x`),
      pixelSize: pixelOf(subject),
      panelSize: 230,
    }),
  };
}

function planesGrid(
  id: string,
  title: string,
  subject: Subject,
  studies: readonly CandidateStudy[],
  box: Box | undefined,
): Figure {
  const { stack, truth } = subject;
  const planes = spread(
    Array.from({ length: stack.depth }, (_, z) => z),
    mostColumns,
  );
  const cut = (plane: Plane): Plane => (box ? cropPlane(plane, box) : plane);
  // One contrast for a row: each with its own, haze would be as bright as what is in focus.
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
    png: pictureGrid(rows, {
      columns: planes.map((z) => um(zOf(subject, z))),
      pixelSize: pixelOf(subject),
      panelSize: 150,
    }),
  };
}

async function scoreCharts(studies: readonly CandidateStudy[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const task of ["refocus", "section"] as const) {
    const own = studies.filter(({ candidate, every }) => candidate.task === task && every.outcomes.length > 0);
    if (own.length === 0) continue;
    const full = own.find(({ candidate }) => candidate.kind !== "classical") ?? own[0];
    for (const score of ["psnr", "ssim"] as const) {
      const line = (one: CandidateStudy, of: "input" | "output"): NamedLine["points"] =>
        one.every.outcomes.map(({ plane, scores }) => ({ x: zOf(one.subject, plane), y: scores[of][score] }));
      const models = own.filter(({ candidate }) => candidate.kind === full.candidate.kind);
      const widest = models.reduce((a, b) => (b.every.outcomes.length > a.every.outcomes.length ? b : a), full);
      const lines = [
        { name: "untouched input", points: line(widest, "input"), plain: true },
        ...own.map((one) => ({ name: one.candidate.name, points: line(one, "output") })),
      ].filter(({ points }) => points.some(({ y }) => Number.isFinite(y)));
      if (lines.length === 0) continue;
      const against = full.every.against;
      figures.push({
        id: `${score}-${task}`,
        kind: "chart",
        title: `${score.toUpperCase()} over z, ${task === "refocus" ? "refocused" : "sectioned"}`,
        caption: `Against the ${against}. Lines should run above that of the untouched input.${own.some(({ every }) => every.outcomes.some(({ given, distance }) => given && distance !== 0)) ? " Peaks beside the middle: there the sharpest plane is one of those that the model was given; means and verdicts leave such planes out." : ""}`,
        svg: await plotLines(lines, {
          x: "z of the input, from the sharpest plane (µm)",
          y: score === "psnr" ? "PSNR (dB), higher is better" : "SSIM, higher is better",
          dots: true,
        }),
      });
    }
  }
  return figures;
}

/** Profiles below, at and above focus, and all of them over z as a picture. */
async function profileCharts({
  candidate,
  profiles: { profiles, sharpest, row, left },
  subject,
}: CandidateStudy): Promise<Figure[]> {
  if (profiles.length === 0) return [];
  const scale = subject.stack.pixelSize?.x ?? 1;
  const points = (values: readonly number[]): NamedLine["points"] => values.map((y, i) => ({ x: i * scale, y }));
  const one = pick(profiles, subject.sharpest) ?? profiles[0];
  const chart: Figure = {
    id: `profile-${slug(candidate.name)}`,
    kind: "chart",
    title: `${candidate.name}: a profile through the object`,
    caption: `Row ${row}, from column ${left}, of the input ${um(zOf(subject, one.plane))} from focus. ${
      candidate.task === "refocus"
        ? "The output should follow the sharpest plane, and not overshoot it."
        : "In the counts of the stack. A section keeps what is in focus in this plane, and is dark elsewhere."
    }`,
    svg: await plotLines(
      [
        { name: "sharpest plane", points: points(sharpest), plain: true },
        { name: "output", points: points(one.output) },
        { name: "input", points: points(one.input) },
      ],
      { x: subject.stack.pixelSize ? "along the line (µm)" : "along the line (pixels)", y: "counts" },
    ),
  };
  const image = (key: "input" | "output"): Plane => ({
    data: Float32Array.from(profiles.flatMap((profile) => profile[key])),
    height: profiles.length,
    width: sharpest.length,
  });
  const [first, last] = [profiles[0].plane, profiles[profiles.length - 1].plane];
  const picture: Figure = {
    id: `profiles-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: the same line, plane by plane`,
    caption: `Each row is the line through the object in one plane, from plane ${first} (top) to ${last}. ${candidate.task === "refocus" ? "Refocused well, all rows of the output are alike." : "Sectioned well, the object is there in few rows only."}`,
    png: pictureGrid([{ label: "", cells: [{ plane: image("input") }, { plane: image("output") }] }], {
      columns: ["Input", "Output"],
      panelSize: 330,
    }),
  };
  return [chart, picture];
}

function directionMaps({ candidate, direction, subject }: CandidateStudy): Figure | undefined {
  if (direction === undefined || direction.maps.length === 0) return undefined;
  const cells = spread(direction.maps, mostColumns).map(
    ({ map, plane }): GridCell => ({
      plane: map,
      caption: `from ${um(zOf(subject, plane))}`,
      contrast: [-1, 1],
      colour: (value) => (Number.isNaN(value) ? [228, 228, 228] : divergingColour(1 - 2 * value)),
    }),
  );
  return {
    id: `direction-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: which regions went which way`,
    caption:
      "Blue: nearer to the plane that was asked for. Red: nearer to the plane as far away in the opposite direction. White: neither. Grey: nothing there that differs.",
    png: pictureGrid([{ label: "", cells }], { panelSize: 170 }),
  };
}

function inventionMaps({ candidate, inventions, subject }: CandidateStudy): Figure | undefined {
  if (inventions === undefined) return undefined;
  const { output, reference, map, plane } = inventions.worst;
  const contrast = contrastOf(reference);
  return {
    id: `inventions-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: what is in the output and was not recorded`,
    caption: `The output with most of it (plane ${plane}). The map shows by how many standard deviations the output is brighter than ${inventions.against} explains: white 0, dark red 10 and more; from 6 on a place counts as invented.`,
    png: pictureGrid(
      [
        {
          label: "",
          cells: [
            { plane: output, contrast },
            { plane: reference, contrast },
            { plane: map, contrast: [0, 10], colour: (value) => divergingColour(Math.max(0, value)) },
          ],
        },
      ],
      { columns: ["Output", inventions.referenceName, "Excess"], pixelSize: pixelOf(subject), panelSize: 340 },
    ),
  };
}

/** Of planted structures, how many are found, over how many empty places are taken for one. */
async function inventionChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const lines = studies.flatMap(({ candidate, inventions }): NamedLine[] =>
    inventions?.planted === undefined || inventions.planted.curve.length < 2
      ? []
      : [
          {
            name: candidate.name,
            points: inventions.planted.curve.map(({ falseAlarmRate, detectionRate }) => ({
              x: falseAlarmRate,
              y: detectionRate,
            })),
          },
        ],
  );
  if (lines.length === 0) return undefined;
  return {
    id: "inventions-roc",
    kind: "chart",
    title: "How well would inventions be found?",
    caption:
      "Spots and short lines as bright as real structures, planted into an output where nothing is: the share that the map finds, over the share of empty places that it takes for one, at every threshold. Lines should run along the upper left edge; a diagonal is a guess.",
    svg: await plotLines(lines, {
      x: "empty places taken for inventions",
      y: "planted inventions found, higher is better",
      zero: true,
    }),
  };
}

async function scaleChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const lines = studies.flatMap(({ candidate, scales }): NamedLine[] =>
    [false, true].flatMap((told) => {
      const own = scales.filter((one) => (one.told === told || one.factor === 1) && one.gain !== undefined);
      if (own.length < 2) return [];
      return [
        {
          name: `${candidate.name}${told ? ", told" : ""}`,
          points: own
            .map(({ factor, gain = Number.NaN }) => ({ x: Math.log2(factor), y: gain }))
            .sort((a, b) => a.x - b.x),
        },
      ];
    }),
  );
  if (lines.length === 0) return undefined;
  return {
    id: "scale",
    kind: "chart",
    title: "Gain over scale",
    caption:
      "How much outputs gain over their inputs when the image is rescaled by a factor of two to the power of x, not told and told the new pixel size. Above 0 is good; level is best.",
    svg: await plotLines(lines, {
      x: "log2 of the scale factor",
      y: "gain in PSNR (dB), higher is better",
      dots: true,
      zero: true,
    }),
  };
}

async function widthChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const own = studies.filter(({ nature }) => nature.widths.length > 1);
  if (own.length === 0) return undefined;
  const scale = own[0].subject.stack.pixelSize?.x ?? 1;
  const widest = own.reduce((a, b) => (b.nature.widths.length > a.nature.widths.length ? b : a));
  const points = (one: CandidateStudy, key: "input" | "output"): NamedLine["points"] =>
    one.nature.widths.map((width) => ({ x: zOf(one.subject, width.plane), y: width[key] * scale }));
  return {
    id: "width",
    kind: "chart",
    title: "Width of structures over z",
    caption:
      "Full width at half maximum, median over the structures of the sharpest plane. Refocused well, it stays at the smallest value of the input; below it, structures are thinner than they are.",
    svg: await plotLines(
      [
        { name: "untouched input", points: points(widest, "input"), plain: true },
        ...own.map((one) => ({ name: one.candidate.name, points: points(one, "output") })),
      ],
      {
        x: "z of the input, from the sharpest plane (µm)",
        y: own[0].subject.stack.pixelSize ? "FWHM (µm), lower is better" : "FWHM (pixels), lower is better",
        dots: true,
        zero: true,
      },
    ),
  };
}
