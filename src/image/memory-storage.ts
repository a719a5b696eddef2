import { blobSource, memorySource } from "../array/bytes.ts";
import { ParfocalError } from "../errors.ts";
import type { OutputFile, OutputSet, Storage, StoredEntry } from "./storage.ts";

export interface MemoryStorage extends Storage {
  /** Every file that is in memory by its path, with "/" between names. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Puts a file there, such as an input. A `Blob` or `File` is not read into memory: its bytes are read when needed. */
  put(path: string, data: Uint8Array | string | Blob): void;
}

/** Files in memory: for tests, and for programs that have their images there. Paths have "/" between names. */
export function memoryStorage(): MemoryStorage {
  const files = new Map<string, Uint8Array>();
  const blobs = new Map<string, Blob>();
  const folders = new Set<string>();
  const locked = new Set<string>();
  const reading = new Map<string, number>();

  const put = (path: string, data: Uint8Array | string | Blob): void => {
    const place = normal(path);
    files.delete(place);
    blobs.delete(place);
    if (data instanceof Blob) blobs.set(place, data);
    else files.set(place, typeof data === "string" ? new TextEncoder().encode(data) : data.slice());
    for (const folder of parents(place)) folders.add(folder);
  };
  const kindOf = async (path: string): Promise<StoredEntry["kind"] | undefined> => {
    const place = normal(path);
    if (files.has(place) || blobs.has(place)) return "file";
    return folders.has(place) || place === "." ? "folder" : undefined;
  };
  const checkOutput = async (path: string, force = false): Promise<void> => {
    const place = normal(path);
    const kind = await kindOf(path);
    if (kind === "folder") throw failed(path, "there is a folder of that name; give another name for the output");
    if (reading.get(place)) {
      const message = `${path} is an image that is being read; give another name for the output.`;
      throw new ParfocalError("usage", message, { option: "output", got: path, expected: "another name" });
    }
    if (kind === undefined || force) return;
    throw new ParfocalError("output.exists", `${path} exists already; give \`force\` to replace it, or another name.`, {
      path,
    });
  };
  const makeFolder = async (path: string): Promise<void> => {
    const place = normal(path);
    for (const folder of [...parents(place), place]) {
      if (files.has(folder) || blobs.has(folder)) throw failed(path, "there is a file of that name");
      folders.add(folder);
    }
  };
  return {
    files,
    put,
    kindOf,
    checkOutput,
    makeFolder,
    async open(path) {
      const place = normal(path);
      const data = files.get(place) ?? blobs.get(place);
      if (data === undefined) {
        const why = (await kindOf(path)) === "folder" ? "this is a folder" : "there is no such file or folder";
        throw new ParfocalError("file.missing", `${path}: ${why}; check the path.`, { path });
      }
      reading.set(place, (reading.get(place) ?? 0) + 1);
      let closed = false;
      return {
        ...(data instanceof Blob ? blobSource(data, path) : memorySource(path, data)),
        async close() {
          if (!closed) reading.set(place, (reading.get(place) ?? 1) - 1);
          closed = true;
        },
      };
    },
    async list(folder) {
      const place = normal(folder);
      if ((await kindOf(folder)) !== "folder") {
        const message = `${folder}: there is no such folder; check the path.`;
        throw new ParfocalError("file.missing", message, { path: folder });
      }
      const inside = (all: Iterable<string>, kind: StoredEntry["kind"]): StoredEntry[] =>
        [...all].flatMap((path) => (path !== place && dirname(path) === place ? [{ name: basename(path), kind }] : []));
      return [...inside([...files.keys(), ...blobs.keys()], "file"), ...inside(folders, "folder")];
    },
    checkRoom: async () => undefined,
    outputs: ({ force } = {}) => outputSet(put, (path) => checkOutput(path, force)),
    async append(path, data) {
      const blob = blobs.get(normal(path));
      const before = blob ? new Uint8Array(await blob.arrayBuffer()) : (files.get(normal(path)) ?? new Uint8Array());
      const more = typeof data === "string" ? new TextEncoder().encode(data) : data;
      const whole = new Uint8Array(before.length + more.length);
      whole.set(before);
      whole.set(more, before.length);
      put(path, whole);
    },
    async claimFolder(path) {
      if ((await kindOf(path)) !== undefined) return false;
      await makeFolder(path);
      return true;
    },
    async remove(path) {
      files.delete(normal(path));
      blobs.delete(normal(path));
    },
    async lock(folder) {
      const place = normal(folder);
      if (locked.has(place)) {
        const message = `Another training writes into ${folder}. Wait for it, or start a new run without \`resume\`.`;
        throw new ParfocalError("training.failed", message, { detail: "another training writes there", run: folder });
      }
      locked.add(place);
      return async () => void locked.delete(place);
    },
    join: (...parts) => normal(parts.join("/")),
    dirname,
    basename,
    resolve: (folder, path) => normal(path.startsWith("/") ? path : `${folder}/${path}`),
  };
}

function outputSet(put: (path: string, data: Uint8Array) => void, check: (path: string) => Promise<void>): OutputSet {
  const made: { path: string; bytes: Uint8Array; state: "open" | "whole" | "gone" }[] = [];
  const create = async (path: string, size = 0): Promise<OutputFile> => {
    await check(path);
    const file = { path, bytes: new Uint8Array(size), length: 0, state: "open" as "open" | "whole" | "gone" };
    made.push(file);
    return {
      async write(bytes, offset) {
        if (file.state !== "open") throw failed(path, "writing it was abandoned before");
        const end = offset + bytes.length;
        if (end > file.bytes.length) {
          const larger = new Uint8Array(Math.max(end, 2 * file.length));
          larger.set(file.bytes.subarray(0, file.length));
          file.bytes = larger;
        }
        file.bytes.set(bytes, offset);
        file.length = Math.max(file.length, end);
      },
      async read(bytes, offset) {
        bytes.set(file.bytes.subarray(offset, offset + bytes.length));
      },
      async commit() {
        file.bytes = file.bytes.subarray(0, file.length);
        file.state = "whole";
      },
      async abandon() {
        file.state = "gone";
      },
    };
  };
  return {
    create,
    async write(path, data) {
      const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
      const file = await create(path, bytes.length);
      await file.write(bytes, 0);
      await file.commit();
    },
    async commit() {
      const kept = made.filter(({ state }) => state !== "gone");
      for (const { path, state } of kept) {
        if (state === "open") throw failed(path, "writing it was abandoned before");
        await check(path);
      }
      for (const file of kept) {
        put(file.path, file.bytes);
        file.state = "gone";
      }
    },
    async abandon() {
      for (const file of made) file.state = "gone";
    },
  };
}

function failed(path: string, detail: string): ParfocalError<"output.failed"> {
  return new ParfocalError("output.failed", `${path} could not be written: ${detail}.`, { path, detail });
}

/** "./a//b/../c/" is "a/c". */
function normal(path: string): string {
  const names: string[] = [];
  for (const name of path.split("/")) {
    if (name === ".." && names.length > 0 && names.at(-1) !== "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return names.join("/") || ".";
}

const dirname = (path: string): string => normal(`${normal(path)}/..`);
const basename = (path: string): string => normal(path).split("/").at(-1) as string;

/** All folders that a path lies in. */
function parents(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, i) => names.slice(0, i + 1).join("/"));
}
