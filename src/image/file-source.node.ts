/** Files of this machine as byte sources. */
import { open } from "node:fs/promises";
import { type ByteSource, checkRange } from "../array/bytes.ts";
import { ParfocalError } from "../errors.ts";
import { corrupt } from "./file-errors.ts";
import { inflateOnThreads } from "./inflate.node.ts";
import { noteInput } from "./open-inputs.node.ts";
import { checkRegularFile } from "./regular-file.node.ts";

/**
 * Opens a file for reading in pieces. Throws `file.missing` if it does not exist or may not be read, and
 * `file.unsupported` if it is not a file but a pipe or a device.
 */
export async function fileSource(path: string): Promise<ByteSource & { close(): Promise<void> }> {
  const refuse = (error: NodeJS.ErrnoException) => {
    throw error instanceof ParfocalError ? error : missing(path, error);
  };
  await checkRegularFile(path).catch(refuse);
  const handle = await open(path, "r").catch(refuse);
  const stats = await handle.stat();
  const { size } = stats;
  const forget = noteInput(stats);
  const fill = async (offset: number, target: Uint8Array) => {
    const { length } = target;
    let done = 0;
    while (done < length) {
      const { bytesRead } = await handle.read(target, done, length - done, offset + done).catch((error: Error) => {
        throw corrupt(path, `it could not be read at byte ${offset + done} (${error.message})`, error);
      });
      if (bytesRead === 0)
        throw corrupt(path, `it became shorter while it was read, and ends at byte ${offset + done}`);
      done += bytesRead;
    }
  };
  const source = {
    name: path,
    size,
    async read(offset: number, length: number) {
      checkRange(source, offset, length);
      // Not filled with zeros first: every byte is read, or an error thrown.
      const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
      await fill(offset, bytes);
      return bytes;
    },
    async readInto(offset: number, target: Uint8Array) {
      checkRange(source, offset, target.length);
      await fill(offset, target);
    },
    inflate: inflateOnThreads,
    close() {
      forget();
      return handle.close();
    },
  };
  return source;
}

/** The error for a path that cannot be read. */
export function missing(path: string, error: NodeJS.ErrnoException): ParfocalError<"file.missing"> {
  const why =
    error.code === "ENOENT"
      ? "there is no such file or folder"
      : error.code === "EACCES"
        ? "no permission to read it"
        : error.message;
  return new ParfocalError("file.missing", `${path}: ${why}; check the path.`, { path }, { cause: error });
}
