/** Following a guide: its code blocks name files, and are written into a copy of the source. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

export interface GuideBlock {
  /** "ts", "diff", "yaml", "html", "sh". */
  language: string;
  /** The file that it is, or changes; undefined for commands. */
  path: string | undefined;
  text: string;
}

/** The code blocks of a Markdown file, without the indentation of the list that they stand in. */
export function guideBlocks(markdown: string): GuideBlock[] {
  const fences = markdown.matchAll(/^( *)```(\w+)(?: (\S+))?\n(.*?)^\1```$/gms);
  return Array.from(fences, ([, indent, language, path, body]) => ({
    language,
    path,
    text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** Writes the files of a guide below a folder and makes its changes there. */
export function followGuide(markdown: string, root: string): void {
  for (const { language, path, text } of guideBlocks(markdown)) {
    if (path === undefined) continue;
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, language === "diff" ? changed(readFileSync(file, "utf8"), text, path) : text);
  }
}

/** Applies lines that begin with " ", "-" or "+". What is there before must be found once. */
function changed(before: string, diff: string, path: string): string {
  const lines = diff.trimEnd().split("\n");
  const side = (mark: string) =>
    lines.flatMap((line) => (line[0] === " " || line[0] === mark ? [`${line.slice(1)}\n`] : [])).join("");
  const parts = before.split(side("-"));
  if (parts.length === 2) return parts.join(side("+"));
  throw new Error(`${path}: these lines occur ${parts.length - 1} times instead of once:\n${side("-")}`);
}
