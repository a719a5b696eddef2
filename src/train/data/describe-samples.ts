/** What a training learns from, as text: to know the same data again. */
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
 * The recorded stacks, or those that validate, as a run's samples.yaml lists them: names, sizes, calibration, checksums of their pixels.
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
 * What differs between two descriptions, beside the names: a stack may be moved or called something else.
 * @returns "a.tif: its pixels are others", one for each stack; empty where the data are the same
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
  // Of another size, it is another image: that its pixels differ goes without saying.
  const told = changed.includes("shape") ? changed.filter((key) => key !== "crc32" && key !== "field") : changed;
  if (told.length === 0) return [];
  const sentences = told.map((key) => {
    if (key === "crc32" || key === "field") return "its pixels are others";
    if (key !== "target") return `its ${key} was ${text(old[key])}, now ${text(now[key])}`;
    return old.target === undefined
      ? "it had no target"
      : now.target === undefined
        ? "it had a target"
        : "its target is another one";
  });
  return [`${before === now.name ? before : `${now.name} (before: ${before})`}: ${sentences.join(", ")}`];
}
