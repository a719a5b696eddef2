/** Every method that can be trained. */
import { autofocus } from "./autofocus.ts";
import { care } from "./care.ts";
import { comi } from "./comi.ts";
import { cycleGan } from "./cycle-gan.ts";
import { deepZ } from "./deep-z.ts";
import { hidef } from "./hidef.ts";
import { pix2pix } from "./pix2pix.ts";
import { pix2pix3d } from "./pix2pix-3d.ts";
import { recurrentMz } from "./recurrent-mz.ts";
import { rlp } from "./rlp.ts";
import { sectioningCnn } from "./sectioning-cnn.ts";
import { selfSupervised } from "./self-supervised.ts";
import { unet } from "./unet.ts";

export const trainingMethods = {
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

export type MethodName = keyof typeof trainingMethods;
export const methodNames = Object.keys(trainingMethods) as MethodName[];
