import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { throwIfAborted } from "../src/errors.ts";
import type { OperatorName } from "../src/graph/attributes.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph, type Tensor } from "../src/graph/graph.ts";
import { add, cast, greater, mul, sub, where } from "../src/graph/operators/elementwise.ts";
import { matMul } from "../src/graph/operators/matmul.ts";
import { reshape } from "../src/graph/operators/movement.ts";
import { reduceSum } from "../src/graph/operators/reduction.ts";
import { operators } from "../src/graph/operators.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { nextOf, type Program, type Runtime, type Session, type Tensors } from "../src/run/runtime.ts";
import { appendCase, type Case, drawTensor, operatorCases } from "./graph-cases.ts";

export interface ContractOptions {
  /** Largest difference to the reference runtime, relative to the largest number of the result or 1. */
  tolerance: number;
  /** Operators that this device cannot run, each with the reason. */
  lacks?: Partial<Record<OperatorName, string>>;
}

/** What every runtime must do, as tests. */
export function contract(title: string, open: () => Promise<Runtime>, options: ContractOptions): void {
  describe(title, () => {
    let runtime: Runtime;
    beforeAll(async () => {
      runtime = await open();
    });
    afterAll(async () => {
      await runtime?.close();
    });
    const withSession = async (program: Program, use: (session: Session) => Promise<void>): Promise<void> => {
      const session = await runtime.open(program);
      try {
        await use(session);
      } finally {
        await session.close();
      }
    };
    describeOperators(withSession, options);
    describeState(withSession);
    describeBuffers(withSession);
    describeRefusals(withSession);
    describeStopping(withSession);
    describeClosing(open);
  });
}

type WithSession = (program: Program, use: (session: Session) => Promise<void>) => Promise<void>;

const scalar = (value: number): Tensor => ({ type: "float32", shape: [], data: Float32Array.of(value) });
const vector = (...values: number[]): Tensor => ({
  type: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

function expectClose(got: Tensors, expected: Tensors, tolerance: number, what: string): void {
  expect(Object.keys(got).sort(), what).toEqual(Object.keys(expected).sort());
  for (const [name, { type, shape, data }] of Object.entries(expected)) {
    expect([got[name].type, got[name].shape, got[name].data.length], what).toEqual([type, [...shape], data.length]);
    let [largest, difference] = [1, 0];
    data.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value));
      const apart = Math.abs(value - got[name].data[i]);
      difference = Number.isNaN(apart) ? Number.POSITIVE_INFINITY : Math.max(difference, apart);
    });
    expect(difference / largest, `${what}, ${name}`).toBeLessThanOrEqual(tolerance);
  }
}

/** An operator with its result as `y`, and with gradients of sum(c y) where there are any. */
function caseGraph(op: OperatorName, one: Case): Graph {
  const graph = new Graph();
  const { inputs, y } = appendCase(graph, op, one);
  graph.output("y", y);
  const wanted = inputs.filter(({ type }, i) => type === "float32" && !one.fixed?.includes(i));
  if (wanted.length === 0 || y.type === "bool" || op === "Sign") return graph;
  const cotangent = graph.input("cotangent", y.shape);
  gradients(reduceSum(mul(y, cotangent)), wanted).forEach((gradient, i) => {
    graph.output(`gradient ${i}`, gradient);
  });
  return graph;
}

function describeOperators(withSession: WithSession, { tolerance, lacks = {} }: ContractOptions): void {
  describe("computes as the reference does, results and gradients", () => {
    for (const op of Object.keys(operators) as OperatorName[]) {
      const reason = lacks[op];
      it.skipIf(reason !== undefined)(reason ? `${op} (${reason})` : op, async () => {
        const cases = operatorCases[op] as readonly Case[];
        const graphs = Object.fromEntries(cases.map((one, i) => [`case ${i}`, caseGraph(op, one)]));
        await withSession({ graphs }, async (session) => {
          for (const [i, one] of cases.entries()) {
            const graph = graphs[`case ${i}`];
            const random = new Random(i);
            const inputs: Tensors = {};
            for (const { name, shape } of graph.inputs) {
              inputs[name] = drawTensor(random, one.inputs[Number(name.slice(1))] ?? { shape });
            }
            const results = await session.run(`case ${i}`, inputs);
            expectClose(results, evaluateGraph(graph, inputs), tolerance, `${op}, case ${i}`);
          }
        });
      });
    }
  });
}

/** Adds `by` to the state `count`, and gives what it was before and the product with the state `factor`. */
function countingProgram(): Program {
  const step = new Graph();
  const count = step.input("count", []);
  const factor = step.input("factor", [2]);
  step.output("before", count);
  step.output("product", mul(factor, count));
  step.output(nextOf("count"), add(count, step.input("by", [])));
  const look = new Graph();
  look.output("seen", mul(look.input("count", []), 1));
  const swap = new Graph();
  const [a, b] = [swap.input("count", []), swap.input("factor", [2])];
  swap.output(nextOf("factor"), sub(b, a));
  swap.output(nextOf("count"), reduceSum(b));
  return { graphs: { step, look, swap }, state: { count: scalar(1), factor: vector(2, -3) } };
}

function describeState(withSession: WithSession): void {
  describe("state", () => {
    it("goes from run to run and is shared by the graphs", async () => {
      await withSession(countingProgram(), async (session) => {
        const first = await session.run("step", { by: scalar(2) });
        expect(Object.keys(first).sort()).toEqual(["before", "product"]);
        expect([...first.before.data, ...first.product.data]).toEqual([1, 2, -3]);
        const second = await session.run("step", { by: scalar(10) });
        expect([...second.before.data, ...second.product.data]).toEqual([3, 6, -9]);
        expect((await session.run("look", {})).seen).toEqual(scalar(13));
        expect(await session.run("swap", {})).toEqual({});
        const state = await session.readState();
        expect(state).toEqual({ count: scalar(-1), factor: vector(-11, -16) });
      });
    });

    it("can be replaced in part", async () => {
      await withSession(countingProgram(), async (session) => {
        await session.run("step", { by: scalar(1) });
        await session.writeState({ factor: vector(5, 6) });
        expect(await session.readState()).toEqual({ count: scalar(2), factor: vector(5, 6) });
        await session.writeState({});
        await session.writeState({ count: scalar(100) });
        const { product } = await session.run("step", { by: scalar(1) });
        expect([...product.data]).toEqual([500, 600]);
        expect(await session.readState()).toEqual({ count: scalar(101), factor: vector(5, 6) });
      });
    });

    it("belongs to one session", async () => {
      const program = countingProgram();
      await withSession(program, async (first) => {
        await withSession(program, async (second) => {
          await first.run("step", { by: scalar(50) });
          expect((await second.run("look", {})).seen).toEqual(scalar(1));
        });
      });
    });

    it("survives many steps of a descent", async () => {
      // w goes to the solution of a least-squares problem, as the closed form w_n = (1 - (1 - rate)^n) target has it.
      const graph = new Graph();
      const w = graph.input("w", [3]);
      const error = sub(w, graph.input("target", [3]));
      const loss = mul(reduceSum(mul(error, error)), 0.5);
      const [dw] = gradients(loss, [w]);
      graph.output("loss", loss);
      graph.output(nextOf("w"), sub(w, mul(dw, 0.1)));
      await withSession({ graphs: { descend: graph }, state: { w: vector(0, 0, 0) } }, async (session) => {
        const target = vector(1, -2, 4);
        let last = Number.POSITIVE_INFINITY;
        for (let i = 0; i < 50; i++) {
          const { loss } = await session.run("descend", { target });
          expect(loss.data[0]).toBeLessThan(last);
          last = loss.data[0];
        }
        const done = 1 - 0.9 ** 50;
        const expected = { w: vector(done, -2 * done, 4 * done) };
        expectClose(await session.readState(), expected, 1e-5, "descent");
      });
    });

    it("runs in the order of the calls", async () => {
      await withSession(countingProgram(), async (session) => {
        const runs = Array.from({ length: 20 }, (_, i) =>
          i % 5 === 4 ? session.run("look", {}) : session.run("step", { by: scalar(i) }),
        );
        const written = session.writeState({ count: scalar(-7) });
        const after = session.run("look", {});
        let count = 1;
        for (const [i, run] of runs.entries()) {
          const result = await run;
          expect((result.before ?? result.seen).data[0], `run ${i}`).toBe(count);
          if (i % 5 !== 4) count += i;
        }
        await written;
        expect((await after).seen.data[0]).toBe(-7);
      });
    });
  });
}

/** y = 2 x, where x is also an output and a constant is one. */
function doublingProgram(size: number): Program {
  const graph = new Graph();
  const x = graph.input("x", [size]);
  graph.output("y", add(x, x));
  graph.output("same", x);
  graph.output("shaped", reshape(x, [1, size]));
  graph.output("fixed", graph.constant(Float32Array.of(1, 2, 3), [3]));
  return { graphs: { double: graph } };
}

function describeBuffers(withSession: WithSession): void {
  describe("buffers", () => {
    it("of inputs stay the caller's, whole or views of larger ones", async () => {
      await withSession(doublingProgram(4), async (session) => {
        const whole = Float32Array.from({ length: 12 }, (_, i) => i);
        const x: Tensor = { type: "float32", shape: [4], data: whole.subarray(4, 8) };
        for (let i = 0; i < 2; i++) {
          expect([...(await session.run("double", { x })).y.data]).toEqual([8, 10, 12, 14]);
          expect([...whole]).toEqual(Array.from({ length: 12 }, (_, k) => k));
        }
        // What is changed after the call comes too late.
        const run = session.run("double", { x });
        x.data.fill(99);
        expect([...(await run).same.data]).toEqual([4, 5, 6, 7]);
      });
    });

    it("of results become the caller's", async () => {
      await withSession(doublingProgram(3), async (session) => {
        const x = vector(1, 2, 3);
        for (let i = 0; i < 3; i++) {
          const results = await session.run("double", { x });
          expect(results).toEqual({
            y: vector(2, 4, 6),
            same: vector(1, 2, 3),
            shaped: { ...vector(1, 2, 3), shape: [1, 3] },
            fixed: vector(1, 2, 3),
          });
          for (const { data } of Object.values(results)) data.fill(i + 40);
        }
        expect([...x.data]).toEqual([1, 2, 3]);
      });
    });

    it("of the state are copied, in and out", async () => {
      const program = countingProgram();
      const given = program.state?.factor.data;
      await withSession(program, async (session) => {
        given?.fill(0);
        const read = await session.readState();
        expect(read.factor).toEqual(vector(2, -3));
        read.factor.data.fill(7);
        const written = vector(4, 5);
        await session.writeState({ factor: written });
        written.data.fill(9);
        expect((await session.readState()).factor).toEqual(vector(4, 5));
        expect([...written.data]).toEqual([9, 9]);
      });
    });

    it("of bool hold 0 and 1", async () => {
      const graph = new Graph();
      const [mask, x] = [graph.input("mask", [3], "bool"), graph.input("x", [3])];
      graph.output("chosen", where(mask, x, -1));
      graph.output("positive", greater(x, 0));
      graph.output("number", cast(mask, "float32"));
      await withSession({ graphs: { choose: graph } }, async (session) => {
        const bits: Tensor = { type: "bool", shape: [3], data: Uint8Array.of(1, 0, 1) };
        const results = await session.run("choose", { mask: bits, x: vector(5, 6, -7) });
        expect(results.chosen).toEqual(vector(5, -1, -7));
        expect(results.positive).toEqual({ type: "bool", shape: [3], data: Uint8Array.of(1, 1, 0) });
        expect(results.number).toEqual(vector(1, 0, 1));
      });
    });

    it("may be large", async () => {
      const size = 1 << 20;
      const graph = new Graph();
      const [x, w] = [graph.input("x", [size]), graph.input("w", [size])];
      graph.output("y", add(x, w));
      graph.output(nextOf("w"), mul(w, 2));
      const half: Tensor = { type: "float32", shape: [size], data: new Float32Array(size).fill(0.5) };
      const numbers: Tensor = { ...half, data: Float32Array.from({ length: size }, (_, i) => i) };
      await withSession({ graphs: { grow: graph }, state: { w: half } }, async (session) => {
        for (const added of [0.5, 1, 2]) {
          const { y } = await session.run("grow", { x: numbers });
          expect([y.data[0], y.data[size - 1]]).toEqual([added, size - 1 + added]);
        }
      });
    });
  });
}

function describeRefusals(withSession: WithSession): void {
  describe("refuses", () => {
    const refused = async (run: Promise<unknown>, message: RegExp): Promise<void> => {
      await expect(run).rejects.toMatchObject({ name: "ParfocalError", code: "graph.invalid" });
      await expect(run).rejects.toThrow(message);
    };

    it("inputs that are missing, unknown, of the state, or of another type, shape or size", async () => {
      await withSession(countingProgram(), async (session) => {
        const by = scalar(1);
        await refused(session.run("step", {}), /needs the input "by"/);
        await refused(session.run("step", { by, other: by }), /"other", which is unknown/);
        await refused(session.run("step", { by, count: by }), /"count", which comes from the state/);
        await refused(session.run("step", { by: vector(1) }), /"by".*is float32 \[1\], expected float32 \[\]/);
        await refused(session.run("step", { by: { ...by, type: "bool" } }), /is bool/);
        await refused(session.run("step", { by: { ...by, data: Float32Array.of(1, 2) } }), /Float32Array of 2/);
        await refused(session.run("step", { by: { ...by, data: Uint8Array.of(1) } }), /Uint8Array of 1/);
        await refused(session.run("nothing", { by }), /no graph "nothing", only step, look, swap/);
        await refused(session.run("toString", { by }), /no graph "toString"/);
        await refused(session.writeState({ ghost: by }), /no tensor "ghost"/);
        await refused(session.writeState({ count: vector(1, 2) }), /"count" is float32 \[2\], expected float32 \[\]/);
        // And nothing of it has left a trace.
        expect((await session.run("look", {})).seen).toEqual(scalar(1));
      });
    });

    it("programs that contradict themselves", async () => {
      const nothing = async (): Promise<void> => {};
      const { graphs, state = {} } = countingProgram();
      await refused(withSession({ graphs, state: { count: scalar(1) } }, nothing), /replaces "factor", which is not/);
      const other = { ...state, factor: vector(1, 2, 3) };
      await refused(
        withSession({ graphs, state: other }, nothing),
        /factor as float32 \[2\], the state as float32 \[3\]/,
      );
      const broken = { ...state, count: { ...scalar(1), data: new Float32Array(2) } };
      await refused(withSession({ graphs, state: broken }, nothing), /State "count" holds a Float32Array of 2/);
      const growing = new Graph();
      growing.output(nextOf("w"), matMul(growing.input("w", [1, 2]), growing.input("x", [2, 3])));
      const w: Tensor = { type: "float32", shape: [1, 2], data: new Float32Array(2) };
      await refused(withSession({ graphs: { growing }, state: { w } }, nothing), /w as float32 \[1,3\]/);
      await refused(withSession({ graphs: { empty: new Graph() } }, nothing), /no outputs/);
    });
  });
}

function describeStopping(withSession: WithSession): void {
  describe("stopping", () => {
    const interrupted = { name: "ParfocalError", code: "interrupted" };

    it("a loop of runs lets a timer abort it", { timeout: 20_000 }, async () => {
      await withSession(countingProgram(), async (session) => {
        const controller = new AbortController();
        const asked = performance.now();
        setTimeout(() => controller.abort(), 100);
        const loop = async (): Promise<void> => {
          while (performance.now() < asked + 10_000) {
            throwIfAborted(controller.signal);
            await session.run("step", { by: scalar(0) });
          }
        };
        await expect(loop()).rejects.toMatchObject(interrupted);
        expect(performance.now() - asked).toBeLessThan(5000);
      });
    });

    it("a run is not begun once its signal is aborted, and the session goes on", async () => {
      await withSession(countingProgram(), async (session) => {
        const run = session.run("step", { by: scalar(1) }, AbortSignal.abort());
        await expect(run).rejects.toMatchObject(interrupted);
        const { signal } = new AbortController();
        expect((await session.run("look", {}, signal)).seen).toEqual(scalar(1));
      });
    });
  });
}

function describeClosing(open: () => Promise<Runtime>): void {
  describe("closing", () => {
    const failing = { name: "ParfocalError", code: "runtime.failed" };

    it("a session ends it, once and for all; the runtime goes on", async () => {
      const runtime = await open();
      const [session, other] = [await runtime.open(countingProgram()), await runtime.open(countingProgram())];
      await session.close();
      await session.close();
      await expect(session.run("look", {})).rejects.toMatchObject(failing);
      await expect(session.readState()).rejects.toMatchObject(failing);
      await expect(session.writeState({})).rejects.toMatchObject(failing);
      expect((await other.run("look", {})).seen).toEqual(scalar(1));
      await runtime.close();
    });

    it("a runtime closes its sessions", async () => {
      const runtime = await open();
      const session = await runtime.open(countingProgram());
      await runtime.close();
      await runtime.close();
      await expect(session.run("look", {})).rejects.toMatchObject(failing);
      await expect(runtime.open(countingProgram())).rejects.toMatchObject(failing);
      await session.close();
    });
  });
}
