/** The matrix of models and data sets, of what each model gains on each over what was recorded. */
import type { VerdictTable } from "./report.ts";

/** A number of the matrix, and a word that marks it. */
export interface GainCell {
  model: string;
  data: string;
  value: number | undefined;
  /** Such as "unseen"; stands behind the number. */
  mark?: string | undefined;
}

export interface GainMatrixOptions {
  caption: string;
  /** " dB"; default none. */
  unit?: string;
  digits: number;
}

/** Above 0 is good. Models and data in the order in which they first occur; what is not known is a dash. */
export function gainMatrix(
  cells: readonly GainCell[],
  { caption, unit = "", digits }: GainMatrixOptions,
): VerdictTable {
  const data = [...new Set(cells.map((cell) => cell.data))];
  const models = [...new Set(cells.map((cell) => cell.model))];
  return {
    kind: "verdicts",
    caption,
    questions: data,
    rows: models.map((model) => ({
      label: model,
      answers: data.map((name) => {
        const cell = cells.find((one) => one.model === model && one.data === name);
        if (cell?.value === undefined || !Number.isFinite(cell.value)) return undefined;
        const text = `${signedGain(cell.value, digits)}${unit}${cell.mark === undefined ? "" : ` ${cell.mark}`}`;
        return { text, good: cell.value > 0 };
      }),
    })),
  };
}

/** "+1.2", with a true minus sign. */
export function signedGain(value: number, digits: number): string {
  const text = value.toFixed(digits);
  // Nothing has no sign.
  const sign = Number(text) === 0 ? "" : value > 0 ? "+" : "\u2212";
  return `${sign}${text.replace("-", "")}`;
}
