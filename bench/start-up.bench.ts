/** How long a command takes to start, beside Node without any program: `npm run bench:start-up`. Medians of 15 rounds. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { percentiles } from "../src/array/statistics.ts";
import { writeImage } from "../src/image/write-image.node.ts";

const program = fileURLToPath(new URL("../../dist/cli/main.node.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "parfocal-start-up-"));
const image = join(folder, "small.tif");
const data = Uint16Array.from({ length: 5 * 64 * 64 }, (_, i) => (i * 7919) % 1009);
await writeImage(image, { axes: "ZYX", shape: [5, 64, 64], dtype: "uint16", data });

const commands: readonly (readonly [string, readonly string[]])[] = [
  ["node, nothing", ["-e", "0"]],
  ["parfocal --version", [program, "--version"]],
  ["parfocal --help", [program, "--help"]],
  ["parfocal refocus --help", [program, "refocus", "--help"]],
  ["parfocal train --help", [program, "train", "--help"]],
  ["parfocal inspect small.tif", [program, "inspect", image]],
];
const seconds = new Map(commands.map(([name]) => [name, [] as number[]]));
for (let round = 0; round < 15; round++) {
  for (const [name, args] of commands) {
    const begun = performance.now();
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${name} ended with ${status}`);
    seconds.get(name)?.push((performance.now() - begun) / 1000);
  }
}
for (const [name, all] of seconds) {
  const [low, middle, high] = percentiles(Float64Array.from(all), [25, 50, 75]);
  console.log(`${name.padEnd(28)} ${middle.toFixed(3)} s (quartiles ${low.toFixed(3)} to ${high.toFixed(3)})`);
}
rmSync(folder, { recursive: true });
