#!/usr/bin/env node
/** The program `parfocal`. */
import { exitOnInterrupt } from "./interrupt.node.ts";

exitOnInterrupt();

// A reader that has seen enough ("parfocal inspect x.tif | head -1") is no failure, and no reason to stop the work.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}

// Loaded after that: it takes a while.
const { runCommand } = await import("./program.node.ts");
process.exitCode = await runCommand(process.argv.slice(2));
