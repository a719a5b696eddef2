/** Which figure a verdict can be seen in. */
import type { Candidate } from "./candidate.ts";
import { type Figure, slug } from "./figure.ts";
import type { Verdict } from "./verdict.ts";

/** Ids of the figures, the most telling first. */
const shownIn: Record<Verdict["id"], (name: string, task: Candidate["task"]) => string[]> = {
  nature: (name) => ["width", `profile-${name}`],
  direction: (name) => [`direction-${name}`],
  hallucinations: (name) => [`hallucinations-${name}`],
  scale: (name) => [`scales-${name}`],
  range: (_, task) => [`psnr-${task}`],
  harm: (_, task) => [`ssim-${task}`],
  given: (_, task) => [`psnr-${task}`],
};

/** The picture behind a verdict; undefined where the data allowed none. */
export function pictureBehind(
  { id }: Pick<Verdict, "id">,
  { name, task }: Pick<Candidate, "name" | "task">,
  figures: readonly Figure[],
): Figure | undefined {
  const ids = shownIn[id](slug(name), task);
  return ids.map((wanted) => figures.find((figure) => figure.id === wanted)).find((figure) => figure !== undefined);
}
