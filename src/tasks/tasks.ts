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
  inspect: {
    summary: "Say what an image is: axes, type, calibration, the sharpest plane, drift, and what may be wrong with it.",
    load: async () => (await import("./inspect.ts")).inspect,
  },
  simulate: {
    summary:
      "Simulate stacks whose truth is known, from a recipe: what is in the field, how it is imaged and recorded.",
    load: async () => (await import("./simulate.ts")).simulate,
  },
  train: {
    summary: "Train a model on stacks of your own microscope, or on a recipe's simulated ones.",
    load: async () => (await import("./train.ts")).train,
  },
  refocus: {
    summary: "Refocus an image to other planes with a trained model.",
    load: async () => (await import("./refocus.ts")).refocus,
  },
  reconstruct: {
    summary: "Reconstruct amplitude and phase from a hologram, or from planes at different focus.",
    load: async () => (await import("./reconstruct.ts")).reconstruct,
  },
  autofocus: {
    summary:
      "Say where the focus is, as a whole and region by region: of a z-stack, or of single images by a trained model.",
    load: async () => (await import("./autofocus.ts")).autofocus,
  },
  deconvolve: {
    summary: "Take the blur of the optics out of an image or a z-stack, the classical way.",
    load: async () => (await import("./deconvolve.ts")).deconvolve,
  },
  section: {
    summary: "Remove out-of-focus light: from exposures in speckled light (hilo) or under a grid (sim), or by a model.",
    load: async () => (await import("./section.ts")).section,
  },
  fuse: {
    summary: "Make one all-in-focus image of a z-stack, with a depth map.",
    load: async () => (await import("./fuse.ts")).fuse,
  },
  psf: {
    summary: "Compute a microscope's point spread function from its optics, or measure it from a z-stack of beads.",
    load: async () => (await import("./psf.ts")).psf,
  },
  evaluate: {
    summary:
      "Score an output against its ground truth, beside what was recorded, and say whether it is sharper or only smoother.",
    load: async () => (await import("./evaluate.ts")).evaluate,
  },
  study: {
    summary:
      "Judge models on a z-stack, beside what was recorded and classical methods, in one page: use them or not, for what, and over which distances.",
    load: async () => (await import("./study.ts")).study,
  },
  generalise: {
    summary:
      "Leave one objective, specimen, stack or slide out, train on the others, and judge on all: will a model hold on another one?",
    load: async () => (await import("./generalise.ts")).generalise,
  },
  doctor: {
    summary: "Say what this machine can do: runtimes, devices, processor, memory, versions, and what is missing.",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  demo: {
    summary:
      "Train a model on simulated beads (or a part of your stack), refocus what it has not seen, and show whether it helped.",
    load: async () => (await import("./demo.ts")).demo,
  },
};

export type TaskName = keyof typeof table;
/** The task of a name, with the types of its options and of its result. */
export type TaskOf<N extends TaskName> = Awaited<ReturnType<(typeof table)[N]["load"]>>;
export const taskNames = Object.keys(table) as TaskName[];
export const tasks = table as unknown as Readonly<Record<TaskName, TaskEntry>>;
