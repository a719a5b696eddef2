import { type Operator, tensor } from "../operator.ts";
import type { Value } from "../value.ts";

/** An elementwise function of one input; `gradient` gives dL/dx from x, y and dL/dy. */
export function unaryOperator<A>(
  compute: (x: number, attributes: A) => number,
  gradient: (x: Value, y: Value, dy: Value, attributes: A) => Value | undefined,
): Operator<A> {
  return {
    infer: ([x]) => ({ type: "float32", shape: x.shape }),
    gradient: ({ inputs: [x], output, dy, attributes, needed }) => [
      needed[0] ? gradient(x, output, dy, attributes) : undefined,
    ],
    evaluate([x], attributes) {
      const out = new Float32Array(x.data.length);
      for (let i = 0; i < out.length; i++) out[i] = compute(x.data[i], attributes);
      return tensor(out, x.shape);
    },
  };
}
