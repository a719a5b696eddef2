/**
 * Repeats the experiment of the review: Deep-Z and COMI trained on other specimens and on beads, and Parfocal's default
 * with two input planes, all judged by `study` on beads that were not in any training. Then models of a recorded
 * nucleus and of recorded mitochondria, on parts that were held out. Writes the tables of docs/review.md and its
 * figures (docs/figures/review).
 *
 *     npm run bench:review -- [--minutes 4] [--threads 2] [--only review-beads,nucleus,mitochondria] [--folder dist-bench/review]
 *
 * Models that are already in the folder (also from `npm run bench:methods -- --folder`) are not trained again. The
 * pages of the studies are in the folder as STUDY/index.html.
 */

import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { smallPng } from "../figures/small-png.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { imageOfStack } from "../src/image/stack-image.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { loadModel } from "../src/models/model-folder.node.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { type StudyFilesResult, studyFiles } from "../src/tasks/study-files.ts";
import type { Setting } from "./methods/experiment.ts";
import { type Case, type Finding, reviewCases } from "./review/cases.ts";

const page = "docs/review.md";
const pictures = "docs/figures/review";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "4" },
    threads: { type: "string", default: "2" },
    only: { type: "string" },
    folder: { type: "string", default: "dist-bench/review" },
  },
});
const runtime = await openNativeRuntime({ threads: Number(values.threads) });
const setting: Setting = {
  runtime,
  minutes: Number(values.minutes),
  folder: values.folder,
  log: (sentence) => console.error(`  ${sentence}`),
};
try {
  const only = values.only?.split(",");
  for (const one of reviewCases.filter(({ name }) => only?.includes(name) ?? true)) await judge(one);
} finally {
  await runtime.close();
}

async function judge(one: Case): Promise<void> {
  console.error(one.name);
  const stack = await one.stack();
  if (stack === undefined) {
    console.error("  left out, because ../shared/data does not exist");
    return;
  }
  const models = [];
  for (const { name, train } of one.models) {
    const known = await trainedBefore(name);
    if (known === undefined) console.error(`  training ${name}`);
    models.push(await loadModel(known ?? (await train(setting)).folder));
  }
  await mkdir(values.folder, { recursive: true });
  const write = async (name: string, data: typeof stack.image): Promise<string> => {
    const path = join(values.folder, `${name}.tif`);
    await writeImage(path, imageOfStack(data, path), { force: true });
    return path;
  };
  const file = await openImage(await write(one.name, stack.image));
  const truth = stack.truth && (await openImage(await write(`${one.name}-truth`, stack.truth)));
  const output = join(values.folder, `study-${one.name}`);
  const done = await studyFiles(nodeContext, file, models, output, { runtime, truth, force: true });
  await file.close();
  await truth?.close();
  await mkdir(pictures, { recursive: true });
  for (const figure of one.figures) {
    const picture = smallPng(await readFile(join(output, "figures", `${figure}.png`)));
    await writeFile(join(pictures, `${one.name}-${figure}.png`), picture);
  }
  const findings = one.findings(done);
  for (const { what, measured, reached } of findings)
    console.error(`  ${reached ? "yes" : "NO "} ${what}: ${measured}`);
  await replaceBetween(one.name, textOf(one, done, findings, models));
}

/** The newest finished model of that name in the folder. */
async function trainedBefore(name: string): Promise<string | undefined> {
  const runs = await readdir(join(values.folder, name)).catch(() => []);
  for (const run of runs.sort().toReversed()) {
    const model = join(values.folder, name, run, "model");
    if (await stat(join(model, "model.onnx")).catch(() => undefined)) return model;
  }
  return undefined;
}

function textOf(
  one: Case,
  { headlines, verdicts, seconds, studied }: StudyFilesResult,
  findings: readonly Finding[],
  models: readonly { info: { experiment_name: string; method: string; steps: number } }[],
): string {
  const names = Object.keys(verdicts);
  const ids = [...new Set(names.flatMap((name) => Object.keys(verdicts[name])))];
  const cell = (name: string, id: string): string => {
    const verdict = verdicts[name][id];
    if (verdict === undefined) return "";
    const { good, value, unit } = verdict;
    if (good === null) return "?";
    if (value === null) return good ? "yes" : "**no**";
    const number = unit.startsWith("share") ? `${Math.round(100 * value)} %` : `${value.toFixed(1)} ${unit}`;
    return `${good ? "" : "**no** "}${number}`;
  };
  const { depth, height, width } = studied.stack;
  return [
    `${depth} planes of ${height} x ${width}; ${models.map(({ info }) => `${info.experiment_name}: ${info.steps} steps`).join(", ")}. The study took ${seconds.toFixed(0)} s.`,
    "",
    "| finding | measured | holds |",
    "|---|---|---|",
    ...findings.map(({ what, measured, reached }) => `| ${what} | ${measured} | ${reached ? "yes" : "no"} |`),
    "",
    ...names.map((name) => `- **${name}**: ${headlines[name].sentence}`),
    "",
    `| | ${ids.join(" | ")} |`,
    `|---|${ids.map(() => "---|").join("")}`,
    ...names.map((name) => `| ${name} | ${ids.map((id) => cell(name, id)).join(" | ")} |`),
    "",
    ...one.figures.map((figure) => `![${figure}](figures/review/${one.name}-${figure}.png)\n`),
  ].join("\n");
}

async function replaceBetween(name: string, text: string): Promise<void> {
  const all = await readFile(page, "utf8");
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [before, rest] = all.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${page} has no lines "${begin}" and "${end}"`);
  await writeFileAtomic(page, `${before}${begin}\n\n${text}\n${end}${after}`, { force: true });
}
