/**
 * Weighted sums of rows whose weights are the same on both sides of a middle one: what symmetric filters spend their
 * time on.
 */
import { add, type Code, type FunctionSource, int } from "./assembler.ts";
import type { Lanes } from "./lanes.ts";

/** Vectors that are summed together, so that addresses and weights are fetched once for all of them. */
const together = 4;

/** Numbers that a row is rounded up to. */
export const pairSumStep = (lanes: Pick<Lanes, "count">): number => together * lanes.count;

/**
 * out[x] = weight[0] middle[x] + sum over k of weight[k] (before[k][x] + after[k][x]), added in this order. `list` is
 * the address of the addresses of the rows: middle, before[1], after[1], before[2], ...; `weights` of the weights. Of a
 * row filtered along itself the addresses are those of its own numbers. At least one pair and one block of {@link
 * pairSumStep} numbers.
 */
export function pairSumSource(lanes: Lanes): FunctionSource {
  return {
    name: "pairSum",
    parameters: 5,
    body([list, weights, out, pairs, blocks], scope) {
      const [at, entry, weightAt, before, after] = Array.from({ length: 5 }, () => scope.int());
      const weight = scope.vector();
      const sums = Array.from({ length: together }, () => scope.vector());
      const rowAt = (offset: number): Code => add([...entry.get, 0x28, 2, offset], at.get);
      const [perAddress, perVector] = [4, 16];
      return [
        at.set(int(0)),
        scope.repeat(
          blocks.get,
          entry.set(list.get),
          weightAt.set(weights.get),
          weight.set(lanes.loadSplat(weightAt.get)),
          before.set(rowAt(0)),
          ...sums.map((sum, v) => sum.set(lanes.multiply(weight.get, lanes.load(before.get, v * perVector)))),
          entry.advance(int(perAddress)),
          scope.repeat(
            pairs.get,
            weightAt.advance(int(lanes.bytes)),
            weight.set(lanes.loadSplat(weightAt.get)),
            before.set(rowAt(0)),
            after.set(rowAt(perAddress)),
            entry.advance(int(2 * perAddress)),
            ...sums.map((sum, v) => {
              const both = lanes.add(lanes.load(before.get, v * perVector), lanes.load(after.get, v * perVector));
              return sum.set(lanes.add(sum.get, lanes.multiply(weight.get, both)));
            }),
          ),
          ...sums.map((sum, v) => lanes.store(add(out.get, at.get), sum.get, v * perVector)),
          at.advance(int(together * perVector)),
        ),
      ];
    },
  };
}
