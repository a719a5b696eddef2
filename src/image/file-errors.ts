import { ParfocalError } from "../errors.ts";

/** A file that contradicts itself or ends early. */
export function corrupt(path: string, detail: string, cause?: unknown): ParfocalError<"file.corrupt"> {
  return new ParfocalError(
    "file.corrupt",
    `${path}: ${detail}; the file is truncated or damaged, fetch or export it again.`,
    { path, detail },
    { cause },
  );
}

/** A file of a kind that Parfocal does not read. `advice` says what to do. */
export function unsupported(path: string, detail: string, advice: string): ParfocalError<"file.unsupported"> {
  return new ParfocalError("file.unsupported", `${path}: ${detail}; ${advice}.`, { path, detail });
}
