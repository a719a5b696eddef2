/** The parts that vary among the names of the planes in a folder: numbers, and at most one word. */

/** Z, C and T as in an image; P is a position of the stage, p is possibly one, ? is unknown. */
export type FieldAxis = "Z" | "C" | "T" | "P" | "p" | "?";

export interface NameField {
  axis: FieldAxis;
  /** The word before the number. */
  word?: string;
  /** Its name in messages: `the number after "z"`. */
  label: string;
  /** One value for each name. */
  values: readonly (number | string)[];
  /** The unit that is written behind the number: "um", "nm". */
  unit?: string;
}

/** Whether a field has the same value in all names. */
export function isConstant({ values }: NameField): boolean {
  return values.every((value) => value === values[0]);
}
