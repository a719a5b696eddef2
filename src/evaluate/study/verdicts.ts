/** What the experiments of a study say of a candidate: each verdict a number with its threshold, in a sentence. */

import type { ScaleResult } from "./at-scales.ts";
import type { Candidate } from "./candidate.ts";
import type { DirectionJudgement, DirectionVotes } from "./direction-vote.ts";
import { type EveryPlane, isJudged, type Outcome } from "./every-plane.ts";
import type { InventionEvidence } from "./invention-evidence.ts";
import { leastHazeRemoved, leastWidthRecovered, type Nature } from "./nature.ts";

export interface Verdict {
  id: "nature" | "direction" | "inventions" | "scale" | "range" | "harm";
  question: string;
  /** One sentence, or two. */
  answer: string;
  /** undefined where the data cannot tell; the answer says why. */
  good: boolean | undefined;
  /** What was measured, with what it must reach; undefined where the data cannot tell. */
  value?: number | undefined;
  threshold: number;
  /** Of the value. */
  unit: string;
  better: "higher" | "lower";
}

export interface Evidence {
  every: EveryPlane;
  nature: Nature;
  /** Of candidates that refocus. */
  direction: DirectionJudgement | undefined;
  scales: readonly ScaleResult[];
  inventions: InventionEvidence | undefined;
}

/** All verdicts on a candidate, in the order of the report. */
export function verdictsOn(candidate: Pick<Candidate, "kind" | "task" | "range">, evidence: Evidence): Verdict[] {
  return [
    natureVerdict(candidate, evidence.nature),
    ...(candidate.task === "refocus" ? [directionVerdict(evidence.direction)] : []),
    inventionVerdict(evidence.inventions),
    // A classical method takes its PSF in um: there is no scale that it has learnt.
    ...(candidate.kind === "classical" ? [] : [scaleVerdict(evidence.scales)]),
    ...(candidate.task === "refocus" ? [rangeVerdict(candidate, evidence.every)] : []),
    harmVerdict(candidate, evidence.every),
  ];
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

function natureVerdict(
  { task }: Pick<Candidate, "task">,
  { widthRecovered, lightRecovered, hazeRemoved }: Nature,
): Verdict {
  const base = { id: "nature", question: "Does it refocus, or does it section?" } as const;
  // What makes blurred structures narrower and darker cuts their halo off: it sections.
  const darkens = lightRecovered !== undefined && lightRecovered <= 0;
  const refocuses = widthRecovered !== undefined && widthRecovered >= leastWidthRecovered && !darkens;
  const sections = hazeRemoved !== undefined && hazeRemoved >= leastHazeRemoved;
  const value = task === "refocus" ? widthRecovered : hazeRemoved;
  const threshold = task === "refocus" ? leastWidthRecovered : leastHazeRemoved;
  if (value === undefined) {
    const what =
      task === "refocus" ? "no structures whose width could be measured in and out of focus" : "no plane to be judged";
    return {
      ...base,
      answer: `It cannot be told: there are ${what}.`,
      good: undefined,
      threshold,
      unit: "",
      better: "higher",
    };
  }
  const name =
    refocuses && sections
      ? "It refocuses and sections"
      : refocuses
        ? "It refocuses"
        : sections
          ? "It sections"
          : "It does neither";
  const width =
    widthRecovered === undefined
      ? ""
      : widthRecovered < 0
        ? `blurred structures become wider (${percent(-widthRecovered)} of their excess width is added)`
        : `${percent(widthRecovered)} of the excess width of blurred structures goes${darkens && widthRecovered >= leastWidthRecovered ? ", as they become darker instead of brighter" : ""}`;
  const haze =
    hazeRemoved === undefined
      ? ""
      : hazeRemoved < 0
        ? `in focus haze grows by ${percent(-hazeRemoved)}`
        : `${percent(hazeRemoved)} of the haze goes where the image is in focus`;
  const answer = `${name}: ${[width, haze].filter((text) => text !== "").join(", and ")}.`;
  const good = task === "refocus" ? refocuses && !sections : sections;
  const promise = task === "refocus" && sections ? " Refocusing was promised, which keeps the haze." : "";
  return { ...base, answer: answer + promise, good, value, threshold, unit: "share", better: "higher" };
}

/** Share of right votes among those that moved, that both sides of focus must reach; and the share that must move at all. */
const [leastRight, leastMoved] = [0.8, 0.2];
/** Regions without which a side of focus says nothing. */
const leastRegions = 8;

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
const mostInvented = 0.02;

/** Area under the curve below which a test finds nothing to rely on. */
const leastFound = 0.8;

function inventionVerdict(found: InventionEvidence | undefined): Verdict {
  const base = {
    id: "inventions",
    question: "Does it invent?",
    threshold: mostInvented,
    unit: "share",
    better: "lower",
  } as const;
  if (found === undefined) {
    const answer =
      "It cannot be told: nothing was recorded that the outputs could be held against. Give --truth, or the optics to blur them again.";
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
    good: weak && found.share <= mostInvented ? undefined : found.share <= mostInvented,
    value: found.share,
  };
}

function scaleVerdict(scales: readonly ScaleResult[]): Verdict {
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
    `Over its input it gains ${signed(own.gain)} dB at its own scale; rescaled without telling it ${describe(untold)}` +
    (mended === undefined ? "." : `; told the pixel size, ${signed(mended)} dB at worst.`) +
    inventedInWords(own, untold);
  const value = mended ?? worst;
  return { ...base, answer, good: value > 0, value };
}

/** What is drawn at a wrong scale that was not recorded, where that is more than at the right one, and more than little. */
function inventedInWords(own: ScaleResult, untold: readonly ScaleResult[]): string {
  const worst = untold.reduce((a, b) => ((b.invented ?? 0) > (a.invented ?? 0) ? b : a));
  const { invented = 0, factor } = worst;
  if (invented <= mostInvented || invented <= 2 * (own.invented ?? 0)) return "";
  return ` Not told, at ${factor} x ${percent(invented)} of the bright structures that it draws were not recorded (${percent(own.invented ?? 0)} at its own scale).`;
}

const signed = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(1)}`;

function rangeVerdict({ range }: Pick<Candidate, "range">, { outcomes }: EveryPlane): Verdict {
  const base = {
    id: "range",
    question: "Where does it stop?",
    threshold: 0.9,
    unit: "share of its range",
    better: "higher",
  } as const;
  const usable = usableRange(outcomes);
  const tried = outcomes.filter(({ distance, inRange }) => inRange && distance !== 0);
  if (tried.length === 0 || range === undefined) {
    return { ...base, answer: "It cannot be told: no plane lies within its range.", good: undefined };
  }
  if (usable === undefined) {
    return {
      ...base,
      answer: "It may be used nowhere: already the nearest planes are worse than their inputs.",
      good: false,
      value: 0,
    };
  }
  const um = (value: number): string => `${value > 0 ? "+" : ""}${Number(value.toFixed(2))}`;
  const [low, high] = usable;
  const lowest = Math.min(...tried.map(({ distance }) => distance), 0);
  const highest = Math.max(...tried.map(({ distance }) => distance), 0);
  const share = (Math.min(high, highest) - Math.max(low, lowest)) / (highest - lowest);
  const answer = `Outputs beat their inputs from ${um(low)} to ${um(high)} um; it was made for ${um(range[0])} to ${um(range[1])} um, of which this stack has ${um(lowest)} to ${um(highest)} um.`;
  return { ...base, answer, good: share >= base.threshold, value: share };
}

/** The distances around 0 over which every output scores above its input in PSNR, um; undefined where not even the next planes do. */
export function usableRange(outcomes: readonly Outcome[]): [number, number] | undefined {
  const better = ({ scores }: Outcome): boolean => scores.output.psnr > scores.input.psnr;
  const reach = (side: readonly Outcome[]): number => {
    let end = 0;
    for (const one of side) {
      if (!better(one)) break;
      end = one.distance;
    }
    return end;
  };
  const order = [...outcomes].sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
  const [low, high] = [
    reach(order.filter(({ distance }) => distance < 0)),
    reach(order.filter(({ distance }) => distance > 0)),
  ];
  return low === 0 && high === 0 ? undefined : [low, high];
}

/** Share of outputs that may be worse than their inputs. */
const mostHarmed = 0.1;

function harmVerdict({ task }: Pick<Candidate, "task">, { outcomes, against }: EveryPlane): Verdict {
  const base = {
    id: "harm",
    question: "Does it do no harm?",
    threshold: mostHarmed,
    unit: "share",
    better: "lower",
  } as const;
  const judged = outcomes.filter(isJudged);
  if (judged.length === 0)
    return { ...base, answer: "It cannot be told: nothing was made within its range.", good: undefined };
  const lower = (key: "psnr" | "ssim"): number =>
    judged.filter(({ scores }) => scores.output[key] < scores.input[key]).length;
  const harmed = judged.filter(({ scores: { input, output } }) => output.psnr < input.psnr || output.ssim < input.ssim);
  const share = harmed.length / judged.length;
  const weak = task === "section" && against !== "truth";
  const caution = weak ? " The sharpest plane is not what sections should be; give --truth for a verdict." : "";
  const answer = `${harmed.length} of ${judged.length} outputs score below their inputs against the ${against} (${lower("psnr")} in PSNR, ${lower("ssim")} in SSIM).${caution}`;
  return { ...base, answer, good: weak ? undefined : share <= mostHarmed, value: share };
}
