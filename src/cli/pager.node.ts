import { spawn } from "node:child_process";
import { printLine } from "./terminal.node.ts";

/** Prints a help; one that is longer than the terminal goes through `$PAGER`, where there is one and somebody looks. */
export async function pageHelp(text: string): Promise<void> {
  const { PAGER: pager } = process.env;
  const { isTTY, rows } = process.stdout;
  const long = isTTY && rows !== undefined && text.split("\n").length > rows;
  if (!long || pager === undefined || pager === "") return printLine(text.trimEnd());
  const shown = await new Promise<boolean>((resolve) => {
    const child = spawn(pager, { shell: true, stdio: ["pipe", "inherit", "inherit"] });
    child.on("error", () => resolve(false));
    child.on("close", (code) => resolve(code === 0));
    // A reader who has seen enough closes the pager.
    child.stdin.on("error", () => undefined);
    child.stdin.end(text);
  });
  if (!shown) await printLine(text.trimEnd());
}
