/** The command of each task; its code is loaded when it runs. */
import type { TaskName } from "../tasks/tasks.ts";
import type { CommandText } from "./command.ts";

export const commands: Readonly<Record<TaskName, () => Promise<CommandText>>> = {
  refocus: async () => (await import("./commands/refocus.ts")).refocus,
  fuse: async () => (await import("./commands/fuse.ts")).fuse,
};
