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
    summary: "Report the axes, pixel type, calibration, focus and drift of an image, and what may be wrong with it.",
    load: async () => (await import("./inspect.ts")).inspect,
  },
  simulate: {
    summary: "Simulate images with known ground truth from a recipe, which describes specimen, microscope and camera.",
    load: async () => (await import("./simulate.ts")).simulate,
  },
  train: {
    summary: "Train a model on z-stacks from your microscope, or on images that are simulated from a recipe.",
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
      "Find the focus of a z-stack, or the defocus of single images with a trained model, as a whole and for each region.",
    load: async () => (await import("./autofocus.ts")).autofocus,
  },
  deconvolve: {
    summary: "Deconvolve an image or a z-stack with a classical method.",
    load: async () => (await import("./deconvolve.ts")).deconvolve,
  },
  section: {
    summary: "Remove out-of-focus light, from exposures in structured light (HiLo or SIM) or with a trained model.",
    load: async () => (await import("./section.ts")).section,
  },
  fuse: {
    summary: "Fuse a z-stack into one all-in-focus image, with a depth map.",
    load: async () => (await import("./fuse.ts")).fuse,
  },
  psf: {
    summary: "Compute a microscope's point spread function from its optics, or measure it from a z-stack of beads.",
    load: async () => (await import("./psf.ts")).psf,
  },
  evaluate: {
    summary:
      "Score an output against its ground truth, compare it with the recorded input, and say whether it is sharper or only smoother.",
    load: async () => (await import("./evaluate.ts")).evaluate,
  },
  study: {
    summary:
      "Judge models on z-stacks, in comparison with the recorded planes and classical methods, and write a report: whether to use them, for what, and over which distances.",
    load: async () => (await import("./study.ts")).study,
  },
  generalise: {
    summary:
      "Test whether models work on an objective, specimen, stack or slide that they were not trained on, by leaving out one at a time.",
    load: async () => (await import("./generalise.ts")).generalise,
  },
  doctor: {
    summary:
      "Report what this machine can compute with: runtimes, devices, processor, memory and versions, and what is missing.",
    load: async () => (await import("./doctor.ts")).doctor,
  },
  demo: {
    summary:
      "Train a model on simulated beads or on part of your z-stack, refocus planes that it was not trained on, and report the scores.",
    load: async () => (await import("./demo.ts")).demo,
  },
};

export type TaskName = keyof typeof table;
/** The task of a name, with the types of its options and of its result. */
export type TaskOf<N extends TaskName> = Awaited<ReturnType<(typeof table)[N]["load"]>>;
export const taskNames = Object.keys(table) as TaskName[];
export const tasks = table as unknown as Readonly<Record<TaskName, TaskEntry>>;
