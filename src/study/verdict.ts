export interface Verdict {
  id: "effect" | "direction" | "hallucinations" | "scale" | "range" | "harm" | "given";
  question: string;
  /** One or two sentences. */
  answer: string;
  /** undefined where the data cannot tell; the answer says why. */
  good: boolean | undefined;
  /** The measured number, to be compared with `threshold`; undefined where the data cannot tell. */
  value?: number | undefined;
  threshold: number;
  /** Unit of `value` and `threshold`. */
  unit: string;
  better: "higher" | "lower";
}
