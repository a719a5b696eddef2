/** "+1.2", "-0.3", and "0.0" without a sign where nothing is left of a number: for lines of text. */
export function signed(value: number, digits: number): string {
  const text = Math.abs(value).toFixed(digits);
  return `${Number(text) === 0 ? "" : value < 0 ? "-" : "+"}${text}`;
}
