import type { z } from "zod";
import { ParfocalError } from "../errors.ts";
import type { Warning } from "../warning.ts";
import type { Task, TaskContext, TaskOptions } from "./task.ts";

/**
 * Checks options, runs a task, and adds to its result everything that was warned of, each once.
 * @throws usage naming the first wrong option; what the task throws
 */
export async function runTask<O extends TaskOptions, R extends z.ZodType>(
  task: Task<O, R>,
  given: Readonly<Record<string, unknown>>,
  context: TaskContext,
): Promise<z.output<R>> {
  const warnings: Warning[] = [];
  const warn = (warning: Warning): void => {
    if (warnings.some(({ text }) => text === warning.text)) return;
    warnings.push(warning);
    context.warn(warning);
  };
  const options = await readOptions(task, given, context);
  const result = await task.run(options, { ...context, warn });
  const own = (result as { warnings?: readonly Warning[] }).warnings ?? [];
  return { ...(result as object), warnings: [...own, ...warnings] } as z.output<R>;
}

/** Options of a task with its defaults, and those that depend on others as they were given. */
async function readOptions<O extends TaskOptions>(
  task: Pick<Task<O>, "options" | "moreOptions">,
  given: Readonly<Record<string, unknown>>,
  { storage }: TaskContext,
): Promise<z.output<O> & Record<string, unknown>> {
  const more = await task.moreOptions?.(given, storage);
  const own = Object.entries(given).filter(([key]) => key in task.options.shape);
  const others = Object.entries(given).filter(([key]) => !(key in task.options.shape));
  for (const [key] of others) {
    if (more && key in more.shape) continue;
    const known = [...Object.keys(task.options.shape), ...Object.keys(more?.shape ?? {})];
    const message = `There is no option \`${key}\` here; expected one of ${known.join(", ")}.`;
    throw new ParfocalError("usage", message, { option: key, expected: known.join(", ") });
  }
  const parsed = task.options.safeParse(Object.fromEntries(own));
  if (parsed.success) return { ...parsed.data, ...Object.fromEntries(others) };
  const [issue] = parsed.error.issues;
  const name = String(issue.path[0] ?? "");
  const got = given[name];
  if (got === undefined) {
    throw new ParfocalError("usage", `Give \`${name} <${name.replaceAll("_", " ")}>\`.`, { option: name });
  }
  const message = `\`${name}\` is ${JSON.stringify(got)}: ${issue.message}.`;
  throw new ParfocalError("usage", message, { option: name, got: got as never, expected: issue.message });
}
