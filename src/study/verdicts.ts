/**
 * The verdicts of a study on one candidate. Each verdict compares one number with a threshold and says the result in a
 * sentence or two. The verdicts on effect, range and harm follow from the same table of distances (distance-table.ts,
 * assessment.ts), so that they cannot contradict each other or the headline.
 */

import { type Assessment, assess, type Direction } from "./assessment.ts";
import type { ScaleResult } from "./at-scales.ts";
import type { Candidate } from "./candidate.ts";
import type { DirectionJudgement, DirectionVotes } from "./direction-vote.ts";
import { type DistanceTable, margins } from "./distance-table.ts";
import { minBackgroundRemoved, minWidthRecovered } from "./effect.ts";
import type { GivenPlane } from "./given-planes.ts";
import type { HallucinationEvidence } from "./hallucination-evidence.ts";
import { type Headline, headline, inWords } from "./headline.ts";
import type { Verdict } from "./verdict.ts";

export interface Evidence {
  table: DistanceTable;
  /** Only for candidates that refocus. */
  direction: DirectionJudgement | undefined;
  scales: readonly ScaleResult[];
  hallucinations: HallucinationEvidence | undefined;
  /** Only for candidates that refocus. */
  given: readonly GivenPlane[];
}

/** The result for one candidate. */
export interface Judgement {
  headline: Headline;
  /** In the order of the report. */
  verdicts: Verdict[];
}

/** Derives the headline and all verdicts from the measurements. */
export function judge(candidate: Pick<Candidate, "kind" | "task" | "range">, evidence: Evidence): Judgement {
  const { table, direction, hallucinations, scales, given } = evidence;
  const found = assess(table, directionsOf(direction));
  const verdicts = [
    effectVerdict(table, found),
    ...(candidate.task === "refocus" ? [directionVerdict(direction)] : []),
    hallucinationVerdict(hallucinations),
    // A classical method gets its PSF in um, so it has not learnt any scale.
    ...(candidate.kind === "classical" ? [] : [scaleVerdict(scales, found)]),
    ...(candidate.task === "refocus" ? [rangeVerdict(candidate, table, found)] : []),
    harmVerdict(table, found),
    ...(candidate.task === "refocus" && given.length > 0 ? [givenVerdict(given)] : []),
  ];
  return { headline: headline(table, found, verdicts), verdicts };
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

function effectVerdict({ task }: DistanceTable, found: Assessment): Verdict {
  const { means, purpose, usable, mostlySharper, widens, darkens, unchanged, backgroundRemoved } = found;
  const { widthRecovered } = means;
  const value = task === "refocus" ? widthRecovered : backgroundRemoved;
  const threshold = task === "refocus" ? minWidthRecovered : minBackgroundRemoved;
  const question = "Does it refocus or section?";
  const base = { id: "effect", question, threshold, unit: "share", better: "higher" } as const;
  const useless = purpose === "denoising" || purpose === "nothing";
  if (purpose === undefined || (value === undefined && !useless)) {
    const what =
      task === "refocus" && purpose !== undefined
        ? "no structure could be measured both in and out of focus"
        : "there was no plane to judge";
    return { ...base, answer: `This could not be measured: ${what}.`, good: undefined };
  }
  const sections = backgroundRemoved !== undefined && backgroundRemoved >= minBackgroundRemoved;
  const refocuses = purpose === "refocusing";
  const name = unchanged
    ? "It returns its input unchanged"
    : refocuses && sections
      ? "It refocuses and sections"
      : refocuses
        ? `It refocuses${mostlySharper ? "" : ", but at fewer than half of the distances where it is useful"}`
        : sections
          ? "It sections"
          : purpose === "denoising"
            ? "It only removes noise"
            : "It neither refocuses nor sections";
  const where = task === "refocus" && usable.length > 0 ? " at the distances where it is useful" : "";
  const width =
    widthRecovered === undefined
      ? ""
      : widens
        ? `blurred structures become wider (their excess width grows by ${percent(-widthRecovered)})`
        : `blurred structures lose ${percent(Math.max(0, widthRecovered))} of their excess width${where}${darkens && widthRecovered >= minWidthRecovered ? ", but become darker instead of brighter" : ""}`;
  const detail =
    task === "refocus" && !refocuses && !unchanged
      ? `compared with the best recorded baseline, detail changes by ${signed(means.detailDifference, 2)} and its contrast by ${signed(means.contrastDifference, 2)}`
      : "";
  const background =
    backgroundRemoved === undefined
      ? ""
      : backgroundRemoved <= -0.005
        ? `in the plane in focus, out-of-focus light grows by ${percent(-backgroundRemoved)}`
        : `in the plane in focus, ${percent(Math.max(0, backgroundRemoved))} of the out-of-focus light is removed`;
  const answer = `${name}: ${[width, detail, background].filter((text) => text !== "").join("; ")}.`;
  const good = task === "refocus" ? refocuses && mostlySharper && !sections : purpose === "sectioning";
  const promise = task === "refocus" && sections ? " A model that refocuses should keep the out-of-focus light." : "";
  return { ...base, answer: answer + promise, good, value };
}

/**
 * On both sides of focus, at least this share of the regions that moved must have moved the right way, and at least
 * this share must have moved.
 */
const [minRightShare, minMovedShare] = [0.8, 0.2];
/** A side of focus with fewer regions is not judged. */
const minRegions = 8;

/** The direction in which the regions on each side of focus moved. */
function directionsOf(found: DirectionJudgement | undefined): { below: Direction; above: Direction } {
  const way = (votes: DirectionVotes | undefined): Direction => {
    if (votes === undefined || total(votes) < minRegions) return "unknown";
    const moved = votes.right + votes.wrong;
    if (moved < minMovedShare * total(votes)) return "unmoved";
    if (moved < minRegions) return "unknown";
    const right = votes.right / moved;
    return right >= minRightShare ? "right" : right >= 0.5 ? "mixed" : "wrong";
  };
  return { below: way(found?.below), above: way(found?.above) };
}

function directionVerdict(found: DirectionJudgement | undefined): Verdict {
  const base = {
    id: "direction",
    question: "Does it refocus in the right direction?",
    threshold: minRightShare,
    unit: "share",
    better: "higher",
  } as const;
  const sides = found
    ? (
        [
          ["below", found.below],
          ["above", found.above],
        ] as const
      ).filter(([, votes]) => total(votes) >= minRegions)
    : [];
  if (sides.length === 0) {
    const answer =
      "This could not be measured: for too few regions the plane on the opposite side was recorded and differs from the target.";
    return { ...base, answer, good: undefined };
  }
  const shares = sides.map(([, votes]) => (votes.right + votes.wrong) / total(votes));
  if (shares.every((moved) => moved < minMovedShare)) {
    const answer = `Hardly anything moves: only ${percent(Math.max(...shares))} of the regions came nearer to the target plane or to the opposite plane.`;
    return { ...base, answer, good: false, value: 0 };
  }
  const sided = sides
    .filter(([, { right, wrong }]) => right + wrong >= minRegions)
    .map(([side, { right, wrong }]) => ({ side, right: right / (right + wrong) }));
  if (sided.length === 0)
    return { ...base, answer: "This could not be measured: too few regions moved.", good: undefined };
  const worst = sided.reduce((a, b) => (b.right < a.right ? b : a));
  const parts = sided.map(
    ({ side, right }) => `Of the regions ${side} focus that moved, ${percent(right)} moved towards the target plane`,
  );
  const one = sided.length === 1 ? " On the other side too few regions moved, or too few planes were recorded." : "";
  return { ...base, answer: `${parts.join(". ")}.${one}`, good: worst.right >= minRightShare, value: worst.right };
}

const total = ({ right, wrong, unmoved }: DirectionVotes): number => right + wrong + unmoved;

/** Largest acceptable share of the bright structures of the outputs that no recorded plane explains. */
const maxHallucinated = 0.02;

/** Where the area under the ROC curve is smaller, the test cannot be relied on. */
const minAuc = 0.8;

function hallucinationVerdict(found: HallucinationEvidence | undefined): Verdict {
  const base = {
    id: "hallucinations",
    question: "Does it hallucinate?",
    threshold: maxHallucinated,
    unit: "share",
    better: "lower",
  } as const;
  if (found === undefined) {
    const answer =
      "This could not be measured: there is no recorded plane to compare the outputs with. Give `truth <your ground truth>`.";
    return { ...base, answer, good: undefined };
  }
  const { planted } = found;
  const weak = planted === undefined || planted.auc < minAuc;
  const limit =
    planted === undefined
      ? " The sensitivity of this test could not be measured: the image has no structure, or no place that is free of structure."
      : weak
        ? ` The test is weak on this image: it hardly finds dots that are planted into an output (area under the ROC curve ${planted.auc.toFixed(2)}).`
        : ` Dots that are planted into an output are found ${
            planted.halfContrast === undefined
              ? "only if they are brighter than real structures"
              : `from ${percent(planted.halfContrast)} of the brightness of real structures on`
          } (area under the ROC curve ${planted.auc.toFixed(2)}).`;
  const answer = `${percent(found.share)} of the bright structures in its outputs are missing in ${found.against} (${found.spots} places in ${found.outputs} outputs).${limit}`;
  return {
    ...base,
    answer,
    good: weak && found.share <= maxHallucinated ? undefined : found.share <= maxHallucinated,
    value: found.share,
  };
}

function scaleVerdict(scales: readonly ScaleResult[], { usable }: Assessment): Verdict {
  const base = {
    id: "scale",
    question: "Does it work at other scales?",
    threshold: 0,
    unit: "dB",
    better: "higher",
  } as const;
  const known = scales.filter((one): one is ScaleResult & { gain: number } => one.gain !== undefined);
  const own = known.find(({ factor }) => factor === 1);
  const withoutPixelSize = known.filter((one) => !one.withPixelSize && one.factor !== 1);
  const withPixelSize = known.filter((one) => one.withPixelSize);
  if (own === undefined || withoutPixelSize.length === 0) {
    return {
      ...base,
      answer: "This could not be measured: there is no ground truth to score rescaled outputs with.",
      good: undefined,
    };
  }
  const describe = (list: typeof known): string =>
    list.map(({ factor, gain }) => `${signed(gain)} dB at ${factor} x`).join(", ");
  const worst = Math.min(...withoutPixelSize.map(({ gain }) => gain));
  const lowest = withPixelSize.length === 0 ? undefined : Math.min(...withPixelSize.map(({ gain }) => gain));
  const answer =
    `Its gain in PSNR over the best recorded baseline is ${signed(own.gain)} dB at the recorded scale. On rescaled images it is ${describe(withoutPixelSize)} if the model is not given the new pixel size` +
    (lowest === undefined ? "." : `, and at least ${signed(lowest)} dB if it is.`) +
    hallucinatedInWords(own, withoutPixelSize);
  const value = Math.min(own.gain, lowest ?? worst);
  if (usable.length === 0 && value > 0) {
    return { ...base, answer: `${answer} Since it is useful at no distance, this is not judged.`, good: undefined };
  }
  return { ...base, answer, good: value > 0, value };
}

/** A sentence on hallucinations at the worst wrong scale, if there are clearly more than at the recorded scale. */
function hallucinatedInWords(own: ScaleResult, withoutPixelSize: readonly ScaleResult[]): string {
  const worst = withoutPixelSize.reduce((a, b) => ((b.hallucinated ?? 0) > (a.hallucinated ?? 0) ? b : a));
  const { hallucinated = 0, factor } = worst;
  if (hallucinated <= maxHallucinated || hallucinated <= 2 * (own.hallucinated ?? 0)) return "";
  return ` At ${factor} x and without the new pixel size, ${percent(hallucinated)} of the bright structures in its outputs were hallucinated (${percent(own.hallucinated ?? 0)} at the recorded scale).`;
}

const signed = (value: number, digits = 1): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;

function rangeVerdict({ range }: Pick<Candidate, "range">, { bins }: DistanceTable, found: Assessment): Verdict {
  const base = {
    id: "range",
    question: "Over which distances is it useful?",
    threshold: 0.9,
    unit: "share of its range",
    better: "higher",
  } as const;
  const { usableShare, intervals, judged } = found;
  if (usableShare === undefined || judged.length === 0) {
    return { ...base, answer: "This could not be measured: no plane lies within its range.", good: undefined };
  }
  const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))}`;
  const tried = bins.filter(({ inRange }) => inRange).map(({ distance }) => distance);
  const made =
    range === undefined
      ? ""
      : ` It was trained for ${um(range[0])} to ${um(range[1])} um, of which this stack covers ${um(Math.min(...tried))} to ${um(Math.max(...tried))} um.`;
  const answer =
    intervals.length === 0
      ? `It is better than the best recorded baseline at none of ${judged.length} distances.${made}`
      : `It is better than the best recorded baseline ${inWords(intervals)} (${percent(usableShare)} of its outputs): PSNR is higher, and SSIM and detail are not lower.${made}`;
  return { ...base, answer, good: usableShare >= base.threshold, value: usableShare };
}

/** Largest acceptable share of outputs that are worse than the best recorded baseline. */
const maxWorse = 0.1;

function harmVerdict({ task, against }: DistanceTable, found: Assessment): Verdict {
  const base = {
    id: "harm",
    question: "How often are its outputs worse than what was recorded?",
    threshold: maxWorse,
    unit: "share",
    better: "lower",
  } as const;
  const { judged, worseShare, widens } = found;
  if (worseShare === undefined)
    return { ...base, answer: "This could not be measured: it made no output within its range.", good: undefined };
  const outputs = judged.reduce((sum, { n }) => sum + n, 0);
  const lower = (key: "psnrGain" | "ssimGain" | "detailDifference", margin: number): number =>
    judged.filter((bin) => bin[key] < -margin).reduce((sum, { n }) => sum + n, 0);
  const counts = `${lower("psnrGain", margins.psnr)} in PSNR, ${lower("ssimGain", margins.ssim)} in SSIM, ${lower("detailDifference", margins.detail)} in detail`;
  const weak = task === "section" && against !== "truth";
  const caution = weak
    ? " The sharpest plane is no ground truth for sections. Give `truth <your ground truth>` for a verdict."
    : widens
      ? " On average, structures become wider."
      : "";
  const answer = `Compared with the ${against}, ${Math.round(worseShare * outputs)} of ${outputs} outputs are worse than the best recorded baseline (${counts}${task === "refocus" ? "; outputs with wider structures or in the wrong direction also count as worse" : ""}).${caution}`;
  return { ...base, answer, good: weak ? undefined : worseShare <= maxWorse && !widens, value: worseShare };
}

/**
 * Largest acceptable root mean square change of an input plane, in standard deviations of its noise. Removing all noise
 * changes a plane by 1.
 */
const maxGivenChange = 1.5;

function givenVerdict(given: readonly GivenPlane[]): Verdict {
  const base = {
    id: "given",
    question: "Does it keep its input planes unchanged?",
    threshold: maxGivenChange,
    unit: "times their noise",
    better: "lower",
  } as const;
  const worst = given.reduce((a, b) => (b.psnr < a.psnr ? b : a));
  const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))} um`;
  const each = given.map(
    ({ distance, psnr }) => `${um(distance)}: ${Number.isFinite(psnr) ? `PSNR ${psnr.toFixed(1)} dB` : "identical"}`,
  );
  const measured = `${each.join(", ")}; the largest change of a pixel is ${worst.maxDeviation.toPrecision(3)} counts`;
  const known = given.map(({ deviationInNoise }) => deviationInNoise).filter((value) => value !== undefined);
  if (known.length === 0) {
    const same = given.every(({ psnr }) => psnr === Number.POSITIVE_INFINITY);
    return same
      ? { ...base, answer: `Yes (${measured}).`, good: true, value: 0 }
      : {
          ...base,
          answer: `This could not be judged: the noise of the stack could not be estimated (${measured}).`,
          good: undefined,
        };
  }
  const value = Math.max(...known);
  const answer = `${value <= maxGivenChange ? "They change by no more than their noise" : "They change by more than their noise"}: the root mean square change is ${value.toFixed(1)} times the noise (${measured}).`;
  return { ...base, answer, good: value <= maxGivenChange, value };
}
