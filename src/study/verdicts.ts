/**
 * What the experiments of a study say of a candidate: each verdict a number with its threshold, in a sentence. Nature, range and harm follow from one
 * table of distances (distance-table.ts, appraisal.ts), so that they cannot contradict each other or the headline.
 */

import { type Appraisal, appraise, type Way } from "./appraisal.ts";
import type { ScaleResult } from "./at-scales.ts";
import type { Candidate } from "./candidate.ts";
import type { DirectionJudgement, DirectionVotes } from "./direction-vote.ts";
import { type DistanceTable, margins } from "./distance-table.ts";
import type { GivenPlane } from "./given-planes.ts";
import type { HallucinationEvidence } from "./hallucination-evidence.ts";
import { type Headline, headline, inWords } from "./headline.ts";
import { leastHazeRemoved, leastWidthRecovered } from "./nature.ts";
import type { Verdict } from "./verdict.ts";

export interface Evidence {
  table: DistanceTable;
  /** Of candidates that refocus. */
  direction: DirectionJudgement | undefined;
  scales: readonly ScaleResult[];
  hallucinations: HallucinationEvidence | undefined;
  /** Of candidates that refocus. */
  given: readonly GivenPlane[];
}

/** What is said of a candidate. */
export interface Judgement {
  headline: Headline;
  /** In the order of the report. */
  verdicts: Verdict[];
}

/** The headline and all verdicts. */
export function judge(candidate: Pick<Candidate, "kind" | "task" | "range">, evidence: Evidence): Judgement {
  const { table, direction, hallucinations, scales, given } = evidence;
  const found = appraise(table, waysOf(direction));
  const verdicts = [
    natureVerdict(table, found),
    ...(candidate.task === "refocus" ? [directionVerdict(direction)] : []),
    hallucinationVerdict(hallucinations),
    // A classical method takes its PSF in um: there is no scale that it has learnt.
    ...(candidate.kind === "classical" ? [] : [scaleVerdict(scales, found)]),
    ...(candidate.task === "refocus" ? [rangeVerdict(candidate, table, found)] : []),
    harmVerdict(table, found),
    ...(candidate.task === "refocus" && given.length > 0 ? [givenVerdict(given)] : []),
  ];
  return { headline: headline(table, found, verdicts), verdicts };
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

function natureVerdict({ task }: DistanceTable, found: Appraisal): Verdict {
  const { means, purpose, usable, mostlySharper, widens, darkens, unchanged, backgroundRemoved } = found;
  const { widthRecovered } = means;
  const value = task === "refocus" ? widthRecovered : backgroundRemoved;
  const threshold = task === "refocus" ? leastWidthRecovered : leastHazeRemoved;
  const question = "Does it refocus, or does it section?";
  const base = { id: "nature", question, threshold, unit: "share", better: "higher" } as const;
  const useless = purpose === "denoising" || purpose === "nothing";
  if (purpose === undefined || (value === undefined && !useless)) {
    const what =
      task === "refocus" && purpose !== undefined
        ? "no structures whose width could be measured in and out of focus"
        : "no plane to be judged";
    return { ...base, answer: `It cannot be told: there are ${what}.`, good: undefined };
  }
  const sections = backgroundRemoved !== undefined && backgroundRemoved >= leastHazeRemoved;
  const refocuses = purpose === "refocusing";
  const name = unchanged
    ? "It gives back its input"
    : refocuses && sections
      ? "It refocuses and sections"
      : refocuses
        ? `It refocuses${mostlySharper ? "" : " at fewer than half of the distances of use"}`
        : sections
          ? "It sections"
          : purpose === "denoising"
            ? "It takes noise away, and does neither"
            : "It does neither";
  const where = task === "refocus" && usable.length > 0 ? " where it is of use" : "";
  const width =
    widthRecovered === undefined
      ? ""
      : widens
        ? `blurred structures become wider (${percent(-widthRecovered)} of their excess width is added)`
        : `${percent(Math.max(0, widthRecovered))} of the excess width of blurred structures goes${where}${darkens && widthRecovered >= leastWidthRecovered ? ", as they become darker instead of brighter" : ""}`;
  const detail =
    task === "refocus" && !refocuses && !unchanged
      ? `against what was recorded detail changes by ${signed(means.detailDifference, 2)}, its contrast by ${signed(means.contrastDifference, 2)}`
      : "";
  const background =
    backgroundRemoved === undefined
      ? ""
      : backgroundRemoved < 0
        ? `in focus out-of-focus light grows by ${percent(-backgroundRemoved)}`
        : `${percent(backgroundRemoved)} of the out-of-focus light goes where the image is in focus`;
  const answer = `${name}: ${[width, detail, background].filter((text) => text !== "").join(", and ")}.`;
  const good = task === "refocus" ? refocuses && mostlySharper && !sections : purpose === "sectioning";
  const promise = task === "refocus" && sections ? " Refocusing was promised, which keeps the out-of-focus light." : "";
  return { ...base, answer: answer + promise, good, value };
}

/** Share of right votes among those that moved, that both sides of focus must reach; and the share that must move at all. */
const [leastRight, leastMoved] = [0.8, 0.2];
/** Regions without which a side of focus says nothing. */
const leastRegions = 8;

/** Which way the regions of each side went. */
function waysOf(found: DirectionJudgement | undefined): { below: Way; above: Way } {
  const way = (votes: DirectionVotes | undefined): Way => {
    if (votes === undefined || total(votes) < leastRegions) return "unknown";
    const moved = votes.right + votes.wrong;
    if (moved < leastMoved * total(votes)) return "unmoved";
    if (moved < leastRegions) return "unknown";
    const right = votes.right / moved;
    return right >= leastRight ? "right" : right >= 0.5 ? "mixed" : "wrong";
  };
  return { below: way(found?.below), above: way(found?.above) };
}

function directionVerdict(found: DirectionJudgement | undefined): Verdict {
  const base = {
    id: "direction",
    question: "Does it go in the right direction?",
    threshold: leastRight,
    unit: "share",
    better: "higher",
  } as const;
  const sides = found
    ? (
        [
          ["below", found.below],
          ["above", found.above],
        ] as const
      ).filter(([, votes]) => total(votes) >= leastRegions)
    : [];
  if (sides.length === 0) {
    const answer = "It cannot be told: too few regions were refocused whose opposite plane was recorded and differs.";
    return { ...base, answer, good: undefined };
  }
  const shares = sides.map(([, votes]) => (votes.right + votes.wrong) / total(votes));
  if (shares.every((moved) => moved < leastMoved)) {
    const answer = `It hardly moves: ${percent(Math.max(...shares))} of the regions came nearer to either plane.`;
    return { ...base, answer, good: false, value: 0 };
  }
  const told = sides
    .filter(([, { right, wrong }]) => right + wrong >= leastRegions)
    .map(([side, { right, wrong }]) => ({ side, right: right / (right + wrong) }));
  if (told.length === 0) return { ...base, answer: "It cannot be told: too few regions moved.", good: undefined };
  const worst = told.reduce((a, b) => (b.right < a.right ? b : a));
  const parts = told.map(
    ({ side, right }) => `${percent(right)} of the regions that moved went the right way from ${side} focus`,
  );
  const one = told.length === 1 ? " From the other side too few regions moved, or it was not recorded far enough." : "";
  return { ...base, answer: `${parts.join(", ")}.${one}`, good: worst.right >= leastRight, value: worst.right };
}

const total = ({ right, wrong, unmoved }: DirectionVotes): number => right + wrong + unmoved;

/** Share of the bright spots of the outputs that nothing in the recording explains, at most. */
const mostHallucinated = 0.02;

/** Area under the curve below which a test finds nothing to rely on. */
const leastFound = 0.8;

function hallucinationVerdict(found: HallucinationEvidence | undefined): Verdict {
  const base = {
    id: "hallucinations",
    question: "Does it hallucinate?",
    threshold: mostHallucinated,
    unit: "share",
    better: "lower",
  } as const;
  if (found === undefined) {
    const answer =
      "It cannot be told: nothing was recorded that the outputs could be held against. Give `truth`, or the optics to blur them again.";
    return { ...base, answer, good: undefined };
  }
  const { planted } = found;
  const weak = planted === undefined || planted.auc < leastFound;
  const limit =
    planted === undefined
      ? " Nothing could be planted to see what would be found: the picture is empty, or full."
      : weak
        ? ` Planted dots were hardly found either (area under the curve ${planted.auc.toFixed(2)}): this test is weak on this image.`
        : ` Planted dots are found ${
            planted.halfContrast === undefined
              ? "only where they are brighter than real structures"
              : `from ${percent(planted.halfContrast)} of the brightness of real structures`
          } (area under the curve ${planted.auc.toFixed(2)}).`;
  const answer = `${percent(found.share)} of the bright structures in its outputs are in nothing that was recorded (${found.spots} places in ${found.outputs} outputs, against ${found.against}).${limit}`;
  return {
    ...base,
    answer,
    good: weak && found.share <= mostHallucinated ? undefined : found.share <= mostHallucinated,
    value: found.share,
  };
}

function scaleVerdict(scales: readonly ScaleResult[], { usable }: Appraisal): Verdict {
  const base = {
    id: "scale",
    question: "Does it depend on the scale?",
    threshold: 0,
    unit: "dB",
    better: "higher",
  } as const;
  const known = scales.filter((one): one is ScaleResult & { gain: number } => one.gain !== undefined);
  const own = known.find(({ factor }) => factor === 1);
  const untold = known.filter(({ told, factor }) => !told && factor !== 1);
  const told = known.filter((one) => one.told);
  if (own === undefined || untold.length === 0) {
    return {
      ...base,
      answer: "It cannot be told: there is no truth to score outputs at other scales with.",
      good: undefined,
    };
  }
  const describe = (list: typeof known): string =>
    list.map(({ factor, gain }) => `${signed(gain)} dB at ${factor} x`).join(", ");
  const worst = Math.min(...untold.map(({ gain }) => gain));
  const mended = told.length === 0 ? undefined : Math.min(...told.map(({ gain }) => gain));
  const answer =
    `Over the best recorded baseline it gains ${signed(own.gain)} dB at its own scale; rescaled, without the new pixel size, ${describe(untold)}` +
    (mended === undefined ? "." : `; with the new pixel size, ${signed(mended)} dB at worst.`) +
    hallucinatedInWords(own, untold);
  const value = Math.min(own.gain, mended ?? worst);
  if (usable.length === 0 && value > 0) {
    return { ...base, answer: `${answer} At no distance is it of use, so that this says nothing.`, good: undefined };
  }
  return { ...base, answer, good: value > 0, value };
}

/** What is hallucinated at a wrong scale, where that is more than at the right one, and more than little. */
function hallucinatedInWords(own: ScaleResult, untold: readonly ScaleResult[]): string {
  const worst = untold.reduce((a, b) => ((b.hallucinated ?? 0) > (a.hallucinated ?? 0) ? b : a));
  const { hallucinated = 0, factor } = worst;
  if (hallucinated <= mostHallucinated || hallucinated <= 2 * (own.hallucinated ?? 0)) return "";
  return ` Without the pixel size, at ${factor} x ${percent(hallucinated)} of the bright structures in its outputs were hallucinated (${percent(own.hallucinated ?? 0)} at its own scale).`;
}

const signed = (value: number, digits = 1): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;

function rangeVerdict({ range }: Pick<Candidate, "range">, { bins }: DistanceTable, found: Appraisal): Verdict {
  const base = {
    id: "range",
    question: "Over which distances is it of use?",
    threshold: 0.9,
    unit: "share of its range",
    better: "higher",
  } as const;
  const { usableShare, intervals, judged } = found;
  if (usableShare === undefined || judged.length === 0) {
    return { ...base, answer: "It cannot be told: no plane lies within its range.", good: undefined };
  }
  const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))}`;
  const tried = bins.filter(({ inRange }) => inRange).map(({ distance }) => distance);
  const made =
    range === undefined
      ? ""
      : `; it was made for ${um(range[0])} to ${um(range[1])} um, of which this stack has ${um(Math.min(...tried))} to ${um(Math.max(...tried))} um`;
  const answer =
    intervals.length === 0
      ? `At none of ${judged.length} distances is it better than the best recorded baseline${made}.`
      : `It is better than the best recorded baseline ${inWords(intervals)}, in PSNR and without losing SSIM or detail (${percent(usableShare)} of the outputs)${made}.`;
  return { ...base, answer, good: usableShare >= base.threshold, value: usableShare };
}

/** Share of outputs that may be worse than the best recorded baseline. */
const mostHarmed = 0.1;

function harmVerdict({ task, against }: DistanceTable, found: Appraisal): Verdict {
  const base = {
    id: "harm",
    question: "Does it do no harm?",
    threshold: mostHarmed,
    unit: "share",
    better: "lower",
  } as const;
  const { judged, worseShare, widens } = found;
  if (worseShare === undefined)
    return { ...base, answer: "It cannot be told: nothing was made within its range.", good: undefined };
  const outputs = judged.reduce((sum, { n }) => sum + n, 0);
  const lower = (key: "psnrGain" | "ssimGain" | "detailDifference", margin: number): number =>
    judged.filter((bin) => bin[key] < -margin).reduce((sum, { n }) => sum + n, 0);
  const counts = `${lower("psnrGain", margins.psnr)} in PSNR, ${lower("ssimGain", margins.ssim)} in SSIM, ${lower("detailDifference", margins.detail)} in detail`;
  const weak = task === "section" && against !== "truth";
  const caution = weak
    ? " The sharpest plane is not what sections should be; give `truth` for a verdict."
    : widens
      ? " Structures become wider."
      : "";
  const answer = `${Math.round(worseShare * outputs)} of ${outputs} outputs are worse than the best recorded baseline, against the ${against} (${counts}${task === "refocus" ? "; wider structures and wrong directions count too" : ""}).${caution}`;
  return { ...base, answer, good: weak ? undefined : worseShare <= mostHarmed && !widens, value: worseShare };
}

/** Root mean square change of a given plane, in standard deviations of its noise, up to which it is given back: taking all noise away changes it by 1. */
const mostGivenChanged = 1.5;

function givenVerdict(given: readonly GivenPlane[]): Verdict {
  const base = {
    id: "given",
    question: "Does it give back the planes that it was given?",
    threshold: mostGivenChanged,
    unit: "times their noise",
    better: "lower",
  } as const;
  const worst = given.reduce((a, b) => (b.psnr < a.psnr ? b : a));
  const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))} um`;
  const each = given.map(
    ({ distance, psnr }) => `${um(distance)}: ${Number.isFinite(psnr) ? `PSNR ${psnr.toFixed(1)} dB` : "the same"}`,
  );
  const measured = `${each.join(", ")}; the largest deviation of a pixel is ${worst.maxDeviation.toPrecision(3)} counts`;
  const known = given.map(({ deviationInNoise }) => deviationInNoise).filter((value) => value !== undefined);
  if (known.length === 0) {
    const same = given.every(({ psnr }) => psnr === Number.POSITIVE_INFINITY);
    return same
      ? { ...base, answer: `Yes (${measured}).`, good: true, value: 0 }
      : {
          ...base,
          answer: `It cannot be told: the noise of the stack could not be estimated (${measured}).`,
          good: undefined,
        };
  }
  const value = Math.max(...known);
  const answer = `${value <= mostGivenChanged ? "Within their noise" : "Not within their noise"}: the root mean square change is ${value.toFixed(1)} times the noise (${measured}).`;
  return { ...base, answer, good: value <= mostGivenChanged, value };
}
