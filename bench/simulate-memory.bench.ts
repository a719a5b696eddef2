/**
 * Does the memory that a recipe is estimated to need hold? Each recipe makes a field in a process of its own, once at the smallest
 * size, which is what the program itself takes, and once as given; the peaks of resident memory are subtracted.
 *
 *     npm run bench:simulate-memory
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";

const MIB = 2 ** 20;

/** What is tried: name, and what differs from the shipped recipe. */
const cases: readonly [string, object][] = [
  ["review-beads", {}],
  ["review-beads", { size: 512 }],
  ["review-beads-aberrated", { size: 512, planes: 29 }],
  ["worm", {}],
  ["objective-63x-1.4", {}],
  ["wf-to-os-sim", {}],
  ["wf-to-confocal", {}],
  ["holograms", { size: 512 }],
];

async function child(recipe: object): Promise<void> {
  await createSimulator(recipe, { memory: Infinity }).field(0);
  console.log(process.resourceUsage().maxRSS * 1024);
}

function peakOf(recipe: object): number {
  const run = spawnSync(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(recipe)], {
    encoding: "utf8",
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return Number(run.stdout);
}

function main(): void {
  const smallest = peakOf({
    ...shippedRecipe("beads"),
    size: 16,
    planes: 1,
    specimen: { kind: "beads", depth_range: [0, 0] },
  });
  console.log(`The program itself: ${(smallest / MIB).toFixed(0)} MiB.\n`);
  console.log("| recipe | estimate, MiB | measured, MiB | measured / estimate |");
  console.log("|---|---|---|---|");
  for (const [name, changes] of cases) {
    const recipe = { ...shippedRecipe(name), ...changes };
    const estimate = createSimulator(recipe, { memory: Infinity }).memory;
    const measured = peakOf(recipe) - smallest;
    const what = [name, ...Object.entries(changes).map(([key, value]) => `${key} ${value}`)].join(", ");
    const share = (measured / estimate).toFixed(2);
    console.log(`| ${what} | ${(estimate / MIB).toFixed(0)} | ${(measured / MIB).toFixed(0)} | ${share} |`);
  }
}

const given = process.argv[2];
if (given === undefined) main();
else await child(JSON.parse(given));
