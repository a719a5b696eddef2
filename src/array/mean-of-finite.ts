/**
 * The mean of the values that are finite: an infinite PSNR of one perfect plane must not hide what the others are.
 * @returns the mean of all where none is finite: Infinity where all are, NaN where one is NaN or there are none
 */
export function meanOfFinite(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  const counted = finite.length > 0 ? finite : values;
  return counted.reduce((sum, value) => sum + value, 0) / counted.length;
}
