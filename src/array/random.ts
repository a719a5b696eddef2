/**
 * Seeded random numbers: xoshiro128** (Blackman & Vigna 2018), seeded by splitmix32. Small, fast, the same on every
 * machine, and its four words of state can be stored in a checkpoint. Randomness always comes in as an argument.
 */
export class Random {
  private readonly words: Uint32Array;
  private spare: number | undefined;

  /** @param seed any finite number; the same seed gives the same sequence everywhere */
  constructor(seed: number) {
    let state = Math.floor(seed) >>> 0;
    // The upper bits matter as well: seeds above 2^32 must not collide with their remainder.
    state ^= Math.imul(Math.floor(seed / 2 ** 32) >>> 0, 0x9e3779b9);
    this.words = new Uint32Array(4);
    for (let i = 0; i < 4; i++) {
      state = (state + 0x9e3779b9) >>> 0;
      let z = state;
      z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      this.words[i] = z ^ (z >>> 15);
    }
  }

  /** A generator that goes on from a `state`. */
  static fromState(state: RandomState): Random {
    const random = new Random(0);
    random.words.set(state.words);
    random.spare = state.spare;
    return random;
  }

  /** Everything that is needed to go on from here. */
  get state(): RandomState {
    return { words: [...this.words], ...(this.spare === undefined ? {} : { spare: this.spare }) };
  }

  /** An independent generator for a part of the work, named by a number (a field, a worker, a plane). */
  fork(stream: number): Random {
    const base = this.words[0] ^ Math.imul(this.words[2], 0x85ebca6b);
    return new Random((base >>> 0) + (stream + 1) * 2 ** 32);
  }

  private next(): number {
    const s = this.words;
    const product = Math.imul(s[1], 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const t = s[1] << 9;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  /** Uniform in [0, 1), 32 bits. */
  uniform(): number {
    return this.next() / 2 ** 32;
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.uniform();
  }

  /** An integer in 0..below-1. */
  integer(below: number): number {
    return Math.floor(this.uniform() * below);
  }

  /** Standard normal (Marsaglia's polar method). */
  normal(): number {
    if (this.spare !== undefined) {
      const value = this.spare;
      this.spare = undefined;
      return value;
    }
    for (;;) {
      const u = 2 * this.uniform() - 1;
      const v = 2 * this.uniform() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        this.spare = v * factor;
        return u * factor;
      }
    }
  }

  /**
   * Poisson counts: Knuth's product below a mean of 10, where it is the faster one, else PTRS (Hormann 1993,
   * transformed rejection; made for means of 10 and above).
   */
  poisson(mean: number): number {
    if (!(mean > 0)) return 0;
    if (mean < 10) {
      const limit = Math.exp(-mean);
      let product = this.uniform();
      let count = 0;
      while (product > limit) {
        product *= this.uniform();
        count++;
      }
      return count;
    }
    const b = 0.931 + 2.53 * Math.sqrt(mean);
    const a = -0.059 + 0.02483 * b;
    const inverseAlpha = 1.1239 + 1.1328 / (b - 3.4);
    const vr = 0.9277 - 3.6224 / (b - 2);
    for (;;) {
      const u = this.uniform() - 0.5;
      const v = this.uniform();
      const us = 0.5 - Math.abs(u);
      const k = Math.floor(((2 * a) / us + b) * u + mean + 0.43);
      if (us >= 0.07 && v <= vr) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      const left = Math.log((v * inverseAlpha) / (a / (us * us) + b));
      if (left <= k * Math.log(mean) - mean - logGamma(k + 1)) return k;
    }
  }
}

/** The state of a {@link Random}: plain numbers, so that JSON can hold it. */
export interface RandomState {
  words: number[];
  spare?: number;
}

/** ln Gamma(x) for x > 0: Lanczos approximation, g = 7, 9 terms (relative error below 1e-13). */
function logGamma(x: number): number {
  const c = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  let sum = c[0];
  for (let i = 1; i < 9; i++) sum += c[i] / (x - 1 + i);
  const t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}
