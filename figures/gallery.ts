/**
 * Draws docs/gallery: every kind of specimen in every imaging mode, through the optics of its shipped recipe. Each PNG
 * holds the plane that is sharpest in wide field, enlarged, and a strip of planes through focus, all in one contrast.
 * README.md there shows them side by side.
 *
 *     npm run figures:gallery [FOLDER] [ONLY]
 *
 * ONLY limits it to specimens whose name contains these letters. The specimen `stack`, a recorded confocal nucleus, is
 * left out if its file is absent.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { percentiles } from "../src/array/statistics.ts";
import { bestPlane, focusCurve } from "../src/classical/focus/focus.ts";
import { below, beside, page, paragraph } from "../src/figures/drawing.ts";
import { type GridCell, gridBlock, small } from "../src/figures/picture-grid.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { planeOf, type Stack } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { imagingModes, modeNames } from "../src/simulate/modes.ts";
import type { RecipeInput } from "../src/simulate/recipe.ts";
import { specimenRecipes } from "../src/simulate/shipped/specimens.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { smallPng } from "./small-png.ts";

const CONFOCAL = "../shared/data/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif";
const SIZE = 256;
const LARGE = 256;
const SMALL = 128;
/** Planes of a strip: two rows of four. */
const STRIP = 8;

interface Subject {
  kind: string;
  recipe: RecipeInput;
}

/** Seeds with representative fields; 1 for the others. */
const SEEDS: Record<string, number> = { filaments: 5, mitochondria: 3, worm: 5 };

const subjects: Subject[] = specimenRecipes
  .filter(({ name }) => name !== "review-beads")
  .map((recipe) => ({ kind: recipe.name, recipe: recipe as RecipeInput }));

/** The shipped recipe of the specimen, imaged in every mode. */
function seenInAll({ kind, recipe }: Subject): RecipeInput {
  const specimen = kind === "stack" ? { kind: "stack" as const, file: CONFOCAL, channel: 0 } : recipe.specimen;
  const camera = { ...recipe.camera, photons: 8000 };
  const images = Object.fromEntries(modeNames.map((mode) => [mode, { mode }]));
  return {
    ...recipe,
    name: kind,
    size: SIZE,
    seed: SEEDS[kind] ?? 1,
    camera,
    ...(specimen ? { specimen } : {}),
    images,
  };
}

/** Planes evenly through the stack, the one in focus among them. */
function throughFocus(depth: number, focus: number): number[] {
  if (depth <= STRIP) return Array.from({ length: depth }, (_, z) => z);
  const step = (depth - 1) / (STRIP - 1);
  const chosen = Array.from({ length: STRIP }, (_, i) => Math.round(i * step));
  const nearest = chosen.reduce((best, z, i) => (Math.abs(z - focus) < Math.abs(chosen[best] - focus) ? i : best), 0);
  chosen[nearest] = focus;
  return chosen;
}

/** @param heights of the planes, um from the nominal focal plane */
function drawSheet(stack: Stack, heights: readonly number[], focus: number, title: string, summary: string): string {
  const [low, high] = percentiles(stack.data, [0.1, 99.95]);
  const cell = (z: number, name = ""): GridCell => ({
    plane: planeOf(stack, z),
    contrast: [low, high > low ? high : low + 1],
    caption: `${name}${signed(heights[z])} um`,
  });
  const strip = throughFocus(stack.depth, focus).map((z) => cell(z));
  const rows = [0, STRIP / 2].map((from) => ({ label: "", cells: strip.slice(from, from + STRIP / 2) }));
  const pictures = beside(
    [
      gridBlock([{ label: "", cells: [cell(focus, "z = ")] }], { panelSize: LARGE, pixelSize: stack.pixelSize?.x }),
      gridBlock(
        rows.filter(({ cells }) => cells.length > 0),
        { panelSize: SMALL },
      ),
    ],
    12,
  );
  const { width } = pictures;
  return page(below([below([paragraph(title, width), paragraph(summary, width, small)], 2), pictures], 10));
}

const signed = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))}`;

async function main(folder = "docs/gallery", only = ""): Promise<void> {
  const stacks: Record<string, Stack> = {};
  if (existsSync(CONFOCAL)) {
    const file = await openImage(CONFOCAL);
    stacks[CONFOCAL] = await readStack(file, { channel: 0 });
    await file.close();
  } else console.error("The confocal stack is absent: the specimen `stack` is left out.");
  const shown = subjects.filter(({ kind }) => kind !== "stack" || CONFOCAL in stacks);
  await mkdir(folder, { recursive: true });
  for (const subject of shown) {
    if (!subject.kind.includes(only)) continue;
    const started = performance.now();
    const simulator = createSimulator(seenInAll(subject), { stacks, memory: 8 * 2 ** 30 });
    const { images, planes } = await simulator.field(0);
    // Where wide field is sharpest: in transmitted light contrast is lowest there.
    const focus = bestPlane(focusCurve(images.widefield.truth)).plane;
    for (const mode of modeNames) {
      const title = `${subject.kind}, ${mode}, NA ${simulator.recipe.optics.na}`;
      const svg = drawSheet(images[mode].stack, planes, focus, title, imagingModes[mode].summary.split(":")[0]);
      await writeFileAtomic(`${folder}/${subject.kind}-${mode}.png`, smallPng(await svgPng(svg)), { force: true });
    }
    console.error(`${subject.kind}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  await writeFileAtomic(`${folder}/README.md`, pageOf(shown), { force: true });
}

function pageOf(shown: readonly Subject[]): string {
  const lines = [
    "# Specimens and imaging modes",
    "",
    "Every kind of specimen in every imaging mode, simulated with the optics of its shipped recipe, camera noise included:",
    "the plane where wide field is sharpest, and planes through focus in the same contrast. Drawn by `npm run figures:gallery`.",
  ];
  for (const { kind, recipe } of shown) {
    lines.push("", `## ${kind}`, "", `${recipe.summary}.`);
    for (const mode of modeNames) {
      const picture = `![${kind}, ${mode}](${kind}-${mode}.png)`;
      lines.push("", `### ${kind}, ${mode}`, "", `${imagingModes[mode].summary}.`, "", picture);
    }
  }
  return `${lines.join("\n")}\n`;
}

await main(...process.argv.slice(2));
