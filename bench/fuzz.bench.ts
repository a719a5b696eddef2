/**
 * Does any damaged file hang, crash, take memory, or read as something else? Damages seeds of every kind of file (TIFF in many
 * compressions, PNG, OME-XML, checkpoints, ONNX, model descriptions, recipes, configurations) and reads them through the functions
 * that commands use. Counts errors by code, and lists every fault: an error of another class, more than --seconds of processor time,
 * more than --mebibytes of growth, another answer when read again, other pixels where a checksum or a cut must have told.
 *
 * npm run fuzz [-- --cases 100000 --seed 1 --from 0 --seconds 2 --mebibytes 512]
 *
 * The same seed gives the same cases; `--from N --cases 1` runs case N alone. Exit code 1 where there are faults.
 */
import { parseArgs } from "node:util";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Fuzz, type Outcome } from "./fuzz/run-case.ts";

interface Work {
  seed: number;
  from: number;
  to: number;
  limits: { seconds: number; bytes: number };
}

if (isMainThread) await main();
else await work(workerData as Work);

async function work({ seed, from, to, limits }: Work): Promise<void> {
  const fuzz = new Fuzz(seed, limits);
  try {
    // Loads what is loaded once (decoders, schemas), which is no cost of a case.
    for (let i = 0; i < 200; i++) await fuzz.run(1e9 + i);
    for (let index = from; index < to; index++) {
      parentPort?.postMessage({ begun: index });
      parentPort?.postMessage({ outcome: await fuzz.run(index) });
    }
  } finally {
    fuzz.close();
  }
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      cases: { type: "string", default: "100000" },
      seed: { type: "string", default: "1" },
      from: { type: "string", default: "0" },
      seconds: { type: "string", default: "2" },
      mebibytes: { type: "string", default: "512" },
    },
  });
  const limits = { seconds: Number(values.seconds), bytes: Number(values.mebibytes) * 2 ** 20 };
  const to = Number(values.from) + Number(values.cases);
  const outcomes: Outcome[] = [];
  for (let from = Number(values.from); from < to; )
    from = await stretch({ seed: Number(values.seed), from, to, limits }, outcomes);
  report(outcomes);
}

/** Cases in a worker until all are done, or one of them hangs or ends it; where to go on. */
function stretch(work: Work, outcomes: Outcome[]): Promise<number> {
  return new Promise((resolve) => {
    const worker = new Worker(new URL(import.meta.url), { workerData: work });
    let begun = work.from - 1;
    let last = Date.now();
    let done = false;
    const finish = (next: number) => {
      if (done) return;
      done = true;
      clearInterval(watch);
      resolve(next);
    };
    const lost = (fault: string) => {
      if (done) return;
      outcomes.push({ index: begun, kind: "tiff", what: "see the case", result: "fault", fault, seconds: 0 });
      console.log(`case ${begun}: ${fault}`);
      finish(begun + 1);
    };
    const watch = setInterval(() => {
      // Generous, since other programs may want the processor; the limit itself is in processor time.
      if (begun < work.from || Date.now() - last < 60_000) return;
      lost("hangs");
      worker.terminate();
    }, 1000);
    worker.on("message", ({ begun: started, outcome }: { begun?: number; outcome?: Outcome }) => {
      last = Date.now();
      if (started !== undefined) begun = started;
      if (outcome === undefined) return;
      outcomes.push(outcome);
      if (outcome.fault !== undefined)
        console.log(`case ${outcome.index} (${outcome.kind}: ${outcome.what}): ${outcome.fault}`);
      if (outcomes.length % 10_000 === 0) console.log(`${outcomes.length} cases`);
    });
    worker.on("error", (error) => lost(`ends the worker: ${error.message}`));
    worker.on("exit", () => (begun + 1 >= work.to ? finish(work.to) : lost("ends the worker")));
  });
}

function report(outcomes: readonly Outcome[]): void {
  const results = [...new Set(outcomes.map(({ result }) => result))].sort();
  const kinds = [...new Set(outcomes.map(({ kind }) => kind))];
  console.log(`\n| file | cases | ${results.join(" | ")} | slowest, s | faults |`);
  console.log(`|---|${"---|".repeat(results.length + 3)}`);
  for (const kind of [...kinds, undefined]) {
    const own = outcomes.filter((one) => kind === undefined || one.kind === kind);
    const counts = results.map((result) => own.filter((one) => one.result === result).length);
    const slowest = own.reduce((worst, { seconds }) => Math.max(worst, seconds), 0);
    const faults = own.filter(({ fault }) => fault !== undefined).length;
    console.log(`| ${kind ?? "all"} | ${own.length} | ${counts.join(" | ")} | ${slowest.toFixed(2)} | ${faults} |`);
  }
  if (outcomes.some(({ fault }) => fault !== undefined)) process.exitCode = 1;
}
