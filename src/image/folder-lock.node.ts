/** A lock, so that only one training at a time writes into the folder of a run. */
import { unlinkSync } from "node:fs";
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ParfocalError } from "../errors.ts";

const lockName = "training.lock";

const ownerSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  born: z.string().optional(),
  since: z.string(),
});
type Owner = z.infer<typeof ownerSchema>;

/**
 * Locks the folder of a run by a file with the process, the host and the time. The lock of a process on this host that
 * has ended (a crash, kill -9) is taken over.
 * @param onNote called for a lock that was taken over
 * @returns a function that releases the lock; the end of the process releases it as well
 * @throws training.failed while another training holds the lock; output.failed for a folder that cannot be written
 */
export async function lockFolder(run: string, onNote?: (sentence: string) => void): Promise<() => Promise<void>> {
  const path = join(run, lockName);
  const born = await birthOf(process.pid);
  const mine = JSON.stringify({
    pid: process.pid,
    host: hostname(),
    ...(born && { born }),
    since: new Date().toISOString(),
  });
  for (;;) {
    try {
      await writeFile(path, `${mine}\n`, { flag: "wx" });
      break;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw await unwritable(path, error);
    }
    await takeOver(run, path, onNote);
  }
  // A second Ctrl-C ends the process at once, so the lock is also removed at exit.
  const release = (): void => {
    try {
      unlinkSync(path);
    } catch {
      // The error is ignored: the next training finds that this process has ended.
    }
  };
  process.on("exit", release);
  return async () => {
    process.off("exit", release);
    await rm(path, { force: true }).catch(() => undefined);
  };
}

let moves = 0;

/** Removes the lock of a training that has ended; throws for one that is still running, or may be. */
async function takeOver(run: string, path: string, onNote?: (sentence: string) => void): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    // The lock was released in the meantime.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw held(run, path, undefined);
  }
  const owner = ownerOf(text);
  if (owner === undefined || (await mayBeRunning(owner))) throw held(run, path, owner);
  // If two trainings find the same old lock, only one of them can move it; afterwards it is checked that the moved file
  // is the old lock.
  const aside = `${path}.${process.pid}-${moves++}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => undefined);
  if (moved !== undefined && moved !== text) {
    await rename(aside, path);
    throw held(run, path, ownerOf(moved));
  }
  await rm(aside, { force: true });
  if (moved !== undefined)
    onNote?.(
      `The lock of ${run} was left by a training that did not end properly (process ${owner.pid}, since ${owner.since})`,
    );
}

function ownerOf(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the process may still be running; for a process on another host this is assumed. */
async function mayBeRunning({ pid, host, born }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: the process exists and belongs to another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // Process numbers are reused, in containers after a short time, so the start times are compared.
  const now = await birthOf(pid);
  return born === undefined || now === undefined || born === now;
}

/**
 * The start time of a process: the boot id and the clock ticks since the boot (field 22 of /proc/PID/stat, man
 * proc_pid_stat(5)); undefined where the operating system does not provide it.
 */
async function birthOf(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The second field, the name of the program, is in parentheses and may contain spaces.
    return `${boot.trim()} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined;
  }
}

function held(run: string, path: string, owner: Owner | undefined): ParfocalError {
  const who = owner === undefined ? "" : ` (process ${owner.pid} on ${owner.host}, since ${owner.since})`;
  const elsewhere = owner !== undefined && owner.host !== hostname();
  const message =
    `Another training is writing into ${run}${who}. Wait until it ends, or start a new run without \`resume\`. ` +
    `If ${elsewhere ? `that process no longer runs on ${owner.host}` : "that training no longer runs"}, delete ${path}.`;
  return new ParfocalError("training.failed", message, {
    detail: "another training is writing into the folder of the run",
    run,
  });
}

async function unwritable(path: string, cause: unknown): Promise<ParfocalError> {
  const { code, message } = cause as NodeJS.ErrnoException;
  // A full disk may have left an empty file.
  if (code === "ENOSPC" || code === "EDQUOT") await rm(path, { force: true }).catch(() => undefined);
  const refused = ["EACCES", "EPERM", "EROFS"].includes(code ?? "");
  const detail = refused ? "there is no permission to write there; use another folder, or copy the run" : message;
  return new ParfocalError("output.failed", `${path} could not be written: ${detail}.`, { path, detail }, { cause });
}
