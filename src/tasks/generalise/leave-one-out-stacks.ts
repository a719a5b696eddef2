/** Recorded stacks as the data source of leave-one-out. */

import { ParfocalError } from "../../errors.ts";
import { cropStack, type Span } from "../../image/crop.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { requirePairable } from "../../image/pairable.ts";
import type { JudgedImage } from "../../study/gain-over-baseline.ts";
import { openStudiedStack } from "../../study/studied-stack.ts";
import { isSameStack } from "../../train/data/repeated-samples.ts";
import { warningsAbout } from "../../warning.ts";
import { isSeen } from "./leave-one-out-plan.ts";
import type { LeaveOneOutSource, StackKind } from "./leave-one-out-source.ts";
import { stackNames } from "./stack-names.ts";

export interface LeaveOneOutStacks {
  /** With targets where the task needs them. */
  samples: readonly NamedStack[];
  /** The slide of each stack, in order. Stacks of the same slide can be left out together. */
  slides?: readonly string[] | undefined;
}

/** Share of the longer side on which models are judged, and the smallest side of a study, pixels. */
const [judgedShare, minJudged] = [0.3, 48] as const;

/**
 * Splits every stack into a part for training and a part for judging, so that no model is judged on pixels that any
 * model was trained on, even if the stack was in its training.
 * @throws usage for a single stack, one that is given twice, or slides that do not fit; image.unfit,
 * calibration.missing for stacks that cannot be judged
 */
export function stacksSource({ samples, slides }: LeaveOneOutStacks): LeaveOneOutSource {
  if (samples.length < 2) {
    const message = `Leaving out one stack needs two stacks or more, but only ${samples.length} was given.`;
    throw new ParfocalError("usage", message, { option: "stack", got: samples.length, expected: "2 or more" });
  }
  if (slides !== undefined && slides.length !== samples.length) {
    const message = `There are ${samples.length} stacks but ${slides.length} slides. Give the name of a slide for each stack, in the same order.`;
    throw new ParfocalError("usage", message, {
      option: "slides",
      got: slides.length,
      expected: `${samples.length}`,
    });
  }
  const names = stackNames(samples.map(({ name }) => name));
  for (const [i, { stack }] of samples.entries()) {
    const same = samples.slice(0, i).findIndex((other) => isSameStack(other.stack, stack));
    if (same < 0) continue;
    const message = `${names[same]} and ${names[i]} have the same pixels, so a model trained without one would have been trained on the other. Give each stack once.`;
    throw new ParfocalError("usage", message, { option: "stack", got: names[i], expected: "different stacks" });
  }
  const parts = samples.map((sample, i) => ({ sample: { ...sample, name: names[i] }, ...partsOf(sample) }));
  const data = names.map((name, i) => ({ name, groups: { stack: name, ...(slides && { slide: slides[i] }) } }));
  const images = parts.map(({ sample: { name, stack, target }, judged }): JudgedImage => {
    const cut = (one: Stack): Stack => cropStack(one, ...judged);
    return { studied: openStudiedStack(name, cut(stack), { truth: target && cut(target) }), whole: stack };
  });
  return {
    name: `${samples.length} stacks`,
    kinds: ["stack", ...(slides ? ["slide"] : [])],
    stackKinds: parts.map(({ sample }) => kindOf(sample)),
    data,
    apart: `Models are judged on the last ${Math.round(100 * judgedShare)} % of the longer side of every stack. The rest is used for training.`,
    description: {
      stacks: parts.map(({ sample: { name }, judged: [rows, columns] }, i) => ({
        name,
        ...(slides && { slide: slides[i] }),
        judged_rows: [...rows],
        judged_columns: [...columns],
      })),
    },
    warnings: images.flatMap(({ studied: { name, warnings } }) => warningsAbout(name, warnings)),
    open: async () => ({
      data: data.map((one, i) => ({ ...one, images: [images[i]] })),
      async open(model) {
        const seen = parts.filter((_, i) => isSeen(model, data[i]));
        return {
          samples: seen.map(({ sample: { name, stack, target }, trained }) => ({
            name,
            stack: cropStack(stack, ...trained),
            ...(target && { target: cropStack(target, ...trained) }),
          })),
          close: async () => undefined,
        };
      },
    }),
  };
}

type Part = [rows: Span, columns: Span];

function partsOf({ name, stack, target }: NamedStack): { trained: Part; judged: Part } {
  const { height, width } = stack;
  if (target) requirePairable([name, stack], ["its target", target]);
  const along = Math.max(height, width);
  const kept = Math.max(minJudged, Math.round(judgedShare * along));
  const split = Math.max(0, along - kept);
  const [all, other]: [Span, Span] = [
    [0, split],
    [split, along],
  ];
  return width >= height
    ? { trained: [[0, height], all], judged: [[0, height], other] }
    : { trained: [all, [0, width]], judged: [other, [0, width]] };
}

function kindOf({ name, stack: { pixelSize, zStep, depth, optics } }: NamedStack): StackKind {
  if (pixelSize === undefined) {
    const message = `${name} has no pixel size. Give \`pixel_size <your pixel size>\` (um).`;
    throw new ParfocalError("calibration.missing", message, { path: name, what: "pixel size", option: "pixel_size" });
  }
  return { name, pixelSize: (pixelSize.y + pixelSize.x) / 2, zStep, planes: depth, optics };
}
