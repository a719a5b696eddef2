/** The command of each task; its code is loaded when it runs. */
import type { TaskName } from "../tasks/tasks.ts";
import type { CommandText } from "./command.ts";

export const commands: Readonly<Record<TaskName, () => Promise<CommandText>>> = {
  inspect: async () => (await import("./commands/inspect.ts")).inspect,
  simulate: async () => (await import("./commands/simulate.ts")).simulate,
  train: async () => (await import("./commands/train.ts")).train,
  refocus: async () => (await import("./commands/refocus.ts")).refocus,
  reconstruct: async () => (await import("./commands/reconstruct.ts")).reconstruct,
  autofocus: async () => (await import("./commands/autofocus.ts")).autofocus,
  deconvolve: async () => (await import("./commands/deconvolve.ts")).deconvolve,
  section: async () => (await import("./commands/section.ts")).section,
  fuse: async () => (await import("./commands/fuse.ts")).fuse,
  psf: async () => (await import("./commands/psf.ts")).psf,
  evaluate: async () => (await import("./commands/evaluate.ts")).evaluate,
  study: async () => (await import("./commands/study.ts")).study,
  generalise: async () => (await import("./commands/generalise.ts")).generalise,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  demo: async () => (await import("./commands/demo.ts")).demo,
};
