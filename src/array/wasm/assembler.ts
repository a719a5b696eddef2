/**
 * Assembles WebAssembly modules: functions of 32-bit integers over one memory, with 128-bit vectors inside.
 *
 * Only what the kernels of this folder need. Code is a list of bytes; an expression leaves one value, a statement none.
 * Source of every opcode: WebAssembly Core Specification 2.0, chapter 5 (binary format).
 */

export type Code = readonly number[];

const i32Type = 0x7f;
const v128Type = 0x7b;

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer. */
function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    const done = (rest === 0 && !(low & 64)) || (rest === -1 && (low & 64) !== 0);
    bytes.push(done ? low : low | 128);
    if (done) return bytes;
  }
}

/** An integer constant. */
export const int = (value: number): Code => [0x41, ...signed(value)];
export const add = (a: Code, b: Code): Code => [...a, ...b, 0x6a];
export const subtract = (a: Code, b: Code): Code => [...a, ...b, 0x6b];
export const multiply = (a: Code, b: Code): Code => [...a, ...b, 0x6c];

/** A parameter or local variable of a function. */
export interface Variable {
  readonly get: Code;
  set(value: Code): Code;
  /** Moves a variable on: `this += value`. */
  advance(value: Code): Code;
}

/** What a function is written with. */
export interface FunctionScope {
  int(): Variable;
  vector(): Variable;
  /** Runs the body `times` times; `times` is at least 1, or the body runs once. */
  repeat(times: Code, ...body: readonly Code[]): Code;
}

/** One exported function; parameters are integers, nothing is returned. */
export interface FunctionSource {
  readonly name: string;
  readonly parameters: number;
  body(parameters: readonly Variable[], scope: FunctionScope): readonly Code[];
}

function variable(index: number): Variable {
  const at = unsigned(index);
  const get = [0x20, ...at];
  const set = (value: Code) => [...value, 0x21, ...at];
  return { get, set, advance: (value) => set(add(get, value)) };
}

function assembleFunction(source: FunctionSource): number[] {
  const kinds: number[] = [];
  const local = (kind: number) => {
    kinds.push(kind);
    return variable(source.parameters + kinds.length - 1);
  };
  const scope: FunctionScope = {
    int: () => local(i32Type),
    vector: () => local(v128Type),
    repeat(times, ...body) {
      const left = local(i32Type);
      const next = [...left.set(subtract(left.get, int(1))), ...left.get];
      // loop; body; br_if to its beginning while any is left; end
      return [...left.set(times), 0x03, 0x40, ...body.flat(), ...next, 0x0d, 0x00, 0x0b];
    },
  };
  const parameters = Array.from({ length: source.parameters }, (_, i) => variable(i));
  const code = source.body(parameters, scope).flat();
  const locals = [...unsigned(kinds.length), ...kinds.flatMap((kind) => [1, kind])];
  const whole = [...locals, ...code, 0x0b];
  return [...unsigned(whole.length), ...whole];
}

/** A module that exports `memory` (one page of 64 KiB to begin with) and every function by its name. */
export function assembleModule(sources: readonly FunctionSource[]): Uint8Array<ArrayBuffer> {
  const text = (name: string) => [name.length, ...Array.from(name, (letter) => letter.charCodeAt(0))];
  const list = (items: readonly Code[]) => [...unsigned(items.length), ...items.flat()];
  const section = (id: number, content: Code) => [id, ...unsigned(content.length), ...content];
  const types = sources.map(({ parameters }) => [0x60, ...list(Array(parameters).fill([i32Type])), 0]);
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(types)),
    ...section(3, list(sources.map((_, i) => unsigned(i)))),
    ...section(5, list([[0, 1]])),
    ...section(
      7,
      list([[...text("memory"), 2, 0], ...sources.map(({ name }, i) => [...text(name), 0, ...unsigned(i)])]),
    ),
    ...section(10, list(sources.map(assembleFunction))),
  ]);
}
