/** One sentence on a candidate: whether to use it, for what, and over which distances. */
import { signed } from "../metrics/signed.ts";
import { type Appraisal, type Purpose, widensAt } from "./appraisal.ts";
import { type DistanceBin, type DistanceTable, margins } from "./distance-table.ts";
import { leastHazeRemoved } from "./nature.ts";
import type { Verdict } from "./verdict.ts";

export interface Headline {
  /** true: over its whole range, with nothing against it; "only": for what the sentence says; null: these data cannot tell. */
  use: true | "only" | false | null;
  /** What it is of use for; "nothing" where it is not to be used, null where it cannot be told. */
  for: Purpose | null;
  /**
   * Where it is better than the best recorded baseline, um: of refocusing, distances from the input plane to the wanted one; of sections, heights of
   * the plane above the sharpest one. Each from its first to its last distance, which may be the same. Empty where use is false.
   */
  distances_um: [number, number][];
  /** Those of them where structures become sharper, not only less noisy. */
  sharper_um: [number, number][];
  sentence: string;
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))}`;

/** "from -3.3 to -1.5 um and from +1 to +2 um". */
export function inWords(intervals: readonly (readonly [number, number])[]): string {
  const parts = intervals.map(([low, high]) =>
    low === high ? `at ${um(low)} um` : `from ${um(low)} to ${um(high)} um`,
  );
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

/**
 * The headline follows from the same table as the verdicts, and from them: it recommends without restriction only where no verdict is against it, and
 * nothing where no distance is better than what was recorded, or where structures are hallucinated.
 * @param verdicts on the same candidate, of the same table
 */
export function headline(
  table: DistanceTable,
  found: Appraisal,
  verdicts: readonly Pick<Verdict, "id" | "good" | "value">[],
): Headline {
  const no = (reason: string): Headline => ({
    use: false,
    for: "nothing",
    distances_um: [],
    sharper_um: [],
    sentence: `Do not use it: ${reason}.`,
  });
  const cannotTell = (reason: string): Headline => ({
    use: null,
    for: null,
    distances_um: [],
    sharper_um: [],
    sentence: `These data cannot tell whether to use it: ${reason}.`,
  });
  const { purpose, usable, recommendedIntervals, sharperIntervals, backgroundRemoved } = found;
  if (purpose === undefined) return cannotTell("no plane lies within its range");
  const bad = (id: Verdict["id"]): boolean => verdicts.some((one) => one.id === id && one.good === false);
  if (bad("hallucinations")) {
    const share = verdicts.find(({ id }) => id === "hallucinations")?.value;
    const scored = table.task === "refocus" || table.against === "truth";
    const more = usable.length > 0 || found.unchanged || !scored ? "" : `, and ${whyNot(table, found)}`;
    return no(
      `${share === undefined ? "many" : percent(share)} of the bright structures in its outputs were hallucinated${more}`,
    );
  }
  if (found.unchanged) return no("it gives back its input");
  if (table.task === "section") {
    if (table.against !== "truth") {
      if (backgroundRemoved === undefined)
        return cannotTell("there is no out-of-focus light to take away, and no ground truth");
      if (purpose !== "sectioning")
        return no(
          `it takes ${percent(Math.max(0, backgroundRemoved))} of the out-of-focus light away, and is no section`,
        );
      const reason = `it takes ${percent(backgroundRemoved)} of the out-of-focus light away, and there is no ground truth to say whether what is left is right`;
      return { ...cannotTell(reason), for: "sectioning" };
    }
  }
  if (usable.length === 0) return no(whyNot(table, found));
  const whole = verdicts.every(({ good }) => good !== false);
  const limits = restrictions(table, found, bad);
  const sentence = `${whole ? "Use it for" : "Use it only for"} ${purpose}, ${inWords(recommendedIntervals)}${table.task === "section" ? " from the sharpest plane" : ""}: ${whatIsGained(table, found)}.${limits}`;
  return {
    use: whole ? true : "only",
    for: purpose,
    distances_um: recommendedIntervals,
    sharper_um: sharperIntervals,
    sentence,
  };
}

/** Why no distance is of use. */
function whyNot({ task }: DistanceTable, { judged, means, widens, backgroundRemoved }: Appraisal): string {
  const best = judged.reduce((a, b) => (b.psnrGain > a.psnrGain ? b : a));
  const at = task === "section" ? `${um(best.distance)} um from the sharpest plane` : `${um(best.distance)} um`;
  const score =
    best.psnrGain > margins.psnr
      ? `where it gains PSNR over the best recorded baseline (${signed(best.psnrGain, 1)} dB at ${at}) it ${lossAt(best)}`
      : `at no distance is it better than the best recorded baseline in PSNR (best ${signed(best.psnrGain, 1)} dB, at ${at})`;
  const width = widens && means.widthRecovered !== undefined ? ", and structures become wider" : "";
  const background =
    task === "section" && backgroundRemoved !== undefined
      ? `, though it takes ${percent(Math.max(0, backgroundRemoved))} of the out-of-focus light away`
      : "";
  return `${score}${width}${background}`;
}

function lossAt(bin: DistanceBin): string {
  if (widensAt(bin)) return "makes structures wider: it smooths";
  return bin.detailDifference < 0
    ? `loses detail (${signed(bin.detailDifference, 2)}): it smooths`
    : "goes the wrong way";
}

function whatIsGained({ task }: DistanceTable, { means, purpose, backgroundRemoved }: Appraisal): string {
  const { detailDifference, contrastDifference } = means;
  const rises = detailDifference > margins.detail && contrastDifference > margins.detail;
  const notSharper = rises
    ? ", but structures do not become narrower, or hardly any region comes nearer to the wanted plane: it does not refocus"
    : ": structures do not become sharper";
  const detail =
    purpose === "denoising"
      ? `${signed(detailDifference, 2)} in detail, ${signed(contrastDifference, 2)} in its contrast${notSharper}`
      : `${signed(detailDifference, 2)} in detail`;
  const width =
    purpose === "refocusing" && means.widthRecovered !== undefined
      ? `, and ${percent(means.widthRecovered)} of the excess width of structures goes`
      : "";
  const background =
    task === "section" && backgroundRemoved !== undefined && purpose === "sectioning"
      ? `, and ${percent(backgroundRemoved)} of the out-of-focus light goes`
      : "";
  return `${signed(means.psnrGain, 1)} dB PSNR over the best recorded baseline, ${detail}${width}${background}`;
}

/** What stands against it where it is of use, in sentences. */
function restrictions(
  { task }: DistanceTable,
  { usable, judged, intervals, sharperIntervals, sharper, mostlySharper, purpose, backgroundRemoved }: Appraisal,
  bad: (id: Verdict["id"]) => boolean,
): string {
  const sentences: string[] = [];
  if (purpose === "refocusing" && sharper.length < usable.length) {
    sentences.push(
      mostlySharper
        ? `Structures become sharper ${inWords(sharperIntervals)}; at the other distances only PSNR rises.`
        : `PSNR rises ${inWords(intervals)}, but at the other distances structures do not become sharper.`,
    );
  }
  if (usable.length < judged.length) {
    sentences.push("Elsewhere what was recorded, smoothed or interpolated, is as good or better.");
  }
  if (bad("direction")) sentences.push("Not all regions go in the right direction.");
  if (bad("scale")) sentences.push("Give it images at its own scale only.");
  if (bad("given"))
    sentences.push(
      "Keep the planes that it was given as they were recorded: it changes them by more than their noise.",
    );
  if (task === "refocus" && backgroundRemoved !== undefined && backgroundRemoved >= leastHazeRemoved) {
    sentences.push(`Do not measure brightness: it takes ${percent(backgroundRemoved)} of the out-of-focus light away.`);
  }
  return sentences.map((sentence) => ` ${sentence}`).join("");
}
