/** Gauss-Legendre quadrature: exact for polynomials up to degree 2 n - 1. */

/**
 * Nodes in -1..1 and weights that add up to 2, by Newton's method on the Legendre polynomial (Press et al., Numerical
 * Recipes, 4.6).
 */
export function gaussLegendre(n: number): { points: Float64Array; weights: Float64Array } {
  const known = rules.get(n);
  if (known) return known;
  const points = new Float64Array(n);
  const weights = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    let slope = 1;
    for (let round = 0; round < 50; round++) {
      let before = 1;
      let here = x;
      for (let j = 2; j <= n; j++) [before, here] = [here, ((2 * j - 1) * x * here - (j - 1) * before) / j];
      if (n === 1) before = 1;
      slope = (n * (x * here - before)) / (x * x - 1);
      const move = here / slope;
      x -= move;
      if (Math.abs(move) < 1e-15) break;
    }
    points[i] = x;
    weights[i] = 2 / ((1 - x * x) * slope * slope);
  }
  const rule = { points, weights };
  rules.set(n, rule);
  return rule;
}

/** Cache of the rules that were requested: few, and each small. */
const rules = new Map<number, { points: Float64Array; weights: Float64Array }>();
