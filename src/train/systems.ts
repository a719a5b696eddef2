/** Every system that can be trained. */
import { comi } from "./systems/comi.ts";
import { cycleGan } from "./systems/cycle-gan.ts";
import { deepZ } from "./systems/deep-z.ts";
import { hidef } from "./systems/hidef.ts";
import { recurrentMz } from "./systems/recurrent-mz.ts";

export const trainedSystems = {
  comi,
  "cycle-gan": cycleGan,
  "deep-z": deepZ,
  hidef,
  "recurrent-mz": recurrentMz,
};

export type TrainedModel = keyof typeof trainedSystems;
export const systemNames = Object.keys(trainedSystems) as TrainedModel[];
