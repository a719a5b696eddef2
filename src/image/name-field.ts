/** What varies among the names of the planes in a folder: numbers, and at most one word. */

/** Z, C, T as in an image; P a position of the stage; p perhaps one; ? not known. */
export type FieldAxis = "Z" | "C" | "T" | "P" | "p" | "?";

export interface NameField {
  axis: FieldAxis;
  /** The word before the number. */
  word?: string;
  /** As a sentence calls it: `the number after "z"`. */
  label: string;
  /** One for each name. */
  values: readonly (number | string)[];
  /** The unit that is written behind the number: "um", "nm". */
  unit?: string;
}

/** Whether a field has the same value in all names. */
export function isConstant({ values }: NameField): boolean {
  return values.every((value) => value === values[0]);
}
