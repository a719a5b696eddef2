/**
 * Draws docs/gallery: every kind of specimen seen in every imaging mode, through the optics of its shipped recipe. Each PNG holds
 * the plane where wide field is sharpest, large, and a strip of planes through focus, all in one contrast. README.md there shows them side by side.
 *
 *     npm run figures:gallery [FOLDER] [ONLY]
 *
 * ONLY limits it to specimens whose name contains these letters. The specimen `stack`, a real confocal nucleus, is left out
 * where its file is absent.
 */
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { encode } from "fast-png";
import { percentiles } from "../src/array/statistics.ts";
import { bestPlane, focusCurve } from "../src/classical/focus/focus.ts";
import { type Colour, createCanvas, drawText, TEXT_HEIGHT } from "../src/figures/canvas.ts";
import { drawBold, drawPanel, drawScaleBar, enlarge } from "../src/figures/sheet-panel.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { type Plane, planeOf, type Stack } from "../src/image/image.ts";
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
const GAP = 8;
const INK: Colour = [30, 30, 30];
const FAINT: Colour = [95, 95, 95];
const PAPER: Colour = [255, 255, 255];
/** Planes of a strip: two rows of four. */
const STRIP = 8;

interface Subject {
  kind: string;
  recipe: RecipeInput;
}

/** Seeds whose fields show the most; 1 for the others. */
const SEEDS: Record<string, number> = { filaments: 5, mitochondria: 3, worm: 5 };

const subjects: Subject[] = specimenRecipes
  .filter(({ name }) => name !== "review-beads")
  .map((recipe) => ({ kind: recipe.name, recipe: recipe as RecipeInput }));

/** The shipped recipe of the specimen, looked at in every mode. */
function seenInAll({ kind, recipe }: Subject): RecipeInput {
  const object = kind === "stack" ? { kind: "stack" as const, file: CONFOCAL, channel: 0 } : recipe.object;
  const camera = { ...recipe.camera, photons: 8000 };
  const images = Object.fromEntries(modeNames.map((mode) => [mode, { mode }]));
  return { ...recipe, name: kind, size: SIZE, seed: SEEDS[kind] ?? 1, camera, ...(object ? { object } : {}), images };
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
function drawSheet(
  stack: Stack,
  heights: readonly number[],
  focus: number,
  title: string,
  summary: string,
): Uint8Array {
  const [low, high] = percentiles(stack.data, [0.1, 99.95]);
  const head = 2 * (TEXT_HEIGHT + 6) + 4;
  const width = GAP + LARGE + (STRIP / 2) * (GAP + SMALL) + GAP;
  const canvas = createCanvas(head + LARGE + 2 * (TEXT_HEIGHT + 4) + GAP, width, PAPER);
  drawBold(canvas, title, 6, GAP);
  drawText(canvas, summary, 6 + TEXT_HEIGHT + 6, GAP, FAINT);
  const grey = (value: number): Colour => {
    const level = Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1))));
    return [level, level, level];
  };
  const draw = (plane: Plane, size: number, top: number, left: number, label: string, bar: boolean): void => {
    const panel = { ...enlarge(plane, size), title: "", colour: grey, caption: "" };
    drawPanel(canvas, panel, top, left);
    if (bar && stack.pixelSize) drawScaleBar(canvas, panel, top, left, stack.pixelSize.x);
    drawText(canvas, label, top + panel.height + 3, left, INK);
  };
  const zOf = (z: number): string => `${signed(heights[z])} um`;
  draw(planeOf(stack, focus), LARGE, head, GAP, `z = ${zOf(focus)}`, true);
  throughFocus(stack.depth, focus).forEach((z, i) => {
    const column = i % (STRIP / 2);
    const row = Math.floor(i / (STRIP / 2));
    const top = head + row * (SMALL + TEXT_HEIGHT + 4 + GAP);
    draw(planeOf(stack, z), SMALL, top, GAP + LARGE + GAP + column * (SMALL + GAP), zOf(z), false);
  });
  return smallPng(encode({ ...canvas, channels: 3, depth: 8 }));
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
      const png = drawSheet(images[mode].stack, planes, focus, title, imagingModes[mode].summary.split(":")[0]);
      await writeFileAtomic(`${folder}/${subject.kind}-${mode}.png`, png, { force: true });
    }
    console.error(`${subject.kind}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  await writeFileAtomic(`${folder}/README.md`, pageOf(shown), { force: true });
}

function pageOf(shown: readonly Subject[]): string {
  const lines = [
    "# What the simulator sees",
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
