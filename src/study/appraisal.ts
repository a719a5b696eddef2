/** What the table of distances says of a candidate: where it is better than what was recorded, and what it does there. */
import { upperMedian } from "../array/statistics.ts";
import { type DistanceBin, type DistanceTable, margins } from "./distance-table.ts";
import { leastHazeRemoved, leastWidthRecovered } from "./nature.ts";

/** Which way most regions of one side of focus went: nearly all towards the wanted plane, more than half of them, fewer than half, or nowhere. */
export type Way = "right" | "mixed" | "wrong" | "unmoved" | "unknown";

/**
 * - refocusing: PSNR, detail and its contrast rise, and structures become narrower
 * - sectioning: the out-of-focus light of a plane in focus falls
 * - denoising: PSNR rises, and detail or its contrast does not: structures do not become sharper
 * - nothing: it gives back its input, or no distance is better than what was recorded
 */
export type Purpose = "refocusing" | "sectioning" | "denoising" | "nothing";

export interface Appraisal {
  /** Bins within range whose wanted plane was not given. */
  judged: DistanceBin[];
  /** Of those the ones that are better than the best recorded baseline. */
  usable: DistanceBin[];
  /** From the first to the last distance of every unbroken run of usable ones, um. */
  intervals: [number, number][];
  /** Usable ones where structures become sharper, too. */
  sharper: DistanceBin[];
  /** The same as intervals. */
  sharperIntervals: [number, number][];
  /** Whether at least half of the usable ones are sharper. */
  mostlySharper: boolean;
  /** Where it is of use for its purpose: the usable ones, or of refocusing the sharper ones where those are fewer than half. */
  recommended: DistanceBin[];
  /** The same as intervals. */
  recommendedIntervals: [number, number][];
  /** Share of the judged outputs that are usable; undefined where nothing was judged. */
  usableShare: number | undefined;
  /** Share of the judged outputs that are worse than the baseline; undefined where nothing was judged. */
  worseShare: number | undefined;
  /** undefined where nothing was judged. */
  purpose: Purpose | undefined;
  /** Whether the input is given back, and so of no use. */
  unchanged: boolean;
  /** Means over the recommended bins, or over the judged ones where there are none. */
  means: {
    psnrGain: number;
    ssimGain: number;
    detailDifference: number;
    contrastDifference: number;
    widthRecovered: number | undefined;
    lightRecovered: number | undefined;
  };
  /** Whether structures become wider where it is said to be of use, or anywhere where it is of none. */
  widens: boolean;
  /** Whether they become narrower and darker: their halo is cut off, not gathered. */
  darkens: boolean;
  backgroundRemoved: number | undefined;
}

/** Blurred structures whose excess width grows by more than this share become wider; less is what fits of noisy profiles differ by. */
const leastWidened = 0.1;
/** Root mean square change, as a share of what was wanted, below which the input is given back. */
const leastChanged = 0.03;

/** Whether the blurred structures of a bin become wider than they were. */
export const widensAt = ({ widthRecovered }: Pick<DistanceBin, "widthRecovered">): boolean =>
  widthRecovered !== undefined && widthRecovered < -leastWidened;

/** Better than the best recorded baseline in PSNR, without losing SSIM or detail, making structures wider or going the wrong way: never one that is worse. */
function isUsable(bin: DistanceBin, way: Way): boolean {
  const { psnrGain, ssimGain, detailDifference } = bin;
  const better = psnrGain > margins.psnr && ssimGain >= -margins.ssim && detailDifference >= -margins.detail;
  return better && !widensAt(bin) && way !== "wrong";
}

/** Usable, and detail and its contrast rise, which denoising alone cannot do, and structures whose width could be measured become narrower and no darker. */
function isSharper(bin: DistanceBin, way: Way): boolean {
  const { detailDifference, contrastDifference, widthRecovered, lightRecovered } = bin;
  return (
    detailDifference > margins.detail &&
    contrastDifference > margins.detail &&
    way !== "unmoved" &&
    (widthRecovered === undefined || widthRecovered >= leastWidthRecovered) &&
    (lightRecovered === undefined || lightRecovered > 0)
  );
}

/**
 * @param ways of regions below focus, whose distances are above 0, and above focus; of sections nothing
 */
export function appraise(
  { task, bins, backgroundRemoved }: DistanceTable,
  ways: { below: Way; above: Way } = { below: "unknown", above: "unknown" },
): Appraisal {
  const wayOf = ({ distance }: DistanceBin): Way =>
    task === "section" || distance === 0 ? "unknown" : distance > 0 ? ways.below : ways.above;
  const judged = bins.filter(({ inRange, given, n }) => inRange && !given && n > 0);
  const usable = judged.filter((bin) => isUsable(bin, wayOf(bin)));
  const sharper = usable.filter((bin) => isSharper(bin, wayOf(bin)));
  const outputs = (some: readonly DistanceBin[]): number => some.reduce((sum, { n }) => sum + n, 0);
  const share = (count: number): number | undefined => (judged.length === 0 ? undefined : count / outputs(judged));
  const worse = judged.reduce(
    (sum, bin) => sum + bin.n * (widensAt(bin) || wayOf(bin) === "wrong" ? 1 : bin.shareWorse),
    0,
  );
  const mostlySharper = sharper.length > 0 && 2 * sharper.length >= usable.length;
  const recommended = task === "refocus" && sharper.length > 0 && !mostlySharper ? sharper : usable;
  const shown = recommended.length > 0 ? recommended : judged;
  const widthRecovered = weighted(shown, "widthRecovered");
  const lightRecovered = weighted(shown, "lightRecovered");
  const changes = judged.map(({ changed }) => changed).filter(Number.isFinite);
  const unchanged = usable.length === 0 && changes.length > 0 && upperMedian(changes) < leastChanged;
  const mean = (key: "psnrGain" | "ssimGain" | "detailDifference" | "contrastDifference"): number =>
    shown.reduce((sum, bin) => sum + bin.n * bin[key], 0) / outputs(shown);
  return {
    judged,
    usable,
    intervals: intervalsOf(bins, usable),
    sharper,
    sharperIntervals: intervalsOf(bins, sharper),
    mostlySharper,
    recommended,
    recommendedIntervals: intervalsOf(bins, recommended),
    usableShare: share(outputs(usable)),
    worseShare: share(worse),
    purpose: judged.length === 0 ? undefined : purposeOf(task, { usable, sharper, backgroundRemoved, unchanged }),
    unchanged,
    means: {
      psnrGain: mean("psnrGain"),
      ssimGain: mean("ssimGain"),
      detailDifference: mean("detailDifference"),
      contrastDifference: mean("contrastDifference"),
      widthRecovered,
      lightRecovered,
    },
    widens: task === "refocus" && widensAt({ widthRecovered }),
    darkens: lightRecovered !== undefined && lightRecovered <= 0,
    backgroundRemoved,
  };
}

function purposeOf(
  task: DistanceTable["task"],
  found: Pick<Appraisal, "usable" | "sharper" | "backgroundRemoved" | "unchanged">,
): Purpose {
  const { usable, sharper, backgroundRemoved, unchanged } = found;
  if (unchanged) return "nothing";
  if (task === "section") {
    if (backgroundRemoved !== undefined && backgroundRemoved >= leastHazeRemoved) return "sectioning";
    return usable.length > 0 ? "denoising" : "nothing";
  }
  if (usable.length === 0) return "nothing";
  return sharper.length > 0 ? "refocusing" : "denoising";
}

/** Runs of bins that are in the list; bins whose plane was given, or that lie out of range, do not break a run. */
export function intervalsOf<Bin extends Pick<DistanceBin, "distance" | "given" | "inRange">>(
  bins: readonly Bin[],
  list: readonly Bin[],
): [number, number][] {
  const found: [number, number][] = [];
  let open = false;
  for (const bin of bins) {
    if (list.includes(bin)) {
      if (open) found[found.length - 1][1] = bin.distance;
      else found.push([bin.distance, bin.distance]);
      open = true;
    } else if (!bin.given && bin.inRange) open = false;
  }
  return found;
}

/** Mean of what is known, each bin by its number of structures. */
function weighted(bins: readonly DistanceBin[], key: "widthRecovered" | "lightRecovered"): number | undefined {
  let [sum, weight] = [0, 0];
  for (const bin of bins) {
    const value = bin[key];
    if (value === undefined) continue;
    sum += bin.structures * value;
    weight += bin.structures;
  }
  return weight === 0 ? undefined : sum / weight;
}
