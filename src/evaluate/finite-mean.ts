/**
 * The mean of the values that are finite: a plane that equals its ground truth has an infinite PSNR, which says nothing of the other planes.
 * @returns where no value is finite, the mean of all: Infinity, or NaN
 */
export function finiteMean(values: readonly number[]): number {
  const finite = values.filter(Number.isFinite);
  const some = finite.length > 0 ? finite : values;
  return some.reduce((a, b) => a + b, 0) / some.length;
}
