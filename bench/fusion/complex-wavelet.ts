/**
 * All-in-focus fusion by complex wavelets: Forster, Van De Ville, Berent, Sage & Unser, "Complex wavelets for extended
 * depth-of-field", Microscopy Research and Technique 65 (2004) 33-42. Written from the paper.
 */
import { planeOf, type Stack } from "../../src/image/image.ts";

/** A complex grid, `[height, width]`. */
interface Complex {
  re: Float32Array;
  im: Float32Array;
  height: number;
  width: number;
}

/** The symmetric complex Daubechies filter with six taps (Lina & Mayrand 1995); its even translates are orthonormal. */
const s15 = Math.sqrt(15);
const low = {
  re: [-3, 5, 30, 30, 5, -3].map((v) => (v * Math.SQRT2) / 64),
  im: [-1, -1, 2, 2, -1, -1].map((v) => (v * s15 * Math.SQRT2) / 64),
};
/** Alternating and conjugated: orthogonal to all even translates of the low pass. */
const high = {
  re: low.re.map((_, k) => (k % 2 === 0 ? 1 : -1) * low.re[5 - k]),
  im: low.im.map((_, k) => (k % 2 === 0 ? -1 : 1) * low.im[5 - k]),
};
type Filter = typeof low;

export interface WaveletFusion {
  /** Counts: of each pixel, the recorded value nearest to what the wavelets give. */
  image: Float32Array;
  /** The plane that value comes from. */
  depth: Float32Array;
}

/**
 * Of every coefficient the one with the largest modulus over the planes; the plane that two of three bands agree on holds for all
 * three, then the plane that most of 3 x 3 coefficients agree on; at the end each pixel gets the recorded value nearest to the
 * reconstructed one.
 * @param levels scales, each twice as coarse as the one before
 */
export function fuseByWavelets(stack: Stack, levels = 6): WaveletFusion {
  const unit = 2 ** levels;
  const [height, width] = [stack.height, stack.width].map((n) => unit * Math.ceil((n + 2 * 16) / unit));
  const place = { height, width, y0: (height - stack.height) >> 1, x0: (width - stack.width) >> 1 };
  const transforms = Array.from({ length: stack.depth }, (_, z) => forward(padded(stack, z, place), levels));
  const fused = transforms[0].map((bands, level) => {
    const all = transforms.map((transform) => transform[level]);
    if (level === levels)
      return [
        atPlanes(
          all.map(([band]) => band),
          largest(all.map(([band]) => band)),
        ),
      ];
    const chosen = bands.map((_, b) => largest(all.map((of) => of[b])));
    const agreed = majority(agree(chosen, all), bands[0].height, bands[0].width);
    return bands.map((_, b) =>
      atPlanes(
        all.map((of) => of[b]),
        agreed[b],
      ),
    );
  });
  const { re } = backward(fused);
  const image = new Float32Array(stack.height * stack.width);
  const depth = new Float32Array(image.length);
  for (let y = 0; y < stack.height; y++)
    for (let x = 0; x < stack.width; x++) {
      const [i, value] = [y * stack.width + x, re[(y + place.y0) * width + x + place.x0]];
      let least = Number.POSITIVE_INFINITY;
      for (let z = 0; z < stack.depth; z++) {
        const recorded = stack.data[z * image.length + i];
        if (Math.abs(recorded - value) >= least) continue;
        least = Math.abs(recorded - value);
        image[i] = recorded;
        depth[i] = z;
      }
    }
  return { image, depth };
}

/** A plane with its mirror image around it. */
function padded(
  stack: Stack,
  z: number,
  { height, width, y0, x0 }: { height: number; width: number; y0: number; x0: number },
): Complex {
  const { data } = planeOf(stack, z);
  const re = new Float32Array(height * width);
  const mirror = (i: number, n: number) => {
    const k = ((i % (2 * n)) + 2 * n) % (2 * n);
    return k < n ? k : 2 * n - 1 - k;
  };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      re[y * width + x] = data[mirror(y - y0, stack.height) * stack.width + mirror(x - x0, stack.width)];
  return { re, im: new Float32Array(re.length), height, width };
}

/** Three bands for each level, from fine to coarse, and at the end the low-pass band alone. */
function forward(image: Complex, levels: number): Complex[][] {
  const out: Complex[][] = [];
  let rest = image;
  for (let level = 0; level < levels; level++) {
    const [left, right] = [low, high].map((filter) => transposed(halved(rest, filter)));
    const [ll, lh, hl, hh] = [left, right].flatMap((half) =>
      [low, high].map((filter) => transposed(halved(half, filter))),
    );
    out.push([lh, hl, hh]);
    rest = ll;
  }
  return [...out, [rest]];
}

function backward(bands: Complex[][]): Complex {
  let [rest] = bands[bands.length - 1];
  for (let level = bands.length - 2; level >= 0; level--) {
    const [lh, hl, hh] = bands[level];
    const left = transposed(sum(doubled(transposed(rest), low), doubled(transposed(lh), high)));
    const right = transposed(sum(doubled(transposed(hl), low), doubled(transposed(hh), high)));
    rest = sum(doubled(left, low), doubled(right, high));
  }
  return rest;
}

/** Products with the translates of a filter by 0, 2, 4, ... along each row; rows wrap. */
function halved({ re, im, height, width }: Complex, filter: Filter): Complex {
  const half = width / 2;
  const out = { re: new Float32Array(height * half), im: new Float32Array(height * half), height, width: half };
  for (let y = 0; y < height; y++)
    for (let k = 0; k < half; k++) {
      let [a, b] = [0, 0];
      for (let t = 0; t < 6; t++) {
        const i = y * width + ((2 * k + t) % width);
        a += re[i] * filter.re[t] + im[i] * filter.im[t];
        b += im[i] * filter.re[t] - re[i] * filter.im[t];
      }
      out.re[y * half + k] = a;
      out.im[y * half + k] = b;
    }
  return out;
}

/** The adjoint of {@link halved}, which is its inverse on the range, as the translates are orthonormal. */
function doubled({ re, im, height, width: half }: Complex, filter: Filter): Complex {
  const width = 2 * half;
  const out = { re: new Float32Array(height * width), im: new Float32Array(height * width), height, width };
  for (let y = 0; y < height; y++)
    for (let k = 0; k < half; k++) {
      const j = y * half + k;
      for (let t = 0; t < 6; t++) {
        const i = y * width + ((2 * k + t) % width);
        out.re[i] += re[j] * filter.re[t] - im[j] * filter.im[t];
        out.im[i] += re[j] * filter.im[t] + im[j] * filter.re[t];
      }
    }
  return out;
}

function transposed({ re, im, height, width }: Complex): Complex {
  const out = { re: new Float32Array(re.length), im: new Float32Array(re.length), height: width, width: height };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      out.re[x * height + y] = re[y * width + x];
      out.im[x * height + y] = im[y * width + x];
    }
  return out;
}

const sum = (a: Complex, b: Complex): Complex => ({
  ...a,
  re: a.re.map((v, i) => v + b.re[i]),
  im: a.im.map((v, i) => v + b.im[i]),
});

const power = ({ re, im }: Complex, i: number): number => re[i] ** 2 + im[i] ** 2;

/** The plane with the largest modulus. */
function largest(planes: readonly Complex[]): Uint16Array {
  return Uint16Array.from(planes[0].re, (_, i) => {
    let best = 0;
    for (let z = 1; z < planes.length; z++) if (power(planes[z], i) > power(planes[best], i)) best = z;
    return best;
  });
}

/** Where two of three bands choose the same plane, or one between the two others, all three take the one in the middle. */
function agree(chosen: readonly Uint16Array[], all: readonly Complex[][]): Uint16Array[] {
  const out = chosen.map((band) => band.slice());
  chosen[0].forEach((_, i) => {
    const sorted = chosen.map((band) => band[i]).sort((a, b) => a - b);
    const near = sorted[1] - sorted[0] <= 1 || sorted[2] - sorted[1] <= 1;
    if (near) for (const band of out) band[i] = sorted[1];
    else {
      // No two agree: the band with the strongest coefficient decides.
      const strength = chosen.map((band, b) => power(all[band[i]][b], i));
      const strongest = strength.indexOf(Math.max(...strength));
      for (const band of out) band[i] = chosen[strongest][i];
    }
  });
  return out;
}

/** The plane that at least five of nine neighbours have in common replaces that of the one in the middle. */
function majority(chosen: readonly Uint16Array[], height: number, width: number): Uint16Array[] {
  return chosen.map((band) =>
    band.map((own, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      const votes = new Map<number, number>();
      for (let v = -1; v <= 1; v++)
        for (let u = -1; u <= 1; u++) {
          const z = band[((y + v + height) % height) * width + ((x + u + width) % width)];
          votes.set(z, (votes.get(z) ?? 0) + 1);
        }
      for (const [z, count] of votes) if (count >= 5) return z;
      return own;
    }),
  );
}

function atPlanes(planes: readonly Complex[], chosen: Uint16Array): Complex {
  const { height, width } = planes[0];
  const re = Float32Array.from(chosen, (z, i) => planes[z].re[i]);
  return { re, im: Float32Array.from(chosen, (z, i) => planes[z].im[i]), height, width };
}
