/** Charts of scores, widths and profiles over z. */

import { pictureGrid } from "../figures/picture-grid.ts";
import { type NamedLine, plotLines } from "../figures/plots.ts";
import type { Plane } from "../image/image.ts";
import type { Outcome } from "./every-plane.ts";
import { type Figure, pick, slug, um, zOf } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export async function scoreCharts(studies: readonly CandidateStudy[]): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const task of ["refocus", "section"] as const) {
    const own = studies.filter(({ candidate, every }) => candidate.task === task && every.outcomes.length > 0);
    if (own.length === 0) continue;
    const full = own.find(({ candidate }) => candidate.kind !== "classical") ?? own[0];
    for (const score of ["psnr", "ssim", "detail"] as const) {
      const line = (one: CandidateStudy, of: "input" | "output" | "baseline"): NamedLine["points"] =>
        one.every.outcomes.map((outcome) => ({ x: zOf(one.studied, outcome.plane), y: scoreOf(outcome, score, of) }));
      const models = own.filter(({ candidate }) => candidate.kind === full.candidate.kind);
      const widest = models.reduce((a, b) => (b.every.outcomes.length > a.every.outcomes.length ? b : a), full);
      const lines = [
        { name: "input, unchanged", points: line(widest, "input"), plain: true },
        ...baselinesOf(own).map(({ name, study }) => ({ name, points: line(study, "baseline"), plain: true })),
        ...own.map((one) => ({ name: one.candidate.name, points: line(one, "output") })),
      ].filter(({ points }) => points.some(({ y }) => Number.isFinite(y)));
      if (lines.length === 0) continue;
      const against = full.every.against;
      figures.push({
        id: `${score}-${task}`,
        kind: "chart",
        title: `${score === "detail" ? "Detail" : score.toUpperCase()} over z, ${task === "refocus" ? "refocused" : "sectioned"}`,
        caption: `Scores against the ${against}. The line of a good model runs above that of the best recorded baseline, which is the best of the input planes, smoothed or not, and of their interpolation.${own.some(({ every }) => every.outcomes.some(({ given, distance }) => given && distance !== 0)) ? " At the peaks beside the middle, the sharpest plane is one of the input planes. Such planes are left out of the means, and a separate verdict says whether the model keeps them." : ""}`,
        svg: await plotLines(lines, {
          x: "z of the input, from the sharpest plane (um)",
          y: `${score === "psnr" ? "PSNR (dB)" : score === "ssim" ? "SSIM" : "detail"}, higher is better`,
          dots: true,
        }),
      });
    }
  }
  return figures;
}

function scoreOf(
  { scores, detail, baseline }: Outcome,
  score: "psnr" | "ssim" | "detail",
  of: "input" | "output" | "baseline",
): number {
  if (of === "baseline") return baseline[score].value;
  return score === "detail" ? detail[of].mean : scores[of][score];
}

/** One line for each set of input planes, since candidates with the same input planes share their baseline. */
function baselinesOf(studies: readonly CandidateStudy[]): { name: string; study: CandidateStudy }[] {
  const bySet = new Map<string, CandidateStudy>();
  for (const one of studies) {
    const known = bySet.get(one.candidate.offsets.join());
    const longer = known === undefined || one.every.outcomes.length > known.every.outcomes.length;
    if (longer && one.studied.stack.width === studies[0].studied.stack.width) {
      bySet.set(one.candidate.offsets.join(), one);
    }
  }
  return [...bySet.values()].map((study) => {
    const planes = study.candidate.offsets.length;
    return {
      name:
        bySet.size === 1
          ? "best recorded baseline"
          : `best recorded baseline of ${planes} plane${planes === 1 ? "" : "s"}`,
      study,
    };
  });
}

/** A line profile out of focus as a chart, and the profiles of all planes as a picture. */
export async function profileCharts({
  candidate,
  profiles: { profiles, sharpest, row, left },
  studied,
}: CandidateStudy): Promise<Figure[]> {
  if (profiles.length === 0) return [];
  const scale = studied.stack.pixelSize?.x ?? 1;
  const points = (values: readonly number[]): NamedLine["points"] => values.map((y, i) => ({ x: i * scale, y }));
  const one = pick(profiles, studied.sharpest) ?? profiles[0];
  const chart: Figure = {
    id: `profile-${slug(candidate.name)}`,
    kind: "chart",
    title: `${candidate.name}: line profile through a structure`,
    caption: `Grey values along row ${row}, from column ${left}, for the plane ${um(zOf(studied, one.plane))} from focus. ${
      candidate.task === "refocus"
        ? "The output should follow the sharpest plane, and should not exceed it."
        : "The output is brought to the counts of the stack. A good section keeps what is in focus in this plane and is dark elsewhere."
    }`,
    svg: await plotLines(
      [
        { name: "sharpest plane", points: points(sharpest), plain: true },
        { name: "output", points: points(one.output) },
        { name: "input", points: points(one.input) },
      ],
      { x: studied.stack.pixelSize ? "position along the line (um)" : "position along the line (pixels)", y: "counts" },
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
    title: `${candidate.name}: the same line profile in every plane`,
    caption: `Each row of the picture is the line profile in one plane, from plane ${first} (top) to plane ${last} (bottom). ${candidate.task === "refocus" ? "If the model refocuses well, all rows of the output look alike." : "If the model sections well, the structure appears in few rows only."}`,
    svg: pictureGrid([{ label: "", cells: [{ plane: image("input") }, { plane: image("output") }] }], {
      columns: ["Input", "Output"],
      panelSize: 330,
    }),
  };
  return [chart, picture];
}

export async function widthChart(studies: readonly CandidateStudy[]): Promise<Figure | undefined> {
  const own = studies.filter(({ effect }) => effect.widths.length > 1);
  if (own.length === 0) return undefined;
  const scale = own[0].studied.stack.pixelSize?.x ?? 1;
  const widest = own.reduce((a, b) => (b.effect.widths.length > a.effect.widths.length ? b : a));
  const points = (one: CandidateStudy, key: "input" | "output"): NamedLine["points"] =>
    one.effect.widths.map((width) => ({ x: zOf(one.studied, width.plane), y: width[key] * scale }));
  return {
    id: "width",
    kind: "chart",
    title: "Width of structures over z",
    caption:
      "Median full width at half maximum (FWHM) of the structures of the sharpest plane. If a model refocuses well, the width stays close to the smallest width of the input. If it is smaller, the output shows structures thinner than they are.",
    svg: await plotLines(
      [
        { name: "input, unchanged", points: points(widest, "input"), plain: true },
        ...own.map((one) => ({ name: one.candidate.name, points: points(one, "output") })),
      ],
      {
        x: "z of the input, from the sharpest plane (um)",
        y: own[0].studied.stack.pixelSize ? "FWHM (um), lower is better" : "FWHM (pixels), lower is better",
        dots: true,
        zero: true,
      },
    ),
  };
}
