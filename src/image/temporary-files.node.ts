/**
 * Names of files that are being written, and the removal of those that a dead process left behind. A name identifies
 * the writer: `.NAME.PID-HOST-NUMBER.tmp`, where HOST is the machine and, on Linux, the space in which its process
 * numbers count: two containers that share a folder must not consider each other's processes dead.
 */
import { readlinkSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

const host = `${hostname().replaceAll(/[^a-zA-Z0-9]/g, "_")}${processSpace()}`;

function processSpace(): string {
  try {
    return `_${/\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? ""}`;
  } catch {
    return "";
  }
}

let opened = 0;

/** A unique name in the folder of `path`. */
export function temporaryName(path: string): string {
  return join(dirname(path), `.${basename(path)}.${process.pid}-${host}-${opened++}.tmp`);
}

/**
 * Removes files that processes of this machine began in a folder and did not complete before they ended. Files of other
 * machines, and of processes that still run, are kept. Does nothing if the folder cannot be read.
 */
export async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  for (const name of names) {
    const [, pid, whose] = /^\..+\.(\d+)-(\w+)-\d+\.tmp$/.exec(name) ?? [];
    if (whose !== host) continue;
    const path = join(folder, name);
    if (Number(pid) === process.pid ? await olderThanThisProcess(path) : isDead(Number(pid))) {
      await rm(path, { force: true }).catch(() => undefined);
    }
  }
}

function isDead(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // EPERM means that the process runs and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

/** In a container, every run may have the same process number. */
async function olderThanThisProcess(path: string): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  return found !== undefined && found.mtimeMs < Date.now() - 1000 * process.uptime() - 1000;
}
