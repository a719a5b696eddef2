/**
 * Where inputs come from and outputs go to: the file system in Node, memory in tests and in a browser. Everything that
 * a task reads or writes goes through it. Paths are text, in the form that the storage itself uses.
 */
import type { ByteSource } from "../array/bytes.ts";
import { ParfocalError } from "../errors.ts";

export interface StoredEntry {
  name: string;
  kind: "file" | "folder";
}

/** A file that is being written under a temporary name. */
export interface OutputFile {
  /** Writes all of `bytes` at a place. On failure the temporary file is removed and `output.failed` thrown. */
  write(bytes: Uint8Array, offset: number): Promise<void>;
  /** Reads back what was written: fills `bytes` from a place. Throws as {@link write}. */
  read(bytes: Uint8Array, offset: number): Promise<void>;
  /** Completes the file; it gets its name with the others of its set. Throws as {@link write}. */
  commit(): Promise<void>;
  /** Removes the temporary file; does nothing when the set is committed. */
  abandon(): Promise<void>;
}

/** Outputs that are written as one unit: all of them are completed, or none. */
export interface OutputSet {
  /**
   * Begins a file of the set. Throws `output.exists` and `output.failed` before anything is written; there must be room
   * for what this and the other files of the set still lack.
   */
  create(path: string, size?: number): Promise<OutputFile>;
  /** Writes a whole file of the set. Throws as {@link create} and {@link OutputFile.write}. */
  write(path: string, data: string | Uint8Array): Promise<void>;
  /**
   * Gives all files their final names. On failure, files that were renamed already are removed again, unless they
   * replaced a file. Throws `output.exists`, `output.failed`, and `usage` for a file that was not committed.
   */
  commit(): Promise<void>;
  /** Removes what has been written; does nothing after {@link commit}. */
  abandon(): Promise<void>;
}

export interface OutputOptions {
  /** Whether an existing file is replaced. */
  force?: boolean | undefined;
}

export interface Storage {
  /** What lies at a path; undefined where there is nothing. */
  kindOf(path: string): Promise<StoredEntry["kind"] | undefined>;
  /** Opens a file for reading by pieces. Throws `file.missing`, and `file.unsupported` for what is no file. */
  open(path: string): Promise<ByteSource & { close(): Promise<void> }>;
  /** What lies in a folder, in any order. Throws `file.missing`. */
  list(folder: string): Promise<StoredEntry[]>;
  /**
   * Throws `usage` for a file that is being read, `output.exists` for one that is there (without `force`), and
   * `output.failed` for a folder.
   */
  checkOutput(path: string, force?: boolean): Promise<void>;
  /** Throws `output.failed` where there is no room for outputs that will be written, sizes in bytes. */
  checkRoom(outputs: readonly { path: string; size: number }[]): Promise<void>;
  /** Begins a set of outputs; see {@link withOutputs}. */
  outputs(options?: OutputOptions): OutputSet;
  /** Adds bytes to the end of a file, which is made where there is none. Throws `output.failed`. */
  append(path: string, data: string | Uint8Array): Promise<void>;
  /** Makes a folder and those that it lies in. Throws `output.failed`. */
  makeFolder(path: string): Promise<void>;
  /** Makes a folder that nobody else has made: false where there is one already. Throws `output.failed`. */
  claimFolder(path: string): Promise<boolean>;
  /** Removes a file, where there is one. */
  remove(path: string): Promise<void>;
  /**
   * Claims a folder for one writer at a time.
   * @param onNote receives a sentence about a claim of a process that has ended, which is taken over
   * @returns gives the folder back
   * @throws training.failed while another one has it
   */
  lock(folder: string, onNote?: (sentence: string) => void): Promise<() => Promise<void>>;
  /**
   * Paths of this storage: a name in a folder, the folder of a path, its last name, and what it means from a folder.
   */
  join(...parts: readonly string[]): string;
  dirname(path: string): string;
  basename(path: string): string;
  resolve(folder: string, path: string): string;
}

/** All bytes of a file. Throws as {@link Storage.open}. */
export async function readBytes(storage: Storage, path: string): Promise<Uint8Array> {
  const source = await storage.open(path);
  try {
    return await source.read(0, source.size);
  } finally {
    await source.close();
  }
}

/** A file as text in UTF-8. Throws as {@link Storage.open}. */
export async function readText(storage: Storage, path: string): Promise<string> {
  return new TextDecoder().decode(await readBytes(storage, path));
}

/** A file as text; undefined where there is none, or it may not be read. Throws `file.unsupported`. */
export async function readTextIfThere(storage: Storage, path: string): Promise<string | undefined> {
  try {
    return await readText(storage, path);
  } catch (error) {
    if (error instanceof ParfocalError && error.code === "file.missing") return undefined;
    throw error;
  }
}

/**
 * Writes files that belong together. All of them get their final names if `make` succeeds, and none of them remains if
 * it fails.
 * @throws what `make` and {@link OutputSet.commit} throw
 */
export async function withOutputs<T>(
  storage: Storage,
  options: OutputOptions,
  make: (set: OutputSet) => Promise<T>,
): Promise<T> {
  return completeSet(storage.outputs(options), make);
}

/** Lets `make` write the files of a set, and then commits it; abandons it if one of the two fails. */
export async function completeSet<T>(set: OutputSet, make: (set: OutputSet) => Promise<T>): Promise<T> {
  try {
    const made = await make(set);
    await set.commit();
    return made;
  } catch (error) {
    await set.abandon();
    throw error;
  }
}

/** Writes a whole file. Throws `output.exists` (without `force`) and `output.failed`; no incomplete file remains. */
export async function writeWhole(
  storage: Storage,
  path: string,
  data: string | Uint8Array,
  options: OutputOptions = {},
): Promise<void> {
  await withOutputs(storage, options, (set) => set.write(path, data));
}
