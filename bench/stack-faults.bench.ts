/**
 * How often does `inspect` see a drift, a flash, a blank, a duplicate, a shuffle or a gap that is there, and how often one that is not? On
 * simulated stacks of every shipped specimen, steady and drifting, in wide field and confocal; faults are put into steady ones.
 *
 * npm run bench:stack-faults [-- --fields 3 --size 192]
 */
import { parseArgs } from "node:util";
import { Random } from "../src/array/random.ts";
import { measureDrift } from "../src/array/registration.ts";
import type { Stack } from "../src/image/image.ts";
import { createStackFaultMeter, type StackFaults } from "../src/metrics/stack-faults.ts";
import { changeRecipe } from "../src/simulate/recipe-flags.ts";
import { shippedRecipe } from "../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../src/simulate/simulator.ts";

const { values } = parseArgs({
  options: { fields: { type: "string", default: "3" }, size: { type: "string", default: "192" } },
});
const specimens: [string, string, [string, unknown][]][] = [
  ["beads", "beads", []],
  ["nuclei", "nuclei", []],
  ["a single nucleus", "nuclei", [["specimen.nuclei", 4]]],
  ["filaments", "filaments", []],
  ["mitochondria", "mitochondria", []],
  ["worm", "worm", []],
  ["tissue", "tissue", []],
];
/** In pixels of drift. */
const stages = {
  steady: () => ({}),
  straight: (px: number) => ({ drift: [0.2 * px, 0.15 * px] }),
  "straight and random": (px: number) => ({ drift: [-0.1 * px, 0.08 * px], drift_walk: 0.1 * px }),
  random: (px: number) => ({ drift_walk: 0.4 * px }),
};

interface Count {
  of: number;
  alarms: number;
}
const table = new Map<string, Count>();
const count = (key: string, alarm: boolean): void => {
  const row = table.get(key) ?? { of: 0, alarms: 0 };
  table.set(key, { of: row.of + 1, alarms: row.alarms + (alarm ? 1 : 0) });
};

function faultsOf(planes: readonly Float32Array[], { height, width }: Stack): StackFaults {
  const meter = createStackFaultMeter();
  for (const data of planes) meter.add({ data, height, width });
  return meter.result();
}

function countFaults(stack: Stack, random: Random): void {
  const size = stack.height * stack.width;
  const planes = Array.from({ length: stack.depth }, (_, z) => stack.data.slice(z * size, (z + 1) * size));
  const clean = faultsOf(planes, stack);
  count("steady | duplicate", clean.duplicates.length > 0);
  count("steady | flash or dip", clean.flashes.length > 0);
  count("steady | blank", clean.blanks.length > 0);
  count("steady | out of order", clean.shuffled);
  count("steady | missing", clean.gaps.length > 0);
  const at = 3 + random.integer(stack.depth - 6);
  const put = (change: (value: number) => number): StackFaults =>
    faultsOf(
      planes.map((data, z) => (z === at ? data.map(change) : data)),
      stack,
    );
  const twice = faultsOf([...planes.slice(0, at), ...planes.slice(at - 1)], stack);
  count(
    "put in | duplicate",
    twice.duplicates.some(([a, b]) => a === at - 1 && b === at),
  );
  count(
    "put in | threefold flash",
    put((v) => 100 + 3 * (v - 100)).flashes.some(({ plane }) => plane === at),
  );
  count(
    "put in | half the light",
    put((v) => 100 + (v - 100) / 2).flashes.some(({ plane }) => plane === at),
  );
  count("put in | blank with noise", put(() => 100 + 3 * random.normal()).blanks.includes(at));
  const order = planes.map((_, z) => z);
  for (let z = order.length - 1; z > 0; z--) {
    const other = random.integer(z + 1);
    [order[z], order[other]] = [order[other], order[z]];
  }
  const shuffled = faultsOf(
    order.map((z) => planes[z]),
    stack,
  );
  count("put in | all planes shuffled", shuffled.shuffled);
  if (shuffled.likelyOrder) {
    const found = shuffled.likelyOrder.map((z) => order[z]);
    const right = found.every((z, i) => z === i) || found.every((z, i) => z === found.length - 1 - i);
    count("suggested order | exactly right", right);
  }
  const less = faultsOf(
    planes.filter((_, z) => z !== at),
    stack,
  );
  count("put in | one missing", less.gaps.includes(at - 1));
}

for (const mode of ["widefield", "confocal"] as const)
  for (const [name, recipe, keys] of specimens)
    for (const [stage, keysOf] of Object.entries(stages)) {
      if (mode === "confocal" && stage.includes("random")) continue;
      const base = changeRecipe(shippedRecipe(recipe), { size: Number(values.size), planes: 21, seed: 100 });
      const pixel = (base as { pixel_size?: number }).pixel_size ?? 0.325;
      const simulator = createSimulator(
        changeRecipe(base, {}, [...keys, ["images", { stack: { mode } }], ["stage", keysOf(pixel)]]),
      );
      for (let field = 0; field < Number(values.fields); field++) {
        const made = await simulator.field(field);
        const { stack } = made.images.stack;
        const path = made.stage.map(({ dy, dx }) => [dy / pixel, dx / pixel]);
        const truth = Math.max(...path.flatMap((a) => path.map((b) => Math.hypot(a[0] - b[0], a[1] - b[1]))));
        const { drifted, finding, range } = measureDrift(stack);
        if (stage === "steady") {
          count(`steady | drift above 1 px, ${name}`, finding !== "unknown" && range > 1);
          countFaults(stack, new Random(7).fork(field));
        } else if (truth > 2) {
          count(`put in | drift above 2 px, ${name}`, drifted);
          count(`put in | drift above 2 px, ${stage}`, drifted);
        }
      }
    }
console.log("| stacks | what is said | in |");
console.log("|---|---|---|");
for (const [key, { of, alarms }] of [...table].sort(([a], [b]) => (a < b ? 1 : -1)))
  console.log(`| ${key} | ${alarms} of ${of} |`);
