import type { z } from "zod";
import { ParfocalError } from "../errors.ts";
import type { Warning } from "../warning.ts";
import type { Task, TaskContext, TaskOptions, TaskPlatform } from "./task.ts";
import { type TaskName, type TaskOf, tasks } from "./tasks.ts";

/** Where a task runs, and who is told about it. What is left out is not told, and does not stop the task. */
export type TaskCaller = TaskPlatform & Partial<TaskContext>;

/**
 * Checks options, runs a task, and adds to its result everything that was warned of, each once.
 * @param task its name, or the task itself
 * @param given options in snake_case, as in configuration files; those that are left out have their defaults
 * @param caller `nodeContext` or `browserContext()`, with `onProgress`, `signal`, `warn` and `note` where they are wanted
 * @throws usage naming the first wrong option; what the task throws
 */
export async function runTask<N extends TaskName>(
  task: N,
  given: z.input<TaskOf<N>["options"]> & Readonly<Record<string, unknown>>,
  caller: TaskCaller,
): Promise<z.output<TaskOf<N>["result"]>>;
export async function runTask<O extends TaskOptions, R extends z.ZodType>(
  task: Task<O, R>,
  given: Readonly<Record<string, unknown>>,
  caller: TaskCaller,
): Promise<z.output<R>>;
export async function runTask(
  named: TaskName | Task,
  given: Readonly<Record<string, unknown>>,
  caller: TaskCaller,
): Promise<unknown> {
  const task = typeof named === "string" ? await tasks[named].load() : named;
  const warnings: Warning[] = [];
  const warn = (warning: Warning): void => {
    if (warnings.some(({ text }) => text === warning.text)) return;
    warnings.push(warning);
    caller.warn?.(warning);
  };
  const context: TaskContext = {
    ...caller,
    signal: caller.signal ?? new AbortController().signal,
    onProgress: caller.onProgress ?? (() => undefined),
    note: caller.note ?? (() => undefined),
    warn,
  };
  const options = await readOptions(task, given, context);
  const result = await task.run(options, context);
  const own = (result as { warnings?: readonly Warning[] }).warnings ?? [];
  return { ...(result as object), warnings: [...own, ...warnings] };
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
