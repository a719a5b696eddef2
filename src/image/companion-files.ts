/** Other files of one data set, opened one at a time while planes of them are read. */
import type { ByteSource } from "../array/bytes.ts";
import { unsupported } from "./file-errors.ts";

/** Opens a file in the same folder by its name; undefined if there is none. */
export type OpenSibling = (name: string) => Promise<ByteSource | undefined>;

export interface CompanionFiles<T> {
  /** Works on one of the files. Each call waits for the one before, so that no file is closed while it is read. */
  use<R>(file: number, work: (opened: T) => Promise<R>): Promise<R>;
  close(): Promise<void>;
}

/**
 * Checks that all files exist.
 * @param names of the files by number; number 0 is the open file itself and is not checked
 * @throws file.unsupported, naming the files that are missing
 */
export async function openCompanions<T>(
  names: readonly string[],
  sibling: OpenSibling | undefined,
  open: (source: ByteSource) => Promise<T>,
  path: string,
): Promise<CompanionFiles<T>> {
  const missing: string[] = [];
  for (const name of names.slice(1)) {
    const source = await sibling?.(name);
    if (source) await source.close?.();
    else missing.push(name);
  }
  if (missing.length > 0) {
    const shown = `${missing.slice(0, 3).join(", ")}${missing.length > 3 ? ", ..." : ""}`;
    throw unsupported(
      path,
      `its planes are in ${names.length} files, and ${missing.length} of them are not in its folder (${shown})`,
      "put them into the same folder, or save the data set as one OME-TIFF file, for example with bfconvert or Fiji",
    );
  }
  let last: { file: number; source: ByteSource; opened: T } | undefined;
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const result = turn.then(work);
    turn = result.catch(() => undefined);
    return result;
  };
  const letGo = async () => {
    const source = last?.source;
    last = undefined;
    await source?.close?.();
  };
  return {
    use: (file, work) =>
      inTurn(async () => {
        if (last?.file !== file) {
          await letGo();
          const source = await sibling?.(names[file]);
          if (!source) throw unsupported(path, `${names[file]} is no longer in its folder`, "put it back");
          last = { file, source, opened: await open(source) };
        }
        return work(last.opened);
      }),
    close: () => inTurn(letGo),
  };
}
