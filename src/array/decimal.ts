/** Recovers decimal numbers after arithmetic or storage with less precision. */

/**
 * The decimal with the fewest digits that lies within a relative distance of a value: 0.3249994 within 1e-5 is 0.325.
 * @param within relative, such as the precision of the format that the value was stored in
 * @param maxDigits number of digits to try, 1 to 15; the value itself is returned if none of them fits
 */
export function decimalWithin(value: number, within: number, maxDigits = 15): number {
  for (let digits = 1; digits <= maxDigits; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.abs(rounded - value) <= within * Math.abs(value)) return rounded;
  }
  return value;
}

/**
 * Removes rounding errors of sums and products in the last digits: 0.1 * 3 becomes 0.3. Only numbers near a decimal of
 * up to ten digits are changed; others, such as measured ones, are not.
 */
export function tidy(value: number): number {
  if (Number.isInteger(value)) return value;
  const rounded = Number(value.toPrecision(14));
  return rounded === Number(value.toPrecision(10)) ? rounded : value;
}

/**
 * A number that was once a float32, such as 0.32499998807907104, as the shortest decimal that is the same float32:
 * 0.325. Other numbers stay as they are.
 */
export function fromFloat32(value: number): number {
  if (Math.fround(value) !== value) return value;
  for (let digits = 1; digits < 9; digits++) {
    const rounded = Number(value.toPrecision(digits));
    if (Math.fround(rounded) === value) return rounded;
  }
  return value;
}

/**
 * Numerator and denominator, both whole and at most `maxPart`, of the fraction nearest to a positive value that its
 * continued fraction finds; exact where the value is a decimal that such a fraction can be. (Khinchin, Continued
 * Fractions, section 1.)
 */
export function fractionNear(value: number, maxPart: number): [number, number] {
  let [above, below] = exactDecimal(value);
  let [n0, d0, n1, d1] = [0n, 1n, 1n, 0n];
  const limit = BigInt(maxPart);
  while (below !== 0n) {
    const whole = above / below;
    const [n, d] = [n0 + whole * n1, d0 + whole * d1];
    if (n > limit || d > limit) {
      // The largest part of the next step that still fits: nearer than the step before it, if it is half of it or more.
      const fits = [n1 > 0n ? (limit - n0) / n1 : limit, d1 > 0n ? (limit - d0) / d1 : limit].reduce((a, b) =>
        a < b ? a : b,
      );
      if (2n * fits > whole) [n1, d1] = [n0 + fits * n1, d0 + fits * d1];
      break;
    }
    [n0, d0, n1, d1] = [n1, d1, n, d];
    [above, below] = [below, above - whole * below];
  }
  return [Number(n1), Number(d1)];
}

/** A positive number as a fraction of whole numbers: exactly the decimal that JavaScript prints for it. */
function exactDecimal(value: number): [bigint, bigint] {
  const [, whole, part = "", exponent = "0"] = /^(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/.exec(String(value)) ?? [];
  if (whole === undefined) return [0n, 1n];
  const power = Number(exponent) - part.length;
  const digits = BigInt(whole + part);
  return power >= 0 ? [digits * 10n ** BigInt(power), 1n] : [digits, 10n ** BigInt(-power)];
}
