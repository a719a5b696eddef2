import type { RuntimeOptions } from "../run/open-options.ts";
import type { Runtime } from "../run/runtime.ts";
import type { TaskContext } from "./task.ts";

/** Opens a runtime for as long as `use` takes. A slower runtime that takes the place of a missing one is warned of. */
export async function withRuntime<T>(
  { device, threads }: Pick<RuntimeOptions, "device" | "threads">,
  { openRuntime, warn }: Pick<TaskContext, "openRuntime" | "warn">,
  use: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await openRuntime({ device, threads, onWarning: (text) => warn({ code: "runtime", text }) });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}
