/** Sums of rows of complex numbers, each times a row of weights: what image formation spends its time on. */
import { add, type Code, type FunctionScope, type FunctionSource, int, multiply, type Variable } from "./assembler.ts";
import type { Lanes } from "./lanes.ts";

/**
 * Two sums a and b over the same rows, with real weights, for two rows at a time that share theirs (the frequencies v and -v
 * of an even OTF): out[part][x] = sum over i of weight[i][x] source[i][part][x], parts re and im of one row, re and im of
 * the other.
 *
 * Sources lie as `[i][part][x]`, the results as `[part][x]`. `list` is the address of `count` addresses of rows of weights.
 * Rows need not begin at a vector's boundary; what lies beyond their end is summed as well.
 */
export function evenSumSource(lanes: Lanes): FunctionSource {
  return {
    name: "evenSum",
    parameters: 9,
    body([listA, listB, sources, sourcePitch, partPitch, outA, outB, count, vectors], scope) {
      const [a, b] = [listA, listB].map((list) => accumulator(lanes, scope, list, 4));
      const { from, at, addresses, follow } = parts(scope, partPitch, 4);
      const row = scope.vector();
      return [
        at.set(int(0)),
        scope.repeat(
          vectors.get,
          ...a.begin(),
          ...b.begin(),
          from.set(add(sources.get, at.get)),
          scope.repeat(
            count.get,
            ...follow(),
            a.next(at),
            b.next(at),
            ...addresses.flatMap((address, part) => [
              row.set(lanes.load(address.get)),
              a.sums[part].set(lanes.add(a.sums[part].get, lanes.multiply(a.weight.get, row.get))),
              b.sums[part].set(lanes.add(b.sums[part].get, lanes.multiply(b.weight.get, row.get))),
            ]),
            from.advance(sourcePitch.get),
          ),
          ...a.store(add(outA.get, at.get), partPitch),
          ...b.store(add(outB.get, at.get), partPitch),
          at.advance(int(16)),
        ),
      ];
    },
  };
}

/**
 * The same with complex weights, one sum over one row: parts re and im. `list` holds two addresses for each source, of the
 * weights' real and imaginary rows.
 */
export function complexSumSource(lanes: Lanes): FunctionSource {
  return {
    name: "complexSum",
    parameters: 7,
    body([list, sources, sourcePitch, partPitch, out, count, vectors], scope) {
      const sum = accumulator(lanes, scope, list, 2);
      const { from, at, addresses, follow } = parts(scope, partPitch, 2);
      const [re, im] = [scope.vector(), scope.vector()];
      const [sumRe, sumIm] = sum.sums;
      const { weight } = sum;
      const times = (row: Variable) => lanes.multiply(weight.get, row.get);
      return [
        at.set(int(0)),
        scope.repeat(
          vectors.get,
          ...sum.begin(),
          from.set(add(sources.get, at.get)),
          scope.repeat(
            count.get,
            ...follow(),
            re.set(lanes.load(addresses[0].get)),
            im.set(lanes.load(addresses[1].get)),
            sum.next(at),
            sumRe.set(lanes.add(sumRe.get, times(re))),
            sumIm.set(lanes.add(sumIm.get, times(im))),
            sum.next(at),
            sumRe.set(lanes.subtract(sumRe.get, times(im))),
            sumIm.set(lanes.add(sumIm.get, times(re))),
            from.advance(sourcePitch.get),
          ),
          ...sum.store(add(out.get, at.get), partPitch),
          at.advance(int(16)),
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
    /** Loads the next weights, `at` bytes from the beginning of their row. */
    next: (at: Variable): Code => [...weight.set(lanes.load(add(loadAddress, at.get))), ...entry.advance(int(4))],
    store: (out: Code, partPitch: Variable) =>
      sums.map((sum, part) => lanes.store(add(out, multiply(partPitch.get, int(part))), sum.get)),
  };
}

/** Where the parts of a source are. */
function parts(scope: FunctionScope, partPitch: Variable, count: number) {
  const [from, at] = [scope.int(), scope.int()];
  const addresses = Array.from({ length: count }, (_, part) => (part === 0 ? from : scope.int()));
  const follow = () => addresses.slice(1).map((address, i) => address.set(add(addresses[i].get, partPitch.get)));
  return { from, at, addresses, follow };
}
