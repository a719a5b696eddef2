/**
 * One pass of a fast Fourier transform over many lines at once.
 *
 * Stockham's self-sorting transform (Van Loan, Computational Frameworks for the Fast Fourier Transform, 1992, section
 * 1.7), decimation in frequency, for mixed radices: with n = radix x m numbers left in a line and s lines interleaved,
 * y[q + s (radix p + k)] = w(n)^(p k) sum over j of x[q + s (p + m j)] w(radix)^(j k), w(n) = exp(-2 pi i / n).
 * The lines stand side by side, so that a vector holds one number of several lines and all of them share a twiddle.
 */
import { add, type Code, type FunctionScope, type FunctionSource, int, type Variable } from "./assembler.ts";
import type { Lanes } from "./lanes.ts";

export const radices = [2, 3, 4, 5] as const;
export type Radix = (typeof radices)[number];

/**
 * The pass's parameters, in bytes where they are distances: addresses of real and imaginary input and output, of the
 * twiddles; how many p, q and vectors there are; then what one step of p, q and j moves the input, and one of p, q and
 * k the output.
 */
export type PassParameters = [
  sourceReal: number,
  sourceImag: number,
  targetReal: number,
  targetImag: number,
  twiddles: number,
  pCount: number,
  qCount: number,
  vectors: number,
  pSource: number,
  qSource: number,
  jSource: number,
  pTarget: number,
  qTarget: number,
  kTarget: number,
];

interface Complex {
  re: Code;
  im: Code;
}

/** @param twiddled false: all twiddles are 1 (the last pass), and none is read */
export function passSource(lanes: Lanes, radix: Radix, twiddled: boolean): FunctionSource {
  return {
    name: `pass${radix}${twiddled ? "" : "Bare"}`,
    parameters: 14,
    body(parameters, scope) {
      const [sr, si, tr, ti, twiddle, pCount, qCount, vectors, pSource, qSource, jSource, pTarget, qTarget, kTarget] =
        parameters;
      const [inP, outP, inQ, outQ, from, to] = Array.from({ length: 6 }, () => scope.int());
      const imagIn = scope.int();
      const imagOut = scope.int();
      const factors = Array.from({ length: twiddled ? radix - 1 : 0 }, () => complexLocal(scope));
      const points = Array.from({ length: radix }, () => complexLocal(scope));
      const at = (base: Variable, step: Variable, times: number): Code => {
        if (times === 0) return base.get;
        return add(base.get, times === 1 ? step.get : [...step.get, ...int(times), 0x6c]);
      };
      const inner: Code[] = [];
      points.forEach((point, j) => {
        const address = scope.int();
        inner.push(address.set(at(from, jSource, j)));
        inner.push(point.re.set(lanes.load(address.get)));
        inner.push(point.im.set(lanes.load(add(address.get, imagIn.get))));
      });
      const { code, results } = butterfly(lanes, scope, points);
      inner.push(...code);
      results.forEach((result, k) => {
        const address = scope.int();
        inner.push(address.set(at(to, kTarget, k)));
        const out = k > 0 && twiddled ? times(lanes, result, value(factors[k - 1])) : result;
        inner.push(lanes.store(address.get, out.re));
        inner.push(lanes.store(add(address.get, imagOut.get), out.im));
      });
      const loadFactors = factors.flatMap((factor, i) => [
        factor.re.set(lanes.loadSplat(twiddle.get, 2 * i * lanes.bytes)),
        factor.im.set(lanes.loadSplat(twiddle.get, (2 * i + 1) * lanes.bytes)),
      ]);
      return [
        imagIn.set([...si.get, ...sr.get, 0x6b]),
        imagOut.set([...ti.get, ...tr.get, 0x6b]),
        inP.set(sr.get),
        outP.set(tr.get),
        scope.repeat(
          pCount.get,
          ...loadFactors,
          inQ.set(inP.get),
          outQ.set(outP.get),
          scope.repeat(
            qCount.get,
            from.set(inQ.get),
            to.set(outQ.get),
            scope.repeat(vectors.get, ...inner, from.advance(int(16)), to.advance(int(16))),
            inQ.advance(qSource.get),
            outQ.advance(qTarget.get),
          ),
          inP.advance(pSource.get),
          outP.advance(pTarget.get),
          ...(twiddled ? [twiddle.advance(int(2 * (radix - 1) * lanes.bytes))] : []),
        ),
      ];
    },
  };
}

interface ComplexLocal {
  re: Variable;
  im: Variable;
}

const complexLocal = (scope: FunctionScope): ComplexLocal => ({ re: scope.vector(), im: scope.vector() });
const value = ({ re, im }: ComplexLocal): Complex => ({ re: re.get, im: im.get });

/** a x b; every part of both is read twice, so they should be variables. */
function times(lanes: Lanes, a: Complex, b: Complex): Complex {
  return {
    re: lanes.subtract(lanes.multiply(a.re, b.re), lanes.multiply(a.im, b.im)),
    im: lanes.add(lanes.multiply(a.re, b.im), lanes.multiply(a.im, b.re)),
  };
}

/** The transform of `radix` numbers: code that computes it, and variables that hold the results. */
function butterfly(lanes: Lanes, scope: FunctionScope, points: readonly ComplexLocal[]) {
  const code: Code[] = [];
  const keep = ({ re, im }: Complex): Complex => {
    const local = complexLocal(scope);
    code.push(local.re.set(re), local.im.set(im));
    return value(local);
  };
  const plus = (a: Complex, b: Complex) => keep({ re: lanes.add(a.re, b.re), im: lanes.add(a.im, b.im) });
  const minus = (a: Complex, b: Complex) => keep({ re: lanes.subtract(a.re, b.re), im: lanes.subtract(a.im, b.im) });
  /** a - i b and a + i b */
  const minusI = (a: Complex, b: Complex) => keep({ re: lanes.add(a.re, b.im), im: lanes.subtract(a.im, b.re) });
  const plusI = (a: Complex, b: Complex) => keep({ re: lanes.subtract(a.re, b.im), im: lanes.add(a.im, b.re) });
  const scaled = (a: Complex, factor: number): Complex => ({
    re: lanes.multiply(a.re, lanes.constant(factor)),
    im: lanes.multiply(a.im, lanes.constant(factor)),
  });
  const [a, b, c, d, e] = points.map(value);
  const transform = (): Complex[] => {
    if (points.length === 2) return [plus(a, b), minus(a, b)];
    if (points.length === 3) {
      const sum = plus(b, c);
      const middle = plus(a, scaled(sum, -0.5));
      const side = keep(scaled(minus(b, c), Math.sqrt(0.75)));
      return [plus(a, sum), minusI(middle, side), plusI(middle, side)];
    }
    if (points.length === 4) {
      const [even, evenDifference, odd, oddDifference] = [plus(a, c), minus(a, c), plus(b, d), minus(b, d)];
      return [
        plus(even, odd),
        minusI(evenDifference, oddDifference),
        minus(even, odd),
        plusI(evenDifference, oddDifference),
      ];
    }
    const [c1, c2] = [Math.cos((2 * Math.PI) / 5), Math.cos((4 * Math.PI) / 5)];
    const [s1, s2] = [Math.sin((2 * Math.PI) / 5), Math.sin((4 * Math.PI) / 5)];
    const [outer, outerDifference, inner, innerDifference] = [plus(b, e), minus(b, e), plus(c, d), minus(c, d)];
    const middle1 = plus(a, plus(scaled(outer, c1), scaled(inner, c2)));
    const middle2 = plus(a, plus(scaled(outer, c2), scaled(inner, c1)));
    const side1 = plus(scaled(outerDifference, s1), scaled(innerDifference, s2));
    const side2 = minus(scaled(outerDifference, s2), scaled(innerDifference, s1));
    return [
      plus(a, plus(outer, inner)),
      minusI(middle1, side1),
      minusI(middle2, side2),
      plusI(middle2, side2),
      plusI(middle1, side1),
    ];
  };
  const results = transform();
  return { code, results };
}
