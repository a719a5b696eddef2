/** The file system of this machine as a {@link Storage}. */
import { appendFile, mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, isAbsolute, join } from "node:path";
import { ParfocalError } from "../errors.ts";
import { checkOutput, checkRoomFor, createOutputSet } from "./atomic-file.node.ts";
import { fileSource, missing } from "./file-source.node.ts";
import { lockFolder } from "./folder-lock.node.ts";
import type { Storage } from "./storage.ts";

export const fileStorage: Storage = {
  async kindOf(path) {
    const found = await stat(path).catch(() => undefined);
    return found && (found.isDirectory() ? "folder" : "file");
  },
  open: fileSource,
  async list(folder) {
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      throw missing(folder, error);
    });
    return entries.map((entry) => ({ name: entry.name, kind: entry.isDirectory() ? "folder" : "file" }));
  },
  checkOutput,
  checkRoom: checkRoomFor,
  outputs: createOutputSet,
  append: (path, data) => written(path, appendFile(path, data)),
  async makeFolder(path) {
    await mkdir(path, { recursive: true }).catch(async (cause: NodeJS.ErrnoException) => {
      const found = await stat(path).catch(() => undefined);
      const detail = found?.isFile() ? "there is a file of that name" : cause.message;
      throw new ParfocalError("output.failed", `${path} could not be made: ${detail}.`, { path, detail }, { cause });
    });
  },
  claimFolder: (path) =>
    written(
      path,
      mkdir(path).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code === "EEXIST") return false;
          throw error;
        },
      ),
    ),
  remove: (path) => rm(path, { force: true }),
  lock: lockFolder,
  join,
  dirname,
  basename,
  resolve: (folder, path) => (isAbsolute(path) ? path : join(folder, path)),
};

/** Turns the machine's refusal to write into output.failed. */
async function written<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new ParfocalError("output.failed", `${path} could not be written: ${detail}.`, { path, detail }, { cause });
  }
}
