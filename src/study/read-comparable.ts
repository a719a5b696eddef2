/** Reads the stacks that will be compared. Only some of them may have several channels to choose from. */
import { extentOf, type PlaneIndex } from "../image/axes.ts";
import type { Stack } from "../image/image.ts";
import { type ImageFile, readStack } from "../image/image-file.ts";

/**
 * Reads one stack of each file. A chosen channel applies only to files with several channels, since a result has one
 * channel where its ground truth may have more. The same holds for the time.
 * @throws usage where a choice is missing or out of range, and what `readStack` throws
 */
export async function readComparable(
  files: readonly ImageFile[],
  choice: Pick<PlaneIndex, "channel" | "time">,
  signal?: AbortSignal,
): Promise<Stack[]> {
  const several = (axis: string) => files.some((file) => extentOf(file, axis) > 1);
  const stacks: Stack[] = [];
  for (const file of files) {
    const of = (axis: string, index: number | undefined) =>
      several(axis) && extentOf(file, axis) === 1 ? undefined : index;
    stacks.push(
      await readStack(file, { channel: of("C", choice.channel), time: of("T", choice.time), signal, finite: true }),
    );
  }
  return stacks;
}
