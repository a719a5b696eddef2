/** Describes the training data as text, so that the same data can be recognised later. */
import { parse, stringify } from "yaml";
import { z } from "zod";
import { crc32 } from "../../image/crc32.ts";
import type { Stack } from "../../image/image.ts";
import type { NamedStack } from "../../image/named-stack.ts";

const sample = z.looseObject({ name: z.string(), crc32: z.string(), shape: z.array(z.number()) });

/** CRC-32 of the pixels, as hexadecimal. */
const checksumOf = ({ data }: Stack): string =>
  crc32([new Uint8Array(data.buffer, data.byteOffset, data.byteLength)]).toString(16);

/**
 * The recorded stacks as listed in samples.yaml of a run: names, sizes, calibration and checksums of their pixels.
 * Yields between them: see breathe.ts.
 */
export function* describeSamples(samples: readonly NamedStack[]): Generator<void, string> {
  const one = (stack: Stack) => ({
    shape: [stack.depth, stack.height, stack.width],
    ...(stack.pixelSize && { pixel_size: [stack.pixelSize.y, stack.pixelSize.x] }),
    ...(stack.zStep !== undefined && { z_step: stack.zStep }),
    ...(Object.keys(stack.optics ?? {}).length > 0 && { optics: stack.optics }),
    crc32: checksumOf(stack),
  });
  const described: unknown[] = [];
  for (const { name, stack, target, field } of samples) {
    described.push({
      name,
      ...one(stack),
      ...(target && { target: one(target) }),
      ...(field && { field: { real: checksumOf(field.real), imag: checksumOf(field.imag) } }),
    });
    yield;
  }
  return stringify(described);
}

/**
 * The differences between two descriptions, except names, since a stack may be moved or renamed.
 * @returns one entry for each changed stack, such as "a.tif: its pixels are different"; empty where the data are the
 *   same
 */
export function changedSamples(before: string, now: string): string[] {
  const [old, given] = [before, now].map((text) => z.array(sample).parse(parse(text)));
  if (old.length !== given.length) {
    const names = (list: typeof old): string => list.map(({ name }) => name).join(", ");
    return [`there were ${old.length} stacks (${names(old)}), now ${given.length} (${names(given)})`];
  }
  return old.flatMap((one, i) => changesOf(one, given[i]));
}

function changesOf({ name: before, ...old }: z.infer<typeof sample>, now: z.infer<typeof sample>): string[] {
  const text = (value: unknown): string => (value === undefined ? "not known" : JSON.stringify(value));
  const keys = [...new Set([...Object.keys(old), ...Object.keys(now)])].filter((key) => key !== "name");
  const changed = keys.filter((key) => text(old[key]) !== text(now[key]));
  // An image of another size has other pixels, which need not be mentioned.
  const reported = changed.includes("shape") ? changed.filter((key) => key !== "crc32" && key !== "field") : changed;
  if (reported.length === 0) return [];
  const sentences = reported.map((key) => {
    if (key === "crc32" || key === "field") return "its pixels are different";
    if (key !== "target") return `its ${key} was ${text(old[key])}, now ${text(now[key])}`;
    return old.target === undefined
      ? "it had no target"
      : now.target === undefined
        ? "it had a target"
        : "its target is different";
  });
  return [`${before === now.name ? before : `${now.name} (before: ${before})`}: ${sentences.join(", ")}`];
}
