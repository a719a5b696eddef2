/** Sums of rows of complex numbers, each times a row of weights: what image formation spends its time on. */
import { add, type Code, type FunctionScope, type FunctionSource, int, multiply, type Variable } from "./assembler.ts";
import type { Lanes } from "./lanes.ts";

/**
 * Two sums a and b over the same rows, with real weights, for two rows at a time that share theirs (the frequencies v
 * and -v of an even OTF): out[part][x] = sum over i of weight[i][x] source[i][part][x], parts re and im of one row, re
 * and im of the other.
 *
 * Distances in bytes: `sourcePitch` from source to source, `imagPitch` from re to im, `mirrorPitch` from one row to the
 * other; results lie `outPitch` apart. `list` is the address of `count` addresses of rows of weights, to which `offset`
 * is added. Rows need not begin at a vector's boundary; what lies beyond their end is summed as well.
 */
export function evenSumSource(lanes: Lanes): FunctionSource {
  return {
    name: "evenSum",
    parameters: 12,
    body(parameters, scope) {
      const [listA, listB, offset, sources, sourcePitch, imagPitch, mirrorPitch, outA, outB, outPitch, count, vectors] =
        parameters;
      const [a, b] = [listA, listB].map((list) => accumulator(lanes, scope, list, 4));
      const [from, mirror, at, weightAt] = [scope.int(), scope.int(), scope.int(), scope.int()];
      const row = scope.vector();
      const addresses = [from.get, add(from.get, imagPitch.get), mirror.get, add(mirror.get, imagPitch.get)];
      return [
        at.set(int(0)),
        weightAt.set(offset.get),
        scope.repeat(
          vectors.get,
          ...a.begin(),
          ...b.begin(),
          from.set(add(sources.get, at.get)),
          scope.repeat(
            count.get,
            mirror.set(add(from.get, mirrorPitch.get)),
            a.next(weightAt),
            b.next(weightAt),
            ...addresses.flatMap((address, part) => [
              row.set(lanes.load(address)),
              a.sums[part].set(lanes.add(a.sums[part].get, lanes.multiply(a.weight.get, row.get))),
              b.sums[part].set(lanes.add(b.sums[part].get, lanes.multiply(b.weight.get, row.get))),
            ]),
            from.advance(sourcePitch.get),
          ),
          ...a.store(add(outA.get, at.get), outPitch),
          ...b.store(add(outB.get, at.get), outPitch),
          at.advance(int(16)),
          weightAt.advance(int(16)),
        ),
      ];
    },
  };
}

/**
 * The same with complex weights, one sum over one row: parts re and im. `list` holds two addresses for each source, of
 * the weights' real and imaginary rows.
 */
export function complexSumSource(lanes: Lanes): FunctionSource {
  return {
    name: "complexSum",
    parameters: 9,
    body([list, offset, sources, sourcePitch, imagPitch, out, outPitch, count, vectors], scope) {
      const sum = accumulator(lanes, scope, list, 2);
      const [from, at, weightAt] = [scope.int(), scope.int(), scope.int()];
      const [re, im] = [scope.vector(), scope.vector()];
      const [sumRe, sumIm] = sum.sums;
      const times = (row: Variable) => lanes.multiply(sum.weight.get, row.get);
      return [
        at.set(int(0)),
        weightAt.set(offset.get),
        scope.repeat(
          vectors.get,
          ...sum.begin(),
          from.set(add(sources.get, at.get)),
          scope.repeat(
            count.get,
            re.set(lanes.load(from.get)),
            im.set(lanes.load(add(from.get, imagPitch.get))),
            sum.next(weightAt),
            sumRe.set(lanes.add(sumRe.get, times(re))),
            sumIm.set(lanes.add(sumIm.get, times(im))),
            sum.next(weightAt),
            sumRe.set(lanes.subtract(sumRe.get, times(im))),
            sumIm.set(lanes.add(sumIm.get, times(re))),
            from.advance(sourcePitch.get),
          ),
          ...sum.store(add(out.get, at.get), outPitch),
          at.advance(int(16)),
          weightAt.advance(int(16)),
        ),
      ];
    },
  };
}

/** Sums of several parts, and the list of their weights. */
function accumulator(lanes: Lanes, scope: FunctionScope, list: Variable, count: number) {
  const sums = Array.from({ length: count }, () => scope.vector());
  const entry = scope.int();
  const weight = scope.vector();
  const loadAddress: Code = [...entry.get, 0x28, 2, 0];
  return {
    sums,
    weight,
    begin: () => [...sums.map((sum) => sum.set(lanes.constant(0))), entry.set(list.get)],
    /** Loads the next weights, `at` bytes from the address in the list. */
    next: (at: Variable): Code => [...weight.set(lanes.load(add(loadAddress, at.get))), ...entry.advance(int(4))],
    store: (out: Code, outPitch: Variable) =>
      sums.map((sum, part) => lanes.store(add(out, multiply(outPitch.get, int(part))), sum.get)),
  };
}
