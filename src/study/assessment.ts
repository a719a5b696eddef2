/** Reads off the table of distances where a candidate is better than what was recorded, and what it does there. */
import { upperMedian } from "../array/statistics.ts";
import { type DistanceBin, type DistanceTable, margins } from "./distance-table.ts";
import { minBackgroundRemoved, minWidthRecovered } from "./effect.ts";

/**
 * The direction in which the regions on one side of focus moved: nearly all towards the target plane (right), more than
 * half (mixed), fewer than half (wrong), or nowhere (unmoved).
 */
export type Direction = "right" | "mixed" | "wrong" | "unmoved" | "unknown";

/**
 * - refocusing: PSNR, detail and its contrast rise, and structures become narrower
 * - sectioning: the out-of-focus light of a plane in focus falls
 * - denoising: PSNR rises, but detail or its contrast does not, so structures do not become sharper
 * - nothing: the input is returned unchanged, or the output is better than what was recorded at no distance
 */
export type Purpose = "refocusing" | "sectioning" | "denoising" | "nothing";

export interface Assessment {
  /** Bins within range whose target plane was not among the input planes. */
  judged: DistanceBin[];
  /** Judged bins that are better than the best recorded baseline. */
  usable: DistanceBin[];
  /** First and last distance of every unbroken run of usable bins, um. */
  intervals: [number, number][];
  /** Usable bins where structures also become sharper. */
  sharper: DistanceBin[];
  /** The same as intervals, um. */
  sharperIntervals: [number, number][];
  /** Whether at least half of the usable bins are sharper. */
  mostlySharper: boolean;
  /**
   * The bins for which it is recommended: the usable ones, or for refocusing only the sharper ones if those are fewer
   * than half.
   */
  recommended: DistanceBin[];
  /** The same as intervals, um. */
  recommendedIntervals: [number, number][];
  /** Share of the judged outputs that are usable, 0..1; undefined where nothing was judged. */
  usableShare: number | undefined;
  /** Share of the judged outputs that are worse than the baseline, 0..1; undefined where nothing was judged. */
  worseShare: number | undefined;
  /** Undefined where nothing was judged. */
  purpose: Purpose | undefined;
  /** Whether the input is returned unchanged. */
  unchanged: boolean;
  /** Means over the recommended bins, or over the judged ones where no bin is recommended. */
  means: {
    psnrGain: number;
    ssimGain: number;
    detailDifference: number;
    contrastDifference: number;
    widthRecovered: number | undefined;
    brightnessRecovered: number | undefined;
  };
  /** Whether structures become wider, on average over the same bins. */
  widens: boolean;
  /** Whether structures become darker: their blurred light is cut off instead of brought back. */
  darkens: boolean;
  backgroundRemoved: number | undefined;
}

/**
 * Blurred structures count as wider if their excess width grows by more than this share. Smaller changes lie within the
 * error of fits to noisy profiles.
 */
const minWidening = 0.1;
/**
 * Below this root mean square change, as a share of the change from input to target, the input counts as returned
 * unchanged.
 */
const minChange = 0.03;

/** Whether the blurred structures of a bin become wider. */
export const widensAt = ({ widthRecovered }: Pick<DistanceBin, "widthRecovered">): boolean =>
  widthRecovered !== undefined && widthRecovered < -minWidening;

/**
 * Whether a bin is better than the best recorded baseline in PSNR, without losing SSIM or detail, without wider
 * structures, and not in the wrong direction.
 */
function isUsable(bin: DistanceBin, way: Direction): boolean {
  const { psnrGain, ssimGain, detailDifference } = bin;
  const better = psnrGain > margins.psnr && ssimGain >= -margins.ssim && detailDifference >= -margins.detail;
  return better && !widensAt(bin) && way !== "wrong";
}

/**
 * Whether structures of a usable bin become sharper: detail and its contrast rise, which denoising alone cannot
 * achieve, and structures whose width could be measured become narrower and not darker.
 */
function isSharper(bin: DistanceBin, way: Direction): boolean {
  const { detailDifference, contrastDifference, widthRecovered, brightnessRecovered } = bin;
  return (
    detailDifference > margins.detail &&
    contrastDifference > margins.detail &&
    way !== "unmoved" &&
    (widthRecovered === undefined || widthRecovered >= minWidthRecovered) &&
    (brightnessRecovered === undefined || brightnessRecovered > 0)
  );
}

/**
 * Assesses a candidate from its table of distances.
 * @param directions of regions below focus (whose distances are above 0) and above focus; not used for sections
 */
export function assess(
  { task, bins, backgroundRemoved }: DistanceTable,
  directions: { below: Direction; above: Direction } = { below: "unknown", above: "unknown" },
): Assessment {
  const directionAt = ({ distance }: DistanceBin): Direction =>
    task === "section" || distance === 0 ? "unknown" : distance > 0 ? directions.below : directions.above;
  const judged = bins.filter(({ inRange, given, n }) => inRange && !given && n > 0);
  const usable = judged.filter((bin) => isUsable(bin, directionAt(bin)));
  const sharper = usable.filter((bin) => isSharper(bin, directionAt(bin)));
  const outputs = (some: readonly DistanceBin[]): number => some.reduce((sum, { n }) => sum + n, 0);
  const share = (count: number): number | undefined => (judged.length === 0 ? undefined : count / outputs(judged));
  const worse = judged.reduce(
    (sum, bin) => sum + bin.n * (widensAt(bin) || directionAt(bin) === "wrong" ? 1 : bin.shareWorse),
    0,
  );
  const mostlySharper = sharper.length > 0 && 2 * sharper.length >= usable.length;
  const recommended = task === "refocus" && sharper.length > 0 && !mostlySharper ? sharper : usable;
  const shown = recommended.length > 0 ? recommended : judged;
  const widthRecovered = weighted(shown, "widthRecovered");
  const brightnessRecovered = weighted(shown, "brightnessRecovered");
  const changes = judged.map(({ relativeChange }) => relativeChange).filter(Number.isFinite);
  const unchanged = usable.length === 0 && changes.length > 0 && upperMedian(changes) < minChange;
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
      brightnessRecovered,
    },
    widens: task === "refocus" && widensAt({ widthRecovered }),
    darkens: brightnessRecovered !== undefined && brightnessRecovered <= 0,
    backgroundRemoved,
  };
}

function purposeOf(
  task: DistanceTable["task"],
  found: Pick<Assessment, "usable" | "sharper" | "backgroundRemoved" | "unchanged">,
): Purpose {
  const { usable, sharper, backgroundRemoved, unchanged } = found;
  if (unchanged) return "nothing";
  if (task === "section") {
    if (backgroundRemoved !== undefined && backgroundRemoved >= minBackgroundRemoved) return "sectioning";
    return usable.length > 0 ? "denoising" : "nothing";
  }
  if (usable.length === 0) return "nothing";
  return sharper.length > 0 ? "refocusing" : "denoising";
}

/**
 * Unbroken runs of bins that are in the list. Bins whose target was an input plane, and bins out of range, do not break
 * a run.
 */
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

/** Mean over the bins where the value is known, weighted by their numbers of structures. */
function weighted(bins: readonly DistanceBin[], key: "widthRecovered" | "brightnessRecovered"): number | undefined {
  let [sum, weight] = [0, 0];
  for (const bin of bins) {
    const value = bin[key];
    if (value === undefined) continue;
    sum += bin.structures * value;
    weight += bin.structures;
  }
  return weight === 0 ? undefined : sum / weight;
}
