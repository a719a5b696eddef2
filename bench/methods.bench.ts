/**
 * Trains every method on its own task, judges it on fields that were not in its training, and writes the table of
 * docs/methods.md with its figures (docs/figures/methods). Results are kept in docs/methods.jsonl, so that a single
 * method can be run again.
 *
 *     npm run bench:methods -- [--minutes 6] [--only deep-z,comi] [--threads 2] [--table] [--baselines]
 *
 * `--table` only writes the table from the kept results. `--baselines` only measures the best recorded baselines again.
 */

import { mkdir, readFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { smallPng } from "../figures/small-png.ts";
import { contactSheet } from "../src/figures/contact-sheet.ts";
import { svgPng } from "../src/figures/svg-png.node.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { openNativeRuntime } from "../src/run/native.node.ts";
import { autofocusing } from "./methods/autofocusing.ts";
import { type Comparison, type Experiment, openTrained, parameterCount } from "./methods/experiment.ts";
import { holograms } from "./methods/holograms.ts";
import { recorded } from "./methods/recorded.ts";
import { refocusing } from "./methods/refocusing.ts";
import { sections } from "./methods/sectioning.ts";

const experiments: Experiment[] = [...refocusing, ...sections, ...autofocusing, ...holograms, ...recorded];

/** A row of the table. */
interface Row {
  name: string;
  model: string;
  task: string;
  data: string;
  target: string;
  claim: string;
  reached: boolean;
  parameters: number;
  steps: number;
  seconds: number;
  comparisons: Comparison[];
  notes: string[];
  machine: string;
  date: string;
}

const kept = "docs/methods.jsonl";
const page = "docs/methods.md";
const pictures = "docs/figures/methods";
const [begin, end] = ["<!-- table of bench:methods -->", "<!-- end of the table -->"];

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "6" },
    only: { type: "string" },
    threads: { type: "string", default: "2" },
    folder: { type: "string", default: "dist-bench/methods" },
    table: { type: "boolean", default: false },
    baselines: { type: "boolean", default: false },
  },
});
const log = (sentence: string): void => console.error(`  ${sentence}`);

const lines = (await readFile(kept, "utf8").catch(() => "")).split("\n").filter((line) => line !== "");
const rows: Row[] = lines.map((line) => JSON.parse(line));
if (values.baselines) await measureBaselines();
else if (!values.table) await runAll();
await writeTable();

async function runAll(): Promise<void> {
  const only = values.only?.split(",");
  const unknown = only?.filter((name) => !experiments.some((one) => one.name === name)) ?? [];
  if (unknown.length > 0) {
    throw new Error(`--only ${unknown.join(",")}: expected some of ${experiments.map(({ name }) => name).join(",")}`);
  }
  await mkdir(pictures, { recursive: true });
  const runtime = await openNativeRuntime({ threads: Number(values.threads) });
  const setting = { runtime, minutes: Number(values.minutes), folder: values.folder, log };
  try {
    for (const experiment of experiments.filter(({ name }) => only?.includes(name) ?? true)) {
      console.error(`${experiment.name}: ${experiment.task}, ${experiment.data}`);
      const trained = await experiment.train(setting);
      const model = await openTrained(trained);
      const outcome = await experiment.judge(model, setting);
      withBaselines(outcome.comparisons, await experiment.baselines?.());
      const { comparisons, notes = [], pixelSize, unit } = outcome;
      const title = `${experiment.name}: ${experiment.task}; ${experiment.data}`;
      const sheet = {
        title,
        ...(pixelSize === undefined ? {} : { pixelSize }),
        ...(unit === undefined ? {} : { unit }),
      };
      const picture = outcome.picture ?? contactSheet(outcome.rows, sheet);
      await writeFileAtomic(`${pictures}/${experiment.name}.png`, smallPng(await svgPng(picture)), { force: true });
      const { name, task, data, target, claim } = experiment;
      const row: Row = {
        name,
        model: experiment.method,
        task,
        data,
        target,
        claim,
        reached: experiment.reached(comparisons),
        parameters: parameterCount(model),
        steps: trained.steps,
        seconds: trained.seconds,
        comparisons,
        notes,
        machine: `${cpus()[0].model.trim()}, ${values.threads} threads`,
        date: new Date().toISOString().slice(0, 10),
      };
      for (const comparison of comparisons) log(inWords(comparison));
      const at = rows.findIndex((old) => old.name === name);
      if (at < 0) rows.push(row);
      else rows[at] = row;
      await writeRows();
    }
  } finally {
    await runtime.close();
  }
}

/** Measures the best recorded baselines of all kept results, which needs no model and so no training. */
async function measureBaselines(): Promise<void> {
  const only = values.only?.split(",");
  for (const row of rows.filter(({ name }) => only?.includes(name) ?? true)) {
    const found = await experiments.find(({ name }) => name === row.name)?.baselines?.();
    if (found === undefined) continue;
    withBaselines(row.comparisons, found);
    for (const comparison of row.comparisons) log(`${row.name}, ${inWords(comparison)}`);
    await writeRows();
  }
}

function withBaselines(comparisons: Comparison[], found: readonly number[] = []): void {
  for (const [i, value] of found.entries()) comparisons[i].baseline = value;
}

async function writeRows(): Promise<void> {
  await writeFileAtomic(kept, rows.map((one) => `${JSON.stringify(one)}\n`).join(""), { force: true });
}

function inWords({ what, unit, output, input, baseline, classical }: Comparison): string {
  const value = (one: number): string => `${digits(one)}${unit ? ` ${unit}` : ""}`;
  const competitor = classical ? `, ${classical.method} ${value(classical.value)}` : "";
  const recorded = baseline === undefined ? "" : `, best recorded baseline ${value(baseline)}`;
  return `${what}: output ${value(output)}, input ${value(input)}${recorded}${competitor}`;
}

/** A number in the table. NaN, which becomes null in JSON, means that it could not be measured. */
function digits(value: number | null): string {
  if (value === null || Number.isNaN(value)) return "-";
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toPrecision(3);
}

async function writeTable(): Promise<void> {
  const text = await readFile(page, "utf8");
  const [before, rest] = text.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`${page} has no lines "${begin}" and "${end}"`);
  const order = (row: Row): number => experiments.findIndex(({ name }) => name === row.name);
  const sorted = rows.filter((row) => order(row) >= 0).sort((a, b) => order(a) - order(b));
  const lines = [
    "| method | task and data | parameters | training | score | output | input | best recorded baseline | classical | target | the paper's claim |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...sorted.flatMap(lineOf),
  ];
  const machines = [...new Set(sorted.map(({ machine, date }) => `${machine}, ${date}`))].join("; ");
  const notes = sorted.flatMap((row) => row.notes.map((note) => `- **${row.name}**: ${note}`));
  const figures = sorted.map(
    (row) => `### ${row.name}\n\n![${row.name}: ${row.task}](figures/methods/${row.name}.png)`,
  );
  const parts = [lines.join("\n"), `Machine: ${machines}.`, notes.join("\n"), figures.join("\n\n")];
  const table = parts.filter((part) => part !== "").join("\n\n");
  await writeFileAtomic(page, `${before}${begin}\n\n${table}\n\n${end}${after}`, { force: true });
}

function lineOf(row: Row): string[] {
  return row.comparisons.map(({ what, unit, output, input, baseline, classical }, i) => {
    const value = (one: number): string => `${digits(one)}${unit ? ` ${unit}` : ""}`;
    const rival = classical ? `${value(classical.value)} (${classical.method})` : "";
    const first = i === 0;
    const cells = [
      first ? row.name : "",
      first ? `${row.task}; ${row.data}` : "",
      first ? `${(row.parameters / 1e6).toPrecision(2)} M` : "",
      first ? `${(row.seconds / 60).toFixed(1)} min, ${row.steps} steps` : "",
      what,
      `**${value(output)}**`,
      value(input),
      baseline === undefined ? "" : value(baseline),
      rival,
      first ? `${row.target}: ${row.reached ? "reached" : "missed"}` : "",
      first ? row.claim : "",
    ];
    return `| ${cells.join(" | ")} |`;
  });
}
