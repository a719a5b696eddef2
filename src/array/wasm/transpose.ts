/** Moving rows beside each other, so that a vector holds numbers of several lines, and back. */
import { add, type Code, type FunctionScope, type FunctionSource, int, multiply, subtract } from "./assembler.ts";
import type { Lanes } from "./lanes.ts";

/** Copies `rows` x `vectors` vectors; pitches are the bytes from row to row, negative to copy backwards. */
export function copySource(lanes: Lanes): FunctionSource {
  return {
    name: "copy",
    parameters: 6,
    body([source, sourcePitch, target, targetPitch, rows, vectors], scope) {
      const [from, to] = [scope.int(), scope.int()];
      return [
        scope.repeat(
          rows.get,
          from.set(source.get),
          to.set(target.get),
          scope.repeat(
            vectors.get,
            lanes.store(to.get, lanes.load(from.get)),
            from.advance(int(16)),
            to.advance(int(16)),
          ),
          source.advance(sourcePitch.get),
          target.advance(targetPitch.get),
        ),
      ];
    },
  };
}

/**
 * `[rows, columns]` to `[columns, rows]`, every number times that at `factor`; both counted in vectors.
 */
export function transposeSource(lanes: Lanes): FunctionSource {
  return {
    name: "transpose",
    parameters: 7,
    body([source, sourcePitch, target, targetPitch, rows, columns, factor], scope) {
      const [from, to] = [scope.int(), scope.int()];
      const scale = scope.vector();
      const block = square(lanes, scope);
      return [
        scale.set(lanes.loadSplat(factor.get)),
        scope.repeat(
          rows.get,
          from.set(source.get),
          to.set(target.get),
          scope.repeat(
            columns.get,
            ...block.load((i) => lanes.multiply(lanes.load(row(from.get, sourcePitch.get, i)), scale.get)),
            ...block.transpose(),
            ...block.store((i) => row(to.get, targetPitch.get, i)),
            from.advance(int(16)),
            to.advance(multiply(targetPitch.get, int(lanes.count))),
          ),
          source.advance(multiply(sourcePitch.get, int(lanes.count))),
          target.advance(int(16)),
        ),
      ];
    },
  };
}

/**
 * Spectra of real lines a and b out of the spectrum z of a + i b: 2 a[u] = z[u] + conj z[n - u], 2 i b[u] = z[u] - conj
 * z[n - u].
 *
 * z lies transposed, `[n + 1, lanes]` with row n equal to row 0; a and b are rows. `vectors`: of lanes; `groups`: of u.
 */
export function unpackSource(lanes: Lanes): FunctionSource {
  return {
    name: "unpack",
    parameters: 10,
    body([zr, zi, zPitch, n, real, imag, pitch, bRows, vectors, groups], scope) {
      const [up, down, out] = [scope.int(), scope.int(), scope.int()];
      const [imagIn, imagOut] = [scope.int(), scope.int()];
      const [ur, ui, mr, mi] = Array.from({ length: 4 }, () => scope.vector());
      const half = lanes.constant(0.5);
      const squares = Array.from({ length: 4 }, () => square(lanes, scope));
      const [ar, ai, br, bi] = squares;
      const unpacked: Code[] = [];
      for (let i = 0; i < lanes.count; i++) {
        unpacked.push(
          ur.set(lanes.multiply(lanes.load(up.get), half)),
          ui.set(lanes.multiply(lanes.load(add(up.get, imagIn.get)), half)),
          mr.set(lanes.multiply(lanes.load(down.get), half)),
          mi.set(lanes.multiply(lanes.load(add(down.get, imagIn.get)), half)),
          ar.set(i, lanes.add(ur.get, mr.get)),
          ai.set(i, lanes.subtract(ui.get, mi.get)),
          br.set(i, lanes.add(ui.get, mi.get)),
          bi.set(i, lanes.subtract(mr.get, ur.get)),
          up.advance(zPitch.get),
          down.set(subtract(down.get, zPitch.get)),
        );
      }
      const targets = [out.get, add(out.get, imagOut.get), add(out.get, bRows.get)];
      targets.push(add(targets[1], bRows.get));
      return [
        imagIn.set(subtract(zi.get, zr.get)),
        imagOut.set(subtract(imag.get, real.get)),
        scope.repeat(
          vectors.get,
          up.set(zr.get),
          down.set(add(zr.get, multiply(n.get, zPitch.get))),
          out.set(real.get),
          scope.repeat(
            groups.get,
            ...unpacked,
            ...squares.flatMap((block, s) => [
              ...block.transpose(),
              ...block.store((i) => row(targets[s], pitch.get, i)),
            ]),
            out.advance(int(16)),
          ),
          zr.advance(int(16)),
          real.advance(multiply(pitch.get, int(lanes.count))),
        ),
      ];
    },
  };
}

/**
 * The way back: z[u] = a[u] + i b[u] and z[n - u] = conj a[u] + i conj b[u]. From the highest u to the lowest, z[u]
 * after z[n - u], so that what lies beyond the half spectrum is overwritten.
 */
export function packSource(lanes: Lanes): FunctionSource {
  return {
    name: "pack",
    parameters: 10,
    body([zr, zi, zPitch, n, real, imag, pitch, bRows, vectors, groups], scope) {
      const [up, down, from] = [scope.int(), scope.int(), scope.int()];
      const [imagIn, imagOut, last] = [scope.int(), scope.int(), scope.int()];
      const squares = Array.from({ length: 4 }, () => square(lanes, scope));
      const [ar, ai, br, bi] = squares;
      const packed: Code[] = [];
      for (let i = lanes.count - 1; i >= 0; i--) {
        packed.push(
          lanes.store(down.get, lanes.add(ar.get(i), bi.get(i))),
          lanes.store(add(down.get, imagOut.get), lanes.subtract(br.get(i), ai.get(i))),
          lanes.store(up.get, lanes.subtract(ar.get(i), bi.get(i))),
          lanes.store(add(up.get, imagOut.get), lanes.add(ai.get(i), br.get(i))),
          up.set(subtract(up.get, zPitch.get)),
          down.advance(zPitch.get),
        );
      }
      const sources = [from.get, add(from.get, imagIn.get), add(from.get, bRows.get)];
      sources.push(add(sources[1], bRows.get));
      return [
        imagOut.set(subtract(zi.get, zr.get)),
        imagIn.set(subtract(imag.get, real.get)),
        // The last u of the last group.
        last.set(multiply(subtract(multiply(groups.get, int(lanes.count)), int(1)), zPitch.get)),
        scope.repeat(
          vectors.get,
          up.set(add(zr.get, last.get)),
          down.set(subtract(add(zr.get, multiply(n.get, zPitch.get)), last.get)),
          from.set(add(real.get, multiply(subtract(groups.get, int(1)), int(16)))),
          scope.repeat(
            groups.get,
            ...squares.flatMap((block, s) => [
              ...block.load((i) => lanes.load(row(sources[s], pitch.get, i))),
              ...block.transpose(),
            ]),
            ...packed,
            from.set(subtract(from.get, int(16))),
          ),
          zr.advance(int(16)),
          real.advance(multiply(pitch.get, int(lanes.count))),
        ),
      ];
    },
  };
}

const row = (base: Code, pitch: Code, i: number): Code =>
  i === 0 ? base : add(base, i === 1 ? pitch : multiply(pitch, int(i)));

/** As many vectors as a vector has lanes. */
function square(lanes: Lanes, scope: FunctionScope) {
  const vectors = Array.from({ length: lanes.count }, () => scope.vector());
  const set = (i: number, value: Code) => vectors[i].set(value);
  const get = (i: number) => vectors[i].get;
  const transpose = (): Code[] => {
    const [a, b, c, d] = vectors;
    if (lanes.count === 2) {
      const low = scope.vector();
      return [low.set(lanes.shuffle(a.get, b.get, [0, 2])), b.set(lanes.shuffle(a.get, b.get, [1, 3])), a.set(low.get)];
    }
    const [ab, AB, cd, CD] = Array.from({ length: 4 }, () => scope.vector());
    return [
      ab.set(lanes.shuffle(a.get, b.get, [0, 4, 1, 5])),
      AB.set(lanes.shuffle(a.get, b.get, [2, 6, 3, 7])),
      cd.set(lanes.shuffle(c.get, d.get, [0, 4, 1, 5])),
      CD.set(lanes.shuffle(c.get, d.get, [2, 6, 3, 7])),
      a.set(lanes.shuffle(ab.get, cd.get, [0, 1, 4, 5])),
      b.set(lanes.shuffle(ab.get, cd.get, [2, 3, 6, 7])),
      c.set(lanes.shuffle(AB.get, CD.get, [0, 1, 4, 5])),
      d.set(lanes.shuffle(AB.get, CD.get, [2, 3, 6, 7])),
    ];
  };
  return {
    set,
    get,
    transpose,
    load: (value: (i: number) => Code) => vectors.map((vector, i) => vector.set(value(i))),
    store: (address: (i: number) => Code) => vectors.map((vector, i) => lanes.store(address(i), vector.get)),
  };
}
