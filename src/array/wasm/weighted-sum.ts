/** Sums of rows, each times a row of real weights: what image formation spends its time on. */
import { add, type Code, type FunctionSource, int } from "./assembler.ts";
import type { Lanes } from "./lanes.ts";

/**
 * For two complex rows that share their weights (the frequencies v and -v of an even OTF):
 * out[r][x] = sum over i of weight[i][x] source[i][r][x].
 *
 * Sources lie as `[i][re of row 0, im of row 0, re of row 1, im of row 1][x]`, the results alike. `list` holds the addresses
 * of the `count` rows of weights, as 32-bit integers.
 */
export function weightedSumSource(lanes: Lanes): FunctionSource {
  return {
    name: "weightedSum",
    parameters: 7,
    body([list, sources, sourcePitch, rowPitch, out, count, vectors], scope) {
      const [from, entry, weightAt, at] = [scope.int(), scope.int(), scope.int(), scope.int()];
      const weight = scope.vector();
      const sums = Array.from({ length: 4 }, () => scope.vector());
      const load = (address: Code): Code => [...address, 0x28, 2, 0];
      return [
        at.set(int(0)),
        scope.repeat(
          vectors.get,
          ...sums.map((sum) => sum.set(lanes.constant(0))),
          from.set(add(sources.get, at.get)),
          entry.set(list.get),
          scope.repeat(
            count.get,
            weightAt.set(add(load(entry.get), at.get)),
            weight.set(lanes.load(weightAt.get)),
            ...sums.map((sum, part) =>
              sum.set(
                lanes.add(
                  sum.get,
                  lanes.multiply(
                    weight.get,
                    lanes.load(part === 0 ? from.get : add(from.get, [...rowPitch.get, ...int(part), 0x6c])),
                  ),
                ),
              ),
            ),
            from.advance(sourcePitch.get),
            entry.advance(int(4)),
          ),
          ...sums.map((sum, part) =>
            lanes.store(add(add(out.get, at.get), [...rowPitch.get, ...int(part), 0x6c]), sum.get),
          ),
          at.advance(int(16)),
        ),
      ];
    },
  };
}
