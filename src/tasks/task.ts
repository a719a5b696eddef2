/**
 * What a task is: something that a user can ask Parfocal to do, in a form that every door (command line, server, queue,
 * page, workflow engine) can use. A task reads and writes through its context only, prints nothing, and gives the same
 * bytes for the same options.
 */
import type { z } from "zod";
import type { DrawPng } from "../figures/output-context.ts";
import type { Storage } from "../image/storage.ts";
import type { Machine, RuntimeReport } from "../run/machine.ts";
import type { RuntimeOptions } from "../run/open-options.ts";
import type { Runtime } from "../run/runtime.ts";
import type { OpenSimulation } from "../simulate/open-simulation.ts";
import type { Warning } from "../warning.ts";

export interface TaskProgress {
  done: number;
  total: number;
  /** What is counted: "planes read". */
  unit: string;
  /** Where the work itself knows better than `done` and `total` tell. */
  secondsLeft?: number;
  /** How it stands: "loss 0.012". */
  message?: string;
}

/** What a task gets of the platform on which it runs: `nodeContext` in Node, `browserContext()` in a browser. */
export interface TaskPlatform {
  storage: Storage;
  /** Opens a runtime for networks. @throws runtime.unavailable */
  openRuntime(options: RuntimeOptions): Promise<Runtime>;
  /** Simulates fields, on several threads where the machine has them. */
  openSimulation: OpenSimulation;
  /** What this machine has, and which runtimes and devices work on it; each is tried. */
  describeMachine(): Promise<Machine & { runtimes: RuntimeReport[] }>;
  /** Rasterises a drawing. @param svg a whole SVG document @param scale pixels for each of its units, default 1 @returns PNG */
  drawPng: DrawPng;
}

/** Everything that a task gets from outside. */
export interface TaskContext extends TaskPlatform {
  /** Aborted when the user wants the task to stop; the task then throws `interrupted`. */
  signal: AbortSignal;
  onProgress(progress: TaskProgress): void;
  /** Told, as soon as it is known, what the user should know before trusting the result. */
  warn(warning: Warning): void;
  /** Told news of long work, such as scores of a validation. */
  note(sentence: string): void;
  /** How the task was asked for, such as a command line, for pages that say how to repeat it. */
  request?: string | undefined;
}

/** What a door needs to know of an option beside its type, in `meta` of the schema. */
export interface OptionMeta {
  description?: string;
  /** "um", "pixels", "seconds". */
  unit?: string;
  /** What the value names: an input to be read, an output to be written, a folder of a model. */
  role?: "input" | "output" | "model" | "folder" | "config";
  /** Under which heading it stands in a help or a form. */
  group?: string;
  /** Given by its place on a command line, not by a flag. */
  positional?: boolean;
  /** One letter, for a command line. */
  short?: string;
  /** What stands for the value in a help: "um", "image". */
  placeholder?: string;
  /** Numbers that a command line may write as start:stop:step. */
  range?: boolean;
  /** Of one choice of another option only, such as a training's method. */
  own?: boolean;
  /** A switch that is on unless it is turned off. */
  on_by_default?: boolean;
  /** What turning such a switch off does, where "do not" before the description does not say it. */
  off?: string;
  /** Where the default depends on the data or on other options. */
  default_in_words?: string;
}

export type TaskOptions = z.ZodObject;

export interface Task<O extends TaskOptions = TaskOptions, R extends z.ZodType = z.ZodType> {
  /** Keys in snake_case as in configuration files; inputs and outputs are options as well. */
  options: O;
  /** Options that depend on others: those of a training's method. Given without their defaults. */
  moreOptions?(given: Readonly<Record<string, unknown>>, storage: Storage): Promise<TaskOptions>;
  /** Plain JSON: files that were written, figures, and `warnings`, which {@link runTask} adds. */
  result: R;
  /** @throws ParfocalError */
  run(options: z.output<O> & Record<string, unknown>, context: TaskContext): Promise<z.input<R>>;
}

/** Gives a task the types of its schemas. */
export const defineTask = <O extends TaskOptions, R extends z.ZodType>(task: Task<O, R>): Task<O, R> => task;
