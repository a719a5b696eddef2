/** Draws patches of two kinds of images, either of the same place (paired) or of independent places (unpaired). */
import { Random } from "../../array/random.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { CommonConfig } from "../common-config.ts";
import { type Augmentation, copyPatch, drawAugmentation, noAugmentation } from "./augmentation.ts";
import { drawPlace } from "./content.ts";
import type { IndexedPair } from "./paired-data.ts";
import type { TrainingSources } from "./training-sources.ts";

type SourcesAt = TrainingSources<unknown, IndexedPair>["at"];
type Kind = "input" | "target";

/** The position of a patch in its source, and its augmentation. */
interface Cut {
  from: IndexedPair;
  /** Its first plane. */
  z: number;
  y: number;
  x: number;
  augmentation: Augmentation;
}

/**
 * The batches of a training: `image` and `target`, each `[n, 1, p, p]`, or `[n, 1, planes, p, p]` for networks that
 * take several planes. Both show the same place with the same augmentation; `content_sampling` prefers places where the
 * target has signal. The same step gives the same batch.
 *
 * @param planes planes of a sub-stack; undefined for single planes
 */
export function pairedBatches(
  at: SourcesAt,
  config: CommonConfig,
  planes?: number,
): (step: number) => Promise<Tensors> {
  return batches(at, config, planes, (choose, random) => {
    const cut = drawCut(choose(random), "target", config, planes, random);
    return { image: cut, target: cut };
  });
}

/**
 * The same as {@link pairedBatches}, but `target` is from another place and mostly from another field, for training
 * without pairs, such as CycleGAN.
 */
export function unpairedBatches(
  at: SourcesAt,
  config: CommonConfig,
  planes?: number,
): (step: number) => Promise<Tensors> {
  return batches(at, config, planes, (choose, random) => ({
    image: drawCut(choose(random), "input", config, planes, random),
    target: drawCut(choose(random), "target", config, planes, random),
  }));
}

function batches(
  at: SourcesAt,
  { batch_size: n, patch_size: p, seed }: CommonConfig,
  planes: number | undefined,
  draw: (choose: (random: Random) => IndexedPair, random: Random) => { image: Cut; target: Cut },
): (step: number) => Promise<Tensors> {
  const shape = planes === undefined ? [n, 1, p, p] : [n, 1, planes, p, p];
  const size = (planes ?? 1) * p * p;
  return async (step) => {
    const choose = await at(step);
    const random = new Random(seed).fork(step);
    const image = new Float32Array(n * size);
    const target = new Float32Array(n * size);
    for (let i = 0; i < n; i++) {
      const cuts = draw(choose, random);
      copyCut(cuts.image, "input", p, image.subarray(i * size, (i + 1) * size));
      copyCut(cuts.target, "target", p, target.subarray(i * size, (i + 1) * size));
    }
    return { image: { type: "float32", shape, data: image }, target: { type: "float32", shape, data: target } };
  };
}

function drawCut(from: IndexedPair, kind: Kind, config: CommonConfig, planes: number | undefined, random: Random): Cut {
  const { source, content } = from;
  const z = random.integer(source.depth - (planes ?? 1) + 1);
  const place = drawPlace(source, content[kind], config, random);
  return { from, z, ...place, augmentation: config.augment ? drawAugmentation(random) : noAugmentation };
}

/**
 * Copies the planes of a patch into `out`, one after another. Only inputs get the brightness shift, which stands for
 * background light; the background of targets stays 0.
 */
function copyCut({ from, z, y, x, augmentation }: Cut, kind: Kind, p: number, out: Float32Array): void {
  const { source } = from;
  const data = kind === "input" ? source.data : source.target;
  const own = kind === "input" ? augmentation : { ...augmentation, shift: 0 };
  for (let k = 0; k * p * p < out.length; k++) {
    const base = ((z + k) * source.height + y) * source.width + x;
    copyPatch(data, base, source.width, p, own, out.subarray(k * p * p, (k + 1) * p * p));
  }
}
