/** A recurrent layer whose state is an image. */
import type { Value } from "../../graph/graph.ts";
import { sigmoid, tanh } from "../../graph/operators/activations.ts";
import { conv } from "../../graph/operators/convolution.ts";
import { add, mul, sub } from "../../graph/operators/elementwise.ts";
import { slice } from "../../graph/operators/movement.ts";
import type { Parameters } from "./parameters.ts";

/**
 * Convolutional gated recurrent unit (Ballas et al., ICLR 2016, eqs. 7-10: the GRU of Cho et al. 2014 with 3x3 "same"
 * convolutions) over a sequence of images of one size, from a state of zeros:
 *
 *     z = sigmoid(Wz x + Uz h),  r = sigmoid(Wr x + Ur h),  c = tanh(W x + U (r h)),  h' = h + z (c - h)
 *
 * @param sequence at least one `[n, c, h, w]`
 * @param hidden channels of the state
 * @param present for each of the sequence `[n, 1, 1, 1]`, 1 or 0: where it is 0 the state stays exactly as it was, as
 *   if the image were not in the sequence; undefined: all images are present
 * @param name asks for `input/weights` `[3 hidden, c, 3, 3]` (z, r, candidate), `input/bias`, `gates/weights` `[2
 *   hidden, hidden, 3, 3]` (z, r) and `candidate/weights` `[hidden, hidden, 3, 3]`; the last two only for two or more
 *   images
 * @returns the state after each of them, `[n, hidden, h, w]`
 */
export function convGru(
  sequence: readonly Value[],
  hidden: number,
  present: readonly Value[] | undefined,
  name: string,
  parameters: Parameters,
): Value[] {
  const weights = parameters(`${name}/input/weights`, [3 * hidden, sequence[0].shape[1], 3, 3], "glorot");
  const bias = parameters(`${name}/input/bias`, [3 * hidden], 0);
  const part = (x: Value, start: number, end: number): Value =>
    slice(x, [{ axis: 1, start: start * hidden, end: end * hidden }]);
  const states: Value[] = [];
  for (const [i, x] of sequence.entries()) {
    const fromInput = conv(x, weights, { bias });
    const shown = (update: Value): Value => (present ? mul(update, present[i]) : update);
    if (i === 0) {
      // The state is 0, and so are its convolutions.
      const update = shown(sigmoid(part(fromInput, 0, 1)));
      states.push(mul(update, tanh(part(fromInput, 2, 3))));
      continue;
    }
    const h = states[i - 1];
    const fromState = conv(h, parameters(`${name}/gates/weights`, [2 * hidden, hidden, 3, 3], "glorot"));
    const gates = sigmoid(add(part(fromInput, 0, 2), fromState));
    const update = shown(part(gates, 0, 1));
    const kept = mul(part(gates, 1, 2), h);
    const recalled = conv(kept, parameters(`${name}/candidate/weights`, [hidden, hidden, 3, 3], "glorot"));
    const candidate = tanh(add(part(fromInput, 2, 3), recalled));
    states.push(add(h, mul(update, sub(candidate, h))));
  }
  return states;
}
