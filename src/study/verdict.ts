/** One answer of a study about a candidate: a number with its threshold, in a sentence. */
export interface Verdict {
  id: "nature" | "direction" | "hallucinations" | "scale" | "range" | "harm" | "given";
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
