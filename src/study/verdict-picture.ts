/** Finds the figure that shows what a verdict rests on. */
import type { Candidate } from "./candidate.ts";
import { type Figure, slug } from "./figure.ts";
import type { Verdict } from "./verdict.ts";

/** Ids of the figures for each verdict, the most informative first. */
const shownIn: Record<Verdict["id"], (name: string, task: Candidate["task"]) => string[]> = {
  effect: (name) => ["width", `profile-${name}`],
  direction: (name) => [`direction-${name}`],
  hallucinations: (name) => [`hallucinations-${name}`],
  scale: (name) => [`scales-${name}`],
  range: (_, task) => [`psnr-${task}`],
  harm: (_, task) => [`ssim-${task}`],
  given: (_, task) => [`psnr-${task}`],
};

/** The figure for a verdict; undefined where the data did not allow one. */
export function pictureBehind(
  { id }: Pick<Verdict, "id">,
  { name, task }: Pick<Candidate, "name" | "task">,
  figures: readonly Figure[],
): Figure | undefined {
  const ids = shownIn[id](slug(name), task);
  return ids.map((id) => figures.find((figure) => figure.id === id)).find((figure) => figure !== undefined);
}
