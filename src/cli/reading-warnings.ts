/** What was lost of the input images, as their pixels were read. */
import { type ImageFile, levelWarnings } from "../node.ts";
import type { Result } from "./verb.node.ts";

/** A result with a warning for each file whose values float32 could not tell apart. */
export function withReadingWarnings<T>(result: T, files: readonly ImageFile[]): T {
  const lost = files.flatMap((file) => (file.seen ? levelWarnings(file, file.seen) : []));
  if (lost.length === 0 || !isResult(result)) return result;
  const said = Array.isArray(result.json.warnings) ? (result.json.warnings as string[]) : [];
  const more = lost.filter((sentence) => !said.includes(sentence));
  if (more.length === 0) return result;
  const json = { ...result.json, warnings: [...said, ...more] };
  return { ...result, json, warnings: [...(result.warnings ?? []), ...more] };
}

function isResult(value: unknown): value is Result {
  return typeof value === "object" && value !== null && "json" in value && "text" in value;
}
