#!/usr/bin/env node
/** The program `parfocal`. */
import { exitOnInterrupt } from "./interrupt.node.ts";
import { say } from "./say.node.ts";
import { guardStreams } from "./terminal.node.ts";

exitOnInterrupt();
const lostResult = guardStreams();
// Loaded after that: it takes a while.
const { runCommand } = await import("./run-command.node.ts");
const exitCode = await runCommand(process.argv.slice(2));
const lost = await lostResult();
if (lost !== undefined) say(`parfocal: ${lost}`);
// 1: what was found is lost. Other failures were reported before.
process.exitCode = lost !== undefined && (exitCode === 0 || exitCode === 3) ? 1 : exitCode;
