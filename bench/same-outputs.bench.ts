/**
 * Do two builds of Parfocal write the same files? Runs a list of small commands (bench/same-outputs/commands.ts) with both, each in a
 * temporary folder of its own, and compares every file and every result byte by byte, but for what `comparableBytes` lists.
 *
 * npm run bench:same-outputs -- --old DIST [--new DIST] [--only NAME,NAME] [--keep]
 *
 * DIST is a folder that holds cli/main.node.js; --new is `dist` if it is not given. --only runs the tasks whose names begin so;
 * tasks that they read from must be among them. --keep leaves the folders for a closer look. Exit code 1 where anything differs.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { commands } from "./same-outputs/commands.ts";
import { comparableBytes } from "./same-outputs/comparable-bytes.ts";

const { values } = parseArgs({
  options: {
    old: { type: "string" },
    new: { type: "string", default: "dist" },
    only: { type: "string" },
    keep: { type: "boolean", default: false },
  },
});
if (values.old === undefined) throw new Error("Give --old DIST: a folder that holds cli/main.node.js.");
const [old, changed] = [values.old, values.new].map((dist) => {
  const program = resolve(dist, "cli", "main.node.js");
  if (!existsSync(program)) throw new Error(`${program} is not there: build it first.`);
  // Folders of equal names: a name that is written into a file is the same for both.
  const folder = join(mkdtempSync(join(tmpdir(), "parfocal-same-outputs-")), "work");
  mkdirSync(folder);
  return { program, folder };
});
const wanted = values.only?.split(",");
const tasks = Object.entries(commands).filter(([task]) => wanted?.some((name) => task.startsWith(name)) ?? true);

/** Runs a command in the folder of a build. Its result and its exit code become files beside those that it writes. */
function run({ program, folder }: typeof old, task: string, command: string): Promise<void> {
  mkdirSync(join(folder, task));
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [program, ...command.split(" "), "--json", "--quiet"], {
      cwd: folder,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const parts: Buffer[] = [];
    child.stdout.on("data", (part: Buffer) => parts.push(part));
    child.on("error", failed);
    child.on("close", (code) => {
      writeFileSync(join(folder, task, "(result).json"), Buffer.concat(parts));
      writeFileSync(join(folder, task, "(exit code).txt"), String(code));
      done();
    });
  });
}

/** Name to comparable bytes of all files of a task. Names of TensorBoard events hold a time and the machine, which are left out. */
function filesOf({ folder }: typeof old, task: string): Map<string, Buffer> {
  const names = readdirSync(join(folder, task), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  return new Map(
    names.map((path) => {
      const name = path.slice(folder.length + 1 + task.length + 1).replace(/(\.tfevents)\..*/, "$1");
      return [name, comparableBytes(name, readFileSync(path), folder)];
    }),
  );
}

let differences = 0;
for (const [task, command] of tasks) {
  await Promise.all([run(old, task, command), run(changed, task, command)]);
  const [before, after] = [filesOf(old, task), filesOf(changed, task)];
  const found = [...new Set([...before.keys(), ...after.keys()])].flatMap((name) => {
    const [a, b] = [before.get(name), after.get(name)];
    if (a && b) return a.equals(b) ? [] : [`different: ${name}`];
    return [`only in ${a ? "old" : "new"}: ${name}`];
  });
  differences += found.length;
  const code = after.get("(exit code).txt")?.toString();
  console.log(`${task.padEnd(24)} ${found.length === 0 ? `${after.size} equal` : "DIFFERENT"}, exit code ${code}`);
  // 3: a model that was trained too little to be useful, which is no failure here.
  if (code !== "0" && code !== "3") console.log(`  ${after.get("(result).json")?.toString()}`);
  for (const line of found) console.log(`  ${line}`);
}
console.log(differences === 0 ? `All ${tasks.length} tasks wrote the same.` : `${differences} files differ.`);
if (values.keep) console.log(`old: ${old.folder}\nnew: ${changed.folder}`);
else for (const { folder } of [old, changed]) rmSync(dirname(folder), { recursive: true });
process.exitCode = differences === 0 ? 0 : 1;
