/**
 * Files that are written completely or not at all: under a temporary name in the same folder, flushed to the disk, and
 * then renamed. Several files that belong together are an {@link OutputSet}.
 */
import { type FileHandle, open, realpath, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { bytesAsText } from "../array/bytes-as-text.ts";
import { ParfocalError } from "../errors.ts";
import { isInput } from "./open-inputs.node.ts";
import { completeSet, type OutputOptions, type OutputSet } from "./storage.ts";
import { removeAbandoned, temporaryName } from "./temporary-files.node.ts";

/**
 * Throws `usage` for a file that is being read, `output.exists` for one that is there (without `force`),
 * `output.failed` for a folder.
 */
export async function checkOutput(path: string, force = false): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) throw failed(path, "there is a folder of that name; give another name for the output");
  if (found && isInput(found)) {
    const message = `${path} is an image that is being read; give another name for the output.`;
    throw new ParfocalError("usage", message, { option: "output", got: path, expected: "another name" });
  }
  if (!found || force) return;
  throw new ParfocalError("output.exists", `${path} exists already; give \`force\` to replace it, or another name.`, {
    path,
  });
}

/** Begins a set of outputs; see {@link withOutputSet}. */
export function createOutputSet({ force }: OutputOptions = {}): OutputSet {
  const files: SetFile[] = [];
  let done = false;
  const abandon = async () => {
    if (done) return;
    done = true;
    for (const file of files) await file.discard();
  };
  const set: OutputSet = {
    async create(path, size = 0) {
      await checkOutput(path, force);
      // If the path is a link, the file that it points to is replaced, because other programs write through links as
      // well.
      const target = await realpath(path).catch(() => path);
      await removeAbandoned(dirname(target));
      const promised = files
        .filter(({ lacking }) => lacking > 0)
        .map((file) => ({ path: file.path, size: file.lacking }));
      await checkRoomFor([...promised, { path, size }]);
      const file = await beginFile(path, target, size);
      files.push(file);
      return { write: file.write, read: file.read, commit: file.close, abandon: file.discard };
    },
    async write(path, data) {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      const file = await set.create(path, bytes.length);
      await file.write(bytes, 0);
      await file.commit();
    },
    async commit() {
      if (done) return;
      const named: string[] = [];
      let path = "";
      try {
        // Another program may have written the file in the meantime.
        for (const file of files) {
          if (file.state !== "whole") throw failed(file.path, "writing it was abandoned before");
          await checkOutput(file.path, force);
        }
        for (const file of files) {
          path = file.path;
          const replaces = (await stat(path).catch(() => undefined)) !== undefined;
          await rename(file.temporary, file.target);
          file.state = "gone";
          if (!replaces) named.push(file.target);
        }
        done = true;
      } catch (error) {
        for (const one of named) await rm(one, { force: true }).catch(() => undefined);
        await abandon();
        throw error instanceof ParfocalError ? error : failed(path, reason(error), error);
      }
      for (const folder of new Set(files.map((file) => dirname(file.target)))) await syncFolder(folder);
    },
    abandon,
  };
  return set;
}

/**
 * Writes files that belong together. All of them get their final names if `make` succeeds, and none of them remains if
 * it fails.
 * @throws what `make` and {@link OutputSet.commit} throw
 */
export async function withOutputSet<T>(options: OutputOptions, make: (set: OutputSet) => Promise<T>): Promise<T> {
  return completeSet(createOutputSet(options), make);
}

/** Writes a whole file. Throws `output.exists` (without `force`) and `output.failed`; no incomplete file remains. */
export async function writeFileAtomic(
  path: string,
  data: string | Uint8Array,
  options: { force?: boolean | undefined } = {},
): Promise<void> {
  await withOutputSet(options, (set) => set.write(path, data));
}

interface SetFile {
  /** The path as the user gave it. */
  path: string;
  /** The file that is replaced: the target of `path` if that is a link. */
  target: string;
  temporary: string;
  /** Bytes that are still to be written. */
  lacking: number;
  state: "open" | "whole" | "gone";
  write(bytes: Uint8Array, offset: number): Promise<void>;
  read(bytes: Uint8Array, offset: number): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

async function beginFile(path: string, target: string, size: number): Promise<SetFile> {
  const temporary = temporaryName(target);
  const handle = await open(temporary, "w+").catch((error: unknown) => {
    throw failed(path, reason(error), error);
  });
  const attempt = async (work: () => Promise<void>) => {
    if (file.state !== "open") throw failed(path, "writing it was abandoned before");
    try {
      await work();
    } catch (error) {
      await file.discard();
      throw failed(path, reason(error), error);
    }
  };
  const file: SetFile = {
    path,
    target,
    temporary,
    lacking: size,
    state: "open",
    write: (bytes, offset) =>
      attempt(async () => {
        await writeAll(handle, bytes, offset);
        file.lacking = Math.max(0, file.lacking - bytes.length);
      }),
    read: (bytes, offset) => attempt(() => readAll(handle, bytes, offset)),
    close: () =>
      attempt(async () => {
        await handle.sync();
        await handle.close();
        file.lacking = 0;
        file.state = "whole";
      }),
    async discard() {
      if (file.state === "gone") return;
      if (file.state === "open") await handle.close().catch(() => undefined);
      file.state = "gone";
      await rm(temporary, { force: true });
    },
  };
  return file;
}

async function writeAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, offset + done);
    if (bytesWritten === 0) throw new Error("nothing more could be written");
    done += bytesWritten;
  }
}

async function readAll(handle: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) throw new Error("what was written cannot be read back");
    done += bytesRead;
  }
}

/**
 * Throws `output.failed` if a disk has no room for the outputs. It is called before long work, so that the work is not
 * lost. Sizes are summed for each disk.
 */
export async function checkRoomFor(outputs: readonly { path: string; size: number }[]): Promise<void> {
  const needed = new Map<number, { path: string; size: number; count: number }>();
  for (const { path, size } of outputs) {
    const device = (await stat(dirname(path)).catch(() => undefined))?.dev;
    if (device === undefined) continue;
    const before = needed.get(device);
    needed.set(device, { path, size: size + (before?.size ?? 0), count: 1 + (before?.count ?? 0) });
  }
  for (const { path, size, count } of needed.values()) {
    const disk = await statfs(dirname(path)).catch(() => undefined);
    // File systems that do not know their size report 0 blocks.
    if (!disk || disk.blocks === 0 || disk.bavail * disk.bsize >= size) continue;
    const whole = `${bytesAsText(size)} are needed${count > 1 ? ` for ${count} files that belong together` : ""}`;
    const free = bytesAsText(disk.bavail * disk.bsize);
    throw failed(path, `the disk has ${free} left and ${whole}; free some space or write elsewhere`);
  }
}

/**
 * After a crash of the machine the new name exists only if the folder was flushed as well. Not all systems can do that.
 */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function reason(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  const known: Record<string, string> = {
    ENOSPC: "the disk is full; free some space or write elsewhere",
    EDQUOT: "the disk quota is used up; free some space or write elsewhere",
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
