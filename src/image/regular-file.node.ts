/** Checks that inputs are regular files: reading a pipe may wait for ever, and a device has no end. */
import type { Stats } from "node:fs";
import { stat } from "node:fs/promises";
import { unsupported } from "./file-errors.ts";

/**
 * Throws `file.unsupported` for a pipe, socket, device or folder, before it is opened. Rejects with Node's own error if
 * the path does not exist or may not be read.
 */
export async function checkRegularFile(path: string): Promise<Stats> {
  const found = await stat(path);
  if (found.isFile()) return found;
  if (found.isDirectory()) throw unsupported(path, "this is a folder where a file is needed", "give one of its files");
  const kind = found.isFIFO() ? "a pipe" : found.isSocket() ? "a socket" : "a device";
  throw unsupported(path, `this is ${kind}, and only files are read`, "save it to a file first and give that");
}
