/** A number with its sign for lines of text: "+1.2", "-0.3", and "0.0" where it is rounded to 0. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${Number(text) === 0 ? "" : value < 0 ? "-" : "+"}${text}`;
}
