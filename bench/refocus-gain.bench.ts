/**
 * What two-plane refocusing gains over the best recorded baseline, at every distance: on the recorded nucleus and mitochondria (each on a part of the
 * field that is not learnt from) and on a field of every shipped specimen that was not learnt from.
 *
 * npm run bench:refocus-gain -- [--only nucleus,beads] [--seeds 0,1,2] [--steps 1000] [--minutes 3] [--output folder] [--models folder]
 *
 * --models scores models that are there, in folder/NAME-SEED, instead of training: those of another version, for instance.
 */
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { loadModel } from "../src/models/model-folder.node.ts";
import { openRuntime } from "../src/run/open.node.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { trainRun } from "../src/train/train-run.ts";
import { dataSets } from "./refocus-gain/data.ts";
import { type Case, meanOf, scoreCases, summary } from "./refocus-gain/score.ts";

const { values } = parseArgs({
  options: {
    only: { type: "string" },
    seeds: { type: "string", default: "0,1,2" },
    steps: { type: "string", default: "1000" },
    minutes: { type: "string" },
    out: { type: "string", default: "runs/refocus-gain" },
    models: { type: "string" },
  },
});
const seeds = values.seeds.split(",").map(Number);
const only = values.only?.split(",");

const runtime = await openRuntime({ device: "cpu" });
const lines: string[] = [];
const say = (line: string): void => {
  lines.push(line);
  console.log(line);
};
const number = (value: number, digits: number): string => (value >= 0 ? "+" : "") + value.toFixed(digits);
const percent = (share: number): string => `${Math.round(100 * share)} %`;

say(
  "| data | seed | steps | s | gain dB | over the better input | worse | worst | SSIM | detail | least detail | slope | mean |",
);
say("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
const all: { name: string; seed: number; cases: Case[] }[] = [];
for (const set of dataSets.filter(({ name }) => only === undefined || only.includes(name))) {
  for (const seed of seeds) {
    const data = await set.open(seed);
    if (data === undefined) {
      console.error(`${set.name}: left out, ../shared/data is not there.`);
      break;
    }
    const given = values.models && join(values.models, `${set.name}-${seed}`);
    if (given && !existsSync(given)) continue;
    const trained = given
      ? undefined
      : await trainRun(nodeContext, [data.training], {
          config: {
            ...data.config,
            seed,
            experiment_name: `${set.name}-${seed}`,
            num_steps: values.minutes === undefined ? Number(values.steps) : 20000,
            ...(values.minutes === undefined ? {} : { max_minutes: Number(values.minutes) }),
          },
          root: values.out,
          runtime,
        });
    const model = await loadModel(given ?? trained?.model ?? "");
    const cases = await scoreCases(model, runtime, data.judged);
    all.push({ name: set.name, seed, cases });
    const found = summary(cases);
    say(
      `| ${[
        set.name,
        seed,
        model.info.steps,
        trained ? Math.round(trained.seconds) : "",
        number(found.gain, 2),
        number(found.gainOverInput, 2),
        percent(found.worse),
        number(found.worst, 1),
        number(found.ssimGain, 4),
        number(found.detailGain, 3),
        number(found.worstDetail, 3),
        found.slope.toFixed(3),
        found.mean.toFixed(3),
      ].join(" | ")} |`,
    );
  }
}
await runtime.close();

say("");
say("| data | distance um | cases | PSNR | recorded | gain dB | worse | detail | slope |");
say("|---|---|---|---|---|---|---|---|---|");
for (const name of new Set(all.map((one) => one.name))) {
  const cases = all.filter((one) => one.name === name).flatMap((one) => one.cases);
  for (const distance of [...new Set(cases.map((one) => one.distance))].sort((a, b) => a - b)) {
    const own = cases.filter((one) => one.distance === distance);
    const mean = (of: (one: Case) => number): number => meanOf(own.map(of));
    const row = own[0].given
      ? [
          name,
          distance,
          own.length,
          mean((one) => one.psnr).toFixed(1),
          "given",
          "",
          "",
          "",
          mean((one) => one.slope).toFixed(3),
        ]
      : [
          name,
          distance,
          own.length,
          mean((one) => one.psnr).toFixed(1),
          mean((one) => one.baselinePsnr).toFixed(1),
          number(
            mean((one) => one.psnr - one.baselinePsnr),
            2,
          ),
          percent(mean((one) => (one.psnr < one.baselinePsnr ? 1 : 0))),
          number(
            mean((one) => one.detail - one.baselineDetail),
            3,
          ),
          mean((one) => one.slope).toFixed(3),
        ];
    say(`| ${row.join(" | ")} |`);
  }
}
await mkdir(values.out, { recursive: true });
await writeFile(join(values.out, `cases-${Date.now()}.json`), JSON.stringify(all, null, 1));
