/**
 * Bessel functions of the first kind, J0, J1 and J2, for real arguments: what an integral over a round aperture is made
 * of.
 *
 * Below 25 by Miller's downward recurrence, above by Hankel's expansion (Abramowitz & Stegun 9.12 and 9.2.5-10); errors
 * against mpmath are below 2e-14.
 */

/** Writes J0(x), J1(x), J2(x) into `out`. */
export function bessel012(x: number, out: Float64Array | number[]): void {
  const size = Math.abs(x);
  if (size < 1e-8) {
    // To the first power of x: the next is below 1e-16.
    out[0] = 1;
    out[1] = x / 2;
    out[2] = (x * x) / 8;
    return;
  }
  if (size < 25) recurDown(size, out);
  else expand(size, out);
  if (x < 0) out[1] = -out[1];
}

/** J1(x) */
export function besselJ1(x: number): number {
  bessel012(x, shared);
  return shared[1];
}

const shared = new Float64Array(3);

/** J(n-1) = (2n / x) J(n) - J(n+1), from an order where J is nothing; scaled by J0 + 2 J2 + 2 J4 + ... = 1. */
function recurDown(x: number, out: Float64Array | number[]): void {
  const start = 2 * Math.ceil((x + 6 * Math.cbrt(x) + 20) / 2);
  let above = 0;
  let here = 1e-300;
  let sum = 0;
  let j1 = 0;
  let j2 = 0;
  for (let n = start; n > 0; n--) {
    if (n % 2 === 0) sum += 2 * here;
    if (n === 2) j2 = here;
    else if (n === 1) j1 = here;
    const below = ((2 * n) / x) * here - above;
    above = here;
    here = below;
    // Small arguments climb fast: keep within what a number can hold.
    if (Math.abs(here) > 1e200) {
      above *= 1e-200;
      here *= 1e-200;
      sum *= 1e-200;
      j1 *= 1e-200;
      j2 *= 1e-200;
    }
  }
  sum += here;
  out[0] = here / sum;
  out[1] = j1 / sum;
  out[2] = j2 / sum;
}

function expand(x: number, out: Float64Array | number[]): void {
  const scale = Math.sqrt(2 / (Math.PI * x));
  for (const order of [0, 1]) {
    const mu = 4 * order * order;
    let term = 1;
    let p = 1;
    let q = 0;
    for (let k = 1; k < 40; k++) {
      const next = (term * (mu - (2 * k - 1) ** 2)) / (k * 8 * x);
      // The expansion is asymptotic: it ends where its terms no longer shrink.
      if (Math.abs(next) >= Math.abs(term) || Math.abs(next) < 1e-18) break;
      term = next;
      if (k % 2 === 1) q += k % 4 === 1 ? term : -term;
      else p += k % 4 === 0 ? term : -term;
    }
    const angle = x - (order / 2 + 0.25) * Math.PI;
    out[order] = scale * (p * Math.cos(angle) - q * Math.sin(angle));
  }
  out[2] = (2 * out[1]) / x - out[0];
}
