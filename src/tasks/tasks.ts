/**
 * Everything that a user can ask Parfocal to do. The table says only what each task is called and does, so that a list
 * of them costs nothing; the code of a task is loaded when it is needed.
 */
import type { Task } from "./task.ts";

export interface TaskEntry {
  /** One sentence. */
  summary: string;
  load(): Promise<Task>;
}

const table = {
  refocus: {
    summary: "Refocus an image to other planes with a trained model.",
    load: async () => (await import("./refocus.ts")).refocus,
  },
  fuse: {
    summary: "Make one all-in-focus image of a z-stack, with a depth map.",
    load: async () => (await import("./fuse.ts")).fuse,
  },
};

export type TaskName = keyof typeof table;
export const taskNames = Object.keys(table) as TaskName[];
export const tasks = table as unknown as Readonly<Record<TaskName, TaskEntry>>;
