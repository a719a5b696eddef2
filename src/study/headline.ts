/** The headline of a study: whether to use a candidate, for what, and at which distances. */
import { signed } from "../array/signed.ts";
import { type Assessment, type Purpose, widensAt } from "./assessment.ts";
import { type DistanceBin, type DistanceTable, margins } from "./distance-table.ts";
import { minBackgroundRemoved } from "./effect.ts";
import type { Verdict } from "./verdict.ts";

export interface Headline {
  /**
   * true: over its whole range, with no bad verdict; "only": within the limits that the sentence names; null: these
   * data cannot tell.
   */
  use: true | "only" | false | null;
  /** What to use it for; "nothing" where it should not be used, null where the data cannot tell. */
  for: Purpose | null;
  /**
   * The intervals, in um, where it is better than the best recorded baseline. For refocusing they are distances from
   * the input plane to the target plane, for sections heights of the plane above the sharpest one. An interval runs
   * from its first to its last distance, which may be the same. Empty where `use` is false.
   */
  distances_um: [number, number][];
  /** The intervals among them where structures become sharper, not only less noisy. */
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
 * The headline follows from the verdicts and from the same table of distances. It recommends a candidate without
 * restriction only if no verdict is bad. It does not recommend a candidate that is better than what was recorded at no
 * distance, or that hallucinates structures.
 * @param verdicts on the same candidate, from the same table
 */
export function headline(
  table: DistanceTable,
  found: Assessment,
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
    sentence: `These data cannot tell whether to use it, because ${reason}.`,
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
  if (found.unchanged) return no("it returns its input unchanged");
  if (table.task === "section") {
    if (table.against !== "truth") {
      if (backgroundRemoved === undefined)
        return cannotTell("there is no out-of-focus light to remove and no ground truth to compare with");
      if (purpose !== "sectioning")
        return no(
          `it removes only ${percent(Math.max(0, backgroundRemoved))} of the out-of-focus light, so its outputs are no optical sections`,
        );
      const reason = `it removes ${percent(backgroundRemoved)} of the out-of-focus light, but there is no ground truth to show whether the rest is right`;
      return { ...cannotTell(reason), for: "sectioning" };
    }
  }
  if (usable.length === 0) return no(whyNot(table, found));
  const whole = verdicts.every(({ good }) => good !== false);
  const limits = restrictions(table, found, bad);
  const where = `${inWords(recommendedIntervals)}${table.task === "section" ? " from the sharpest plane" : ""}`;
  const sentence = `${whole ? "Use it for" : "Use it only for"} ${purpose}, ${where}. ${gainSentence(table, found)}${limits}`;
  return {
    use: whole ? true : "only",
    for: purpose,
    distances_um: recommendedIntervals,
    sharper_um: sharperIntervals,
    sentence,
  };
}

/** The reason why the candidate is useful at no distance. */
function whyNot({ task }: DistanceTable, { judged, means, widens, backgroundRemoved }: Assessment): string {
  const best = judged.reduce((a, b) => (b.psnrGain > a.psnrGain ? b : a));
  const at = task === "section" ? `${um(best.distance)} um from the sharpest plane` : `${um(best.distance)} um`;
  const score =
    best.psnrGain > margins.psnr
      ? `where its outputs gain PSNR over the best recorded baseline (${signed(best.psnrGain, 1)} dB at ${at}), ${lossAt(best)}`
      : `its outputs never have a higher PSNR than the best recorded baseline (best difference: ${signed(best.psnrGain, 1)} dB at ${at})`;
  const width = widens && means.widthRecovered !== undefined ? ", and structures become wider" : "";
  const background =
    task === "section" && backgroundRemoved !== undefined
      ? `. It removes ${percent(Math.max(0, backgroundRemoved))} of the out-of-focus light`
      : "";
  return `${score}${width}${background}`;
}

function lossAt(bin: DistanceBin): string {
  if (widensAt(bin)) return "they make structures wider, so it only smooths";
  return bin.detailDifference < 0
    ? `they lose detail (${signed(bin.detailDifference, 2)}), so it only smooths`
    : "they are refocused in the wrong direction";
}

/** A sentence on the gain in PSNR and detail at the recommended distances. */
function gainSentence({ task }: DistanceTable, { means, purpose, backgroundRemoved }: Assessment): string {
  const { detailDifference, contrastDifference } = means;
  const rises = detailDifference > margins.detail && contrastDifference > margins.detail;
  const notSharper = rises
    ? " It does not refocus: structures do not become narrower, or hardly any region comes nearer to the target plane."
    : " Structures do not become sharper.";
  const contrast = purpose === "denoising" ? ` and ${signed(contrastDifference, 2)} in the contrast of detail` : "";
  const width =
    purpose === "refocusing" && means.widthRecovered !== undefined
      ? ` Blurred structures lose ${percent(means.widthRecovered)} of their excess width.`
      : "";
  const background =
    task === "section" && backgroundRemoved !== undefined && purpose === "sectioning"
      ? ` It removes ${percent(backgroundRemoved)} of the out-of-focus light.`
      : "";
  const scores = [`${signed(means.psnrGain, 1)} dB in PSNR`, `${signed(detailDifference, 2)} in detail`].join(
    contrast === "" ? " and " : ", ",
  );
  const gain = `There its outputs differ from the best recorded baseline by ${scores}${contrast}.`;
  return `${gain}${purpose === "denoising" ? notSharper : ""}${width}${background}`;
}

/** Sentences on the limits of a candidate that is useful. */
function restrictions(
  { task }: DistanceTable,
  { usable, judged, intervals, sharperIntervals, sharper, mostlySharper, purpose, backgroundRemoved }: Assessment,
  bad: (id: Verdict["id"]) => boolean,
): string {
  const sentences: string[] = [];
  if (purpose === "refocusing" && sharper.length < usable.length) {
    sentences.push(
      mostlySharper
        ? `Structures become sharper ${inWords(sharperIntervals)}; at the other distances only PSNR rises.`
        : `PSNR rises ${inWords(intervals)}, but outside the recommended distances structures do not become sharper.`,
    );
  }
  if (usable.length < judged.length) {
    sentences.push("At all other distances the recorded planes, smoothed or interpolated, are at least as good.");
  }
  if (bad("direction")) sentences.push("Some regions are refocused in the wrong direction.");
  if (bad("scale")) sentences.push("Do not rescale images before you give them to it.");
  if (bad("given"))
    sentences.push("Do not replace its input planes by its outputs: it changes them by more than their noise.");
  if (task === "refocus" && backgroundRemoved !== undefined && backgroundRemoved >= minBackgroundRemoved) {
    sentences.push(
      `Do not measure brightness in its outputs: it removes ${percent(backgroundRemoved)} of the out-of-focus light.`,
    );
  }
  return sentences.map((sentence) => ` ${sentence}`).join("");
}
