/** The likelihood of the true defocus under an estimate with two possible signs. */
import type { Value } from "../../graph/graph.ts";
import { softplus } from "../../graph/operators/activations.ts";
import { abs, add, div, exp, log, maximum, minimum, mul, neg, sub } from "../../graph/operators/elementwise.ts";
import { slice } from "../../graph/operators/movement.ts";
import { reduceSum } from "../../graph/operators/reduction.ts";

const channel = (x: Value, c: number): Value => slice(x, [{ axis: 1, start: c, end: c + 1 }]);

/**
 * The mean negative log likelihood of the true distances d under a mixture of two Laplace distributions at m and -m,
 *
 *     p(d) = pi / 2b exp(-|d - m| / b) + (1 - pi) / 2b exp(-|d + m| / b),    pi = 1 / (1 + exp(-t)),  b = exp(s),  m = log(1 + exp(q)),
 *
 * plus the mean cross-entropy of c with whether the cell contains structure. A network that cannot know the sign can
 * output pi = 1/2 without any other penalty.
 *
 * @param output `[n, 4, h, w]`: q, t, s, c of `autofocusNetwork`
 * @param distance `[n, 1, h, w]`, divided by `distance_scale`; arbitrary where the weight is 0
 * @param weight `[n, 1, h, w]`: 1 where the distance is known, else 0
 */
export function defocusLoss(output: Value, distance: Value, weight: Value): Value {
  const [raw, t, s, c] = [0, 1, 2, 3].map((i) => channel(output, i));
  // m is never negative, so that only t decides the sign.
  const m = softplus(raw);
  // The logarithm of the scale is limited, since extreme scales make the gradients unstable.
  const bounded = maximum(minimum(s, 3), -5);
  const b = exp(bounded);
  const above = sub(neg(softplus(neg(t))), div(abs(sub(distance, m)), b));
  const below = sub(neg(softplus(t)), div(abs(add(distance, m)), b));
  // log(exp(above) + exp(below))
  const either = add(maximum(above, below), log(add(exp(neg(abs(sub(above, below)))), 1)));
  const nll = sub(bounded, either);
  const known = reduceSum(weight);
  const distances = div(reduceSum(mul(nll, weight)), maximum(known, 1));
  // -log of the predicted probability of the content label
  const content = sub(softplus(c), mul(c, weight));
  const cells = weight.shape.reduce((a, n) => a * n, 1);
  return add(distances, div(reduceSum(content), cells));
}
