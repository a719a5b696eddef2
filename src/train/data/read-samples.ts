/** Reads recorded stacks to train on from files, alone or with their targets. */
import { ParfocalError } from "../../errors.ts";
import { extentOf } from "../../image/axes.ts";
import { type ImageFile, readStack } from "../../image/image-file.ts";
import type { NamedStack } from "../../image/named-stack.ts";
import { registerTarget } from "../../metrics/unregistered.ts";

/** The last name of its path. */
const nameOf = ({ path }: ImageFile): string => path.split(/[\\/]/).at(-1) ?? path;

export interface ReadSamplesOptions {
  channel?: number | undefined;
  time?: number | undefined;
  /** Files of the targets, one for each input, in the same order; default none. */
  targets?: readonly ImageFile[] | undefined;
  /** Channel of the targets; without target files, the channel of the input files that is the target. */
  targetChannel?: number | undefined;
  /** Registers each target to its input by {@link registerTarget}, and crops both to their overlap. */
  register?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Reads stacks with their targets.
 * @throws usage unless there are as many targets as inputs; what the reader throws
 */
export async function readSamples(files: readonly ImageFile[], options: ReadSamplesOptions): Promise<NamedStack[]> {
  const { channel, time, targets, targetChannel, register, signal } = options;
  if (targets !== undefined && targets.length !== files.length) {
    const message = `There are ${files.length} inputs and ${targets.length} targets. Give one target for each input, in the same order.`;
    throw new ParfocalError("usage", message, { option: "target", got: targets.length, expected: `${files.length}` });
  }
  const samples: NamedStack[] = [];
  for (const [i, file] of files.entries()) {
    const stack = await readStack(file, { channel, time, signal, finite: true });
    const source = targets?.[i] ?? (targetChannel === undefined ? undefined : file);
    const several = source !== undefined && extentOf(source, "C") > 1;
    const target =
      source && (await readStack(source, { channel: several ? targetChannel : undefined, time, signal, finite: true }));
    const sample = { name: nameOf(file), stack, target };
    samples.push(register && target ? registerTarget(sample).sample : sample);
  }
  return samples;
}
