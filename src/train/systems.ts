/** Every system that can be trained. */
import { autofocus } from "./systems/autofocus.ts";
import { care } from "./systems/care.ts";
import { comi } from "./systems/comi.ts";
import { cycleGan } from "./systems/cycle-gan.ts";
import { deepZ } from "./systems/deep-z.ts";
import { hidef } from "./systems/hidef.ts";
import { pix2pix } from "./systems/pix2pix.ts";
import { pix2pix3d } from "./systems/pix2pix-3d.ts";
import { recurrentMz } from "./systems/recurrent-mz.ts";
import { rlp } from "./systems/rlp.ts";
import { sectioningCnn } from "./systems/sectioning-cnn.ts";
import { selfSupervised } from "./systems/self-supervised.ts";
import { unet } from "./systems/unet.ts";

export const trainedSystems = {
  autofocus,
  care,
  comi,
  "cycle-gan": cycleGan,
  "deep-z": deepZ,
  hidef,
  pix2pix,
  "pix2pix-3d": pix2pix3d,
  "recurrent-mz": recurrentMz,
  rlp,
  "sectioning-cnn": sectioningCnn,
  "self-supervised": selfSupervised,
  unet,
};

export type TrainedModel = keyof typeof trainedSystems;
export const systemNames = Object.keys(trainedSystems) as TrainedModel[];
