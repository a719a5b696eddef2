import { ParfocalError } from "../errors.ts";

/** The error for a folder whose order of planes cannot be decided. @param why the reason, without a full stop */
export function guessedOrder(path: string, why: string): ParfocalError<"usage"> {
  return new ParfocalError(
    "usage",
    `${path}: the order of the planes would be a guess: ${why}; say what the names mean with \`pattern <file name with {z}, {c}, {t} and {*}>\`.`,
    { option: "pattern", expected: "a file name with {z}, {c}, {t} or {*} in place of what varies" },
  );
}
