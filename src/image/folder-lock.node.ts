/** One training at a time writes into a run's folder. */
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
 * Claims a run's folder by a file that holds the process, the machine and the time. The lock of a process of this machine that has ended (a crash,
 * kill -9) is taken over.
 * @param onNote told of a lock that was taken over
 * @returns gives the folder back; the end of the process does as well
 * @throws training.failed while another training has the folder; output.failed for a folder that cannot be written
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
  // A second Ctrl-C ends the process without a word.
  const leave = (): void => {
    try {
      unlinkSync(path);
    } catch {
      // Nothing can be done about it, and the next training sees that this process has ended.
    }
  };
  process.on("exit", leave);
  return async () => {
    process.off("exit", leave);
    await rm(path, { force: true }).catch(() => undefined);
  };
}

let moves = 0;

/** Removes the lock of a training that has ended; throws for one that goes on, or of which that cannot be known. */
async function takeOver(run: string, path: string, onNote?: (sentence: string) => void): Promise<void> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    // Given back in the meantime.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw held(run, path, undefined);
  }
  const owner = ownerOf(text);
  if (owner === undefined || (await mayBeAtWork(owner))) throw held(run, path, owner);
  // Of two trainings that find the same old lock only one can move it away; that it is still the old one is looked at afterwards.
  const aside = `${path}.${process.pid}-${moves++}`;
  await rename(path, aside).catch(() => undefined);
  const moved = await readFile(aside, "utf8").catch(() => undefined);
  if (moved !== undefined && moved !== text) {
    await rename(aside, path);
    throw held(run, path, ownerOf(moved));
  }
  await rm(aside, { force: true });
  if (moved !== undefined)
    onNote?.(`${run} was left by a training that did not end properly (process ${owner.pid}, since ${owner.since})`);
}

function ownerOf(text: string): Owner | undefined {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Whether the process may still be there: of another machine that cannot be known. */
async function mayBeAtWork({ pid, host, born }: Owner): Promise<boolean> {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  // Numbers of processes are given again, in containers soon.
  const now = await birthOf(pid);
  return born === undefined || now === undefined || born === now;
}

/**
 * When a process began: the boot of the machine and the clock ticks since (field 22 of /proc/PID/stat, man proc_pid_stat(5)); undefined
 * where the system does not say.
 */
async function birthOf(pid: number): Promise<string | undefined> {
  try {
    const [boot, stat] = await Promise.all([
      readFile("/proc/sys/kernel/random/boot_id", "utf8"),
      readFile(`/proc/${pid}/stat`, "utf8"),
    ]);
    // The second field, the program's name, is in brackets and may hold blanks.
    return `${boot.trim()} ${stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]}`;
  } catch {
    return undefined;
  }
}

function held(run: string, path: string, owner: Owner | undefined): ParfocalError {
  const who = owner === undefined ? "" : ` (process ${owner.pid} on ${owner.host}, since ${owner.since})`;
  const elsewhere = owner !== undefined && owner.host !== hostname();
  const message =
    `Another training writes into ${run}${who}. Wait for it, or start a new run without \`resume\`. ` +
    `If ${elsewhere ? `there is no such process on ${owner.host} any more` : "there is no such training any more"}, delete ${path}.`;
  return new ParfocalError("training.failed", message, {
    detail: "another training writes into the run's folder",
    run,
  });
}

async function unwritable(path: string, cause: unknown): Promise<ParfocalError> {
  const { code, message } = cause as NodeJS.ErrnoException;
  // A full disk may have left an empty file.
  if (code === "ENOSPC" || code === "EDQUOT") await rm(path, { force: true }).catch(() => undefined);
  const refused = ["EACCES", "EPERM", "EROFS"].includes(code ?? "");
  const detail = refused ? "no permission to write there; train in another folder, or copy the run" : message;
  return new ParfocalError("output.failed", `${path} could not be written: ${detail}.`, { path, detail }, { cause });
}
