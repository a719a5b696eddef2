/**
 * Files that are there whole or not at all: written under a temporary name in the same folder, flushed to the disk,
 * then renamed.
 */
import { type FileHandle, open, rename, rm, stat, statfs } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ParfocalError } from "../errors.ts";

export interface AtomicFile {
  /** Writes all of `bytes` at a place. On failure the temporary file is removed and `output.failed` thrown. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Flushes the file and gives it its name. Throws as {@link write}, and `output.exists`. */
  commit(): Promise<void>;
  /** Removes the temporary file; does nothing after {@link commit}. */
  abandon(): Promise<void>;
}

export interface OutputOptions {
  /** Whether an existing file is replaced. */
  force?: boolean | undefined;
  /** Bytes that will be written, where known: a disk without the room is refused at once. */
  size?: number;
}

/** Throws `output.exists` for a file that is there (without `force`), `output.failed` for a folder. */
export async function checkOutput(path: string, force = false): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw failed(path, "there is a folder of that name; give another name for the output");
  if (!found || force) return;
  throw new ParfocalError("output.exists", `${path} exists already; give --force to replace it, or another name.`, {
    path,
  });
}

let opened = 0;

/** Begins a file. Throws `output.exists` and `output.failed` before anything is written. */
export async function createAtomicFile(path: string, { force, size = 0 }: OutputOptions = {}): Promise<AtomicFile> {
  await checkOutput(path, force);
  const folder = dirname(path);
  await checkRoom(path, folder, size);
  const temporary = join(folder, `.${basename(path)}.${process.pid}-${opened++}.part`);
  const handle = await open(temporary, "w").catch((error: unknown) => {
    throw failed(path, reason(error), error);
  });
  let done = false;
  const abandon = async () => {
    if (done) return;
    done = true;
    await handle.close().catch(() => undefined);
    await rm(temporary, { force: true });
  };
  const attempt = async (work: () => Promise<void>) => {
    if (done) throw failed(path, "it was given up before");
    try {
      await work();
    } catch (error) {
      await abandon();
      throw error instanceof ParfocalError ? error : failed(path, reason(error), error);
    }
  };
  return {
    write: (bytes, offset) => attempt(() => writeAll(handle, bytes, offset)),
    commit: () =>
      attempt(async () => {
        await handle.sync();
        await handle.close();
        // Another program may have been faster.
        await checkOutput(path, force);
        await rename(temporary, path);
        done = true;
        await syncFolder(folder);
      }),
    abandon,
  };
}

/** Writes a whole file. Throws `output.exists` (without `force`) and `output.failed`; never leaves half a file. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: { force?: boolean | undefined } = {},
): Promise<void> {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  const file = await createAtomicFile(path, { ...options, size: bytes.length });
  await file.write(bytes, 0);
  await file.commit();
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    if (bytesWritten === 0) throw new Error("nothing more could be written");
    done += bytesWritten;
  }
}

async function checkRoom(path: string, folder: string, size: number): Promise<void> {
  const disk = await statfs(folder).catch(() => undefined);
  // File systems that do not know their size report 0 blocks.
  if (!disk || disk.blocks === 0 || disk.bavail * disk.bsize >= size) return;
  const free = (disk.bavail * disk.bsize) / 1e6;
  throw failed(
    path,
    `the disk has ${free.toFixed(1)} MB left and ${(size / 1e6).toFixed(1)} MB are needed; make room or write elsewhere`,
  );
}

/** After a crash of the machine the new name is there only when the folder was flushed too; not all systems can. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOSPC: "the disk is full; make room or write elsewhere",
    EDQUOT: "the disk quota is used up; make room or write elsewhere",
    EFBIG: "the file is larger than this system allows; write elsewhere, or in parts",
    EACCES: "no permission to write there; write elsewhere",
    EPERM: "no permission to write there; write elsewhere",
    EROFS: "the file system is read-only; write elsewhere",
    ENOENT: "its folder does not exist; create it first",
    ENOTDIR: "its folder is a file; give another place",
  };
  return known[code ?? ""] ?? message;
}

function failed(path: string, detail: string, cause?: unknown): ParfocalError<"output.failed"> {
  return new ParfocalError("output.failed", `${path} could not be written: ${detail}.`, { path, detail }, { cause });
}
