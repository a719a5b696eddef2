/** How well a guess of the defocus with two possible signs agrees with the truth. */
import type { Value } from "../../graph/graph.ts";
import { softplus } from "../../graph/operators/activations.ts";
import { abs, add, div, exp, log, maximum, minimum, mul, neg, sub } from "../../graph/operators/elementwise.ts";
import { slice } from "../../graph/operators/movement.ts";
import { reduceSum } from "../../graph/operators/reduction.ts";

const channel = (x: Value, c: number): Value => slice(x, [{ axis: 1, start: c, end: c + 1 }]);

/**
 * The mean negative logarithm of the likelihood of true distances d under a mixture of two Laplace distributions at m
 * and -m,
 *
 *     p(d) = pi / 2b exp(-|d - m| / b) + (1 - pi) / 2b exp(-|d + m| / b),    pi = 1 / (1 + exp(-t)),  b = exp(s),  m = log(1 + exp(q)),
 *
 * so that a network that cannot know the sign says pi = 1/2 and is punished for nothing else; and of the cross-entropy
 * of c with whether there is anything to be focused.
 *
 * @param output `[n, 4, h, w]`: q, t, s, c of `autofocusNetwork`
 * @param distance `[n, 1, h, w]`, over `distance_scale`; anything where weight is 0
 * @param weight `[n, 1, h, w]`: 1 where the distance is known, else 0
 */
export function defocusLoss(output: Value, distance: Value, weight: Value): Value {
  const [raw, t, s, c] = [0, 1, 2, 3].map((i) => channel(output, i));
  // Never negative: a size that changed its sign from cell to cell would leave no meaning to t.
  const m = softplus(raw);
  // Outside this range of scales a step of the optimiser would only chase rounding.
  const bounded = maximum(minimum(s, 3), -5);
  const b = exp(bounded);
  const above = sub(neg(softplus(neg(t))), div(abs(sub(distance, m)), b));
  const below = sub(neg(softplus(t)), div(abs(add(distance, m)), b));
  // log(exp(above) + exp(below))
  const either = add(maximum(above, below), log(add(exp(neg(abs(sub(above, below)))), 1)));
  const surprise = sub(bounded, either);
  const known = reduceSum(weight);
  const distances = div(reduceSum(mul(surprise, weight)), maximum(known, 1));
  // -log of the probability that the cell is as it is said to be
  const content = sub(softplus(c), mul(c, weight));
  const cells = weight.shape.reduce((a, n) => a * n, 1);
  return add(distances, div(reduceSum(content), cells));
}
