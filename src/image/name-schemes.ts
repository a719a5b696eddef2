/** File names of acquisition programs that contain no words for their axes. */
import { type FieldAxis, isConstant, type NameField } from "./name-field.ts";
import { stemOf } from "./split-names.ts";

interface Scheme {
  program: string;
  pattern: RegExp;
  axes: readonly FieldAxis[];
}

/** A group of a pattern for each axis. */
const schemes: readonly Scheme[] = [
  // img_<frame>_<channel>_<slice>.tif
  { program: "Micro-Manager 1.4", pattern: /^img_(\d{9})_(.*)_(\d{3,})$/, axes: ["T", "C", "Z"] },
  // Row, column, field and plane of a plate, channel, and the kinetic step.
  {
    program: "Opera or Operetta",
    pattern: /^(r\d+c\d+f\d+)p(\d+)-?ch(\d+)sk(\d+)fk\d+fl\d+$/,
    axes: ["P", "Z", "C", "T"],
  },
  // <well>_T<time>F<field>L<timeline>A<action>Z<plane>C<channel>; the action follows from the channel.
  {
    program: "CellVoyager",
    pattern: /^(.*_T)(\d{4})(F\d{3}L\d{2})A\d{2}Z(\d+)C(\d+)$/,
    axes: ["P", "T", "P", "Z", "C"],
  },
  {
    program: "Acquifer",
    pattern: /^(-\w+--PO\d+)--LO(\d+)--CO(\d+)--SL(\d+)--/,
    axes: ["P", "T", "C", "Z"],
  },
];

const meanings = { Z: "plane number", C: "channel", T: "time point", P: "position", p: "", "?": "" };

/** The fields of names that all follow one program, or undefined. */
export function schemeFields(names: readonly string[]): NameField[] | undefined {
  const stems = names.map(stemOf);
  const scheme = schemes.find(({ pattern }) => stems.every((stem) => pattern.test(stem)));
  if (!scheme) return undefined;
  const matches = stems.map((stem) => scheme.pattern.exec(stem) as RegExpExecArray);
  return scheme.axes
    .map((axis, i) => {
      const texts = matches.map((match) => match[i + 1]);
      const numbers = texts.every((text) => /^\d+$/.test(text));
      return {
        axis,
        label: `the ${meanings[axis]} in names of ${scheme.program}`,
        values: numbers ? texts.map(Number) : texts,
      };
    })
    .filter((field) => !isConstant(field));
}
