/** Back-propagates holograms to about the plane of the specimen, and draws batches of patches from them. */
import { Random } from "../../array/random.ts";
import { propagate } from "../../optics/imaging/angular-spectrum.ts";
import type { ComplexField } from "../../optics/imaging/complex-field.ts";
import { inLineField } from "../../optics/imaging/in-line-field.ts";
import type { Tensors } from "../../run/runtime.ts";
import type { CommonConfig } from "../common-config.ts";
import { copyPatch, drawAugmentation, noAugmentation } from "./augmentation.ts";
import { contentSums, drawPlace } from "./content.ts";
import type { HologramSource } from "./hologram-data.ts";

/** A training example: a part of a back-propagated hologram, and the in-focus field there. */
export interface HologramExample {
  input: ComplexField;
  truth: ComplexField;
  /** Distance from the hologram to the focus, and the error of the back-propagation, um along the light. */
  distance: number;
  error: number;
}

/** Back-propagates hologram `index` of a source to `error` um beyond its focus. */
export async function exampleOf(source: HologramSource, index: number, error: number): Promise<HologramExample> {
  const { truth, holograms } = await source.focused();
  const { intensity, distance } = holograms[index];
  const sent = propagate(inLineField(intensity), source.light, distance + error);
  return { input: cutField(sent, source), truth: cutField(truth, source), distance, error };
}

function cutField(field: ComplexField, { box, height, width }: HologramSource): ComplexField {
  const cut = (data: ArrayLike<number>): Float32Array => {
    const out = new Float32Array(height * width);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) out[y * width + x] = data[(y + box.rows[0]) * field.width + x + box.columns[0]];
    return out;
  };
  return { real: cut(field.real), imag: cut(field.imag), height, width };
}

/** Maximum number of examples that a batch is drawn from. */
const maxPooled = 32;

/**
 * Batches of step t (1, 2, ...): `field` and `truth`, both `[n, 2, p, p]`. Before every step one new example joins the
 * pool, with a random source, hologram and error within +-`distance_error`, and the oldest leaves. The same step gives
 * the same batch.
 */
export function hologramBatches(
  at: (step: number) => Promise<(random: Random) => HologramSource>,
  config: Pick<CommonConfig, "seed" | "batch_size" | "patch_size" | "content_sampling" | "augment"> & {
    distance_error: number;
  },
): (step: number) => Promise<Tensors> {
  const made = new Map<number, Promise<IndexedExample>>();
  const make = async (number: number): Promise<IndexedExample> => {
    const random = new Random(config.seed).fork(number).fork(1);
    const source = (await at(number))(random);
    const { holograms } = await source.focused();
    const error = random.between(-config.distance_error, config.distance_error);
    const example = await exampleOf(source, random.integer(holograms.length), error);
    return { ...example, sums: contentSums(contrastOf(example.truth)) };
  };
  const { batch_size: n, patch_size: p } = config;
  return async (step) => {
    const oldest = Math.max(1, step - maxPooled + 1);
    for (const number of made.keys()) if (number < oldest) made.delete(number);
    const examples: IndexedExample[] = [];
    for (let number = oldest; number <= step; number++) {
      const example = made.get(number) ?? make(number);
      made.set(number, example);
      examples.push(await example);
    }
    const random = new Random(config.seed).fork(step);
    const field = new Float32Array(n * 2 * p * p);
    const truth = new Float32Array(n * 2 * p * p);
    for (let i = 0; i < n; i++) {
      const example = examples[random.integer(examples.length)];
      const { width } = example.input;
      const place = drawPlace(example.input, example.sums, config, random);
      // Fields have a normalised brightness, so only the orientation is augmented.
      const orientation = config.augment ? { ...drawAugmentation(random), gain: 1, shift: 0 } : noAugmentation;
      const start = place.y * width + place.x;
      for (const [k, part] of (["real", "imag"] as const).entries()) {
        const patch = (all: Float32Array): Float32Array => all.subarray((2 * i + k) * p * p, (2 * i + k + 1) * p * p);
        copyPatch(example.input[part] as Float32Array, start, width, p, orientation, patch(field));
        copyPatch(example.truth[part] as Float32Array, start, width, p, orientation, patch(truth));
      }
    }
    const shape = [n, 2, p, p];
    return { field: { type: "float32", shape, data: field }, truth: { type: "float32", shape, data: truth } };
  };
}

interface IndexedExample extends HologramExample {
  sums: Float64Array;
}

/** The absolute difference from an empty field, which shows where the specimen is. */
function contrastOf({ real, imag, height, width }: ComplexField) {
  const data = Float32Array.from(real, (re, i) => Math.hypot(re - 1, imag[i]));
  return { data, depth: 1, height, width };
}
