import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import type { OperatorName } from "../src/graph/attributes.ts";
import { gradients } from "../src/graph/gradients.ts";
import { Graph } from "../src/graph/graph.ts";
import { decodeModel, encodeModel, type ModelMessage } from "../src/graph/onnx/messages.ts";
import { readOnnx } from "../src/graph/onnx/read.ts";
import { writeOnnx } from "../src/graph/onnx/write.ts";
import { relu } from "../src/graph/operators/activations.ts";
import { conv } from "../src/graph/operators/convolution.ts";
import { add, square, sub } from "../src/graph/operators/elementwise.ts";
import { concat, slice } from "../src/graph/operators/movement.ts";
import { instanceNorm } from "../src/graph/operators/normalisation.ts";
import { maxPool } from "../src/graph/operators/pooling.ts";
import { reduceMean } from "../src/graph/operators/reduction.ts";
import { upsampleNearest } from "../src/graph/operators/resizing.ts";
import { operators } from "../src/graph/operators.ts";
import { evaluateGraph } from "../src/run/reference.ts";
import { appendCase, type Case, drawTensor, inputsOfCase, operatorCases } from "./graph-cases.ts";

const names = Object.keys(operators) as OperatorName[];
const graphOf = (op: OperatorName, one: Case): Graph => {
  const graph = new Graph();
  graph.output("y", appendCase(graph, op, one).y);
  return graph;
};

/** A small network with its loss and gradients: constants, scalars, several outputs, an output that is an input. */
function trainingGraph(): Graph {
  const graph = new Graph();
  const random = new Random(1);
  const [x, target] = [graph.input("x", [2, 2, 8, 8]), graph.input("target", [2, 1, 8, 8])];
  const [w1, w2] = [graph.input("w1", [4, 2, 3, 3]), graph.input("w2", [1, 6, 3, 3])];
  const ones = graph.constant(Float32Array.of(1, 1, 1, 1), [4]);
  const shift = graph.constant(drawTensor(random, { shape: [4] }).data as Float32Array, [4], "shift");
  const inner = maxPool(relu(instanceNorm(conv(x, w1), ones, shift)), [2, 2]);
  const y = conv(concat([upsampleNearest(inner, [2, 2]), x], 1), w2);
  const loss = reduceMean(square(sub(y, target)));
  const [d1, d2] = gradients(loss, [w1, w2]);
  for (const [name, value] of Object.entries({ loss, d1, d2, again: x, constant: shift })) graph.output(name, value);
  return graph;
}

describe("writing and reading ONNX", () => {
  for (const op of names) {
    it(`${op}: the read graph writes the same bytes and gives the same results`, () => {
      (operatorCases[op] as readonly Case[]).forEach((one, i) => {
        const graph = graphOf(op, one);
        const bytes = writeOnnx(graph);
        const read = readOnnx(bytes);
        expect(Buffer.compare(writeOnnx(read), bytes), `case ${i}`).toBe(0);
        expect(read.nodes[0].op).toBe(op);
        expect(read.outputs.get("y")?.shape).toEqual(graph.outputs.get("y")?.shape);
        const inputs = inputsOfCase(new Random(i), one);
        const [theirs, ours] = [evaluateGraph(read, inputs).y, evaluateGraph(graph, inputs).y];
        expect(theirs.type).toBe(ours.type);
        // Numbers in attributes are float32 in the file, which is all that may change.
        theirs.data.forEach((value, k) => {
          expect(Math.abs(value - ours.data[k])).toBeLessThan(1e-6);
        });
      });
    });
  }

  it("keeps a training step: constants, scalars, several outputs, inputs as outputs", () => {
    const graph = trainingGraph();
    const bytes = writeOnnx(graph);
    const read = readOnnx(bytes);
    const random = new Random(2);
    const inputs = Object.fromEntries(graph.inputs.map(({ name, shape }) => [name, drawTensor(random, { shape })]));
    expect(evaluateGraph(read, inputs)).toEqual(evaluateGraph(graph, inputs));
    expect(writeOnnx(readOnnx(writeOnnx(read)))).toEqual(writeOnnx(read));
  });

  it("keeps open extents by name, asks for them, and carries metadata", () => {
    const graph = new Graph();
    const image = graph.input("image", [1, 1, 8, 8]);
    graph.output("out", relu(image));
    const open = { 2: "y", 3: "x" };
    const bytes = writeOnnx(graph, { variable: { image: open, out: open }, metadata: { optics: "{}" } });
    expect(decodeModel(bytes).metadata).toEqual([{ key: "optics", value: "{}" }]);
    expect(readOnnx(bytes, { y: 5, x: 7 }).outputs.get("out")?.shape).toEqual([1, 1, 5, 7]);
    expect(() => readOnnx(bytes, { y: 5 })).toThrow(/the extent "x" of input image is open/);
  });

  it("goes on building on a graph that was read, whatever its names", () => {
    const read = readOnnx(writeOnnx(trainingGraph()));
    const value = read.outputs.get("loss");
    if (!value) throw new Error("no loss");
    read.output("more", add(read.scalar(7), add(value, 3)));
    expect([...readOnnx(writeOnnx(read)).outputs.keys()]).toContain("more");

    // An output called as the nodes of the builder are.
    const message = decodeModel(writeOnnx(graphOf("Relu", operatorCases.Relu[0])));
    const { graph } = message;
    if (!graph) throw new Error("no graph");
    graph.outputs[0].name = graph.nodes[0].outputs[0];
    graph.nodes.pop();
    expect([...readOnnx(encodeModel(message)).outputs.keys()]).toEqual([graph.outputs[0].name]);
  });

  it("holds weights as Float32Array from end to end", () => {
    const graph = new Graph();
    const size = 4_000_000;
    const weights = new Float32Array(size).fill(0.5);
    weights[size - 1] = 3;
    graph.output("y", add(graph.input("x", []), graph.constant(weights, [size])));
    const bytes = writeOnnx(graph);
    const before = process.memoryUsage();
    const [constant] = readOnnx(bytes).constants.values();
    const after = process.memoryUsage();
    expect(constant.data[size - 1]).toBe(3);
    // One copy of 16 MB; a list of numbers would be 32 MB of heap more.
    expect(after.heapUsed - before.heapUsed).toBeLessThan(8e6);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1.5 * 4 * size);
  });

  it("reads floats that stand in the message instead of raw bytes", () => {
    const graph = new Graph();
    graph.output("y", add(graph.input("x", [3]), graph.constant(Float32Array.of(1, -2, 0.5), [3])));
    const message = decodeModel(writeOnnx(graph));
    for (const tensor of message.graph?.initializers ?? []) {
      tensor.floatData = new Float32Array(new Uint8Array(tensor.rawData ?? []).buffer);
      delete tensor.rawData;
    }
    const read = readOnnx(encodeModel(message));
    expect([...read.constants.values()][0].data).toEqual(Float32Array.of(1, -2, 0.5));
  });
});

describe("what other programs write", () => {
  /** A model with one node, as its message. */
  const changed = (op: OperatorName, change: (node: ReturnType<typeof nodeOf>) => void): Uint8Array => {
    const message = decodeModel(writeOnnx(graphOf(op, operatorCases[op][0] as Case)));
    change(nodeOf(message));
    return encodeModel(message);
  };
  const nodeOf = (message: ModelMessage) => {
    const node = message.graph?.nodes[0];
    if (!node) throw new Error("no node");
    return node;
  };
  const attribute = (name: string, value: { i?: number; ints?: number[]; s?: string }) => ({
    name,
    floats: [],
    ints: value.ints ?? [],
    type: value.ints ? 7 : value.s ? 3 : 2,
    ...(value.i === undefined ? {} : { i: value.i }),
    ...(value.s === undefined ? {} : { s: new TextEncoder().encode(value.s) }),
  });

  it.each([
    ["MaxPool", attribute("pads", { ints: [1, 1, 1, 1] }), /padding/],
    ["AveragePool", attribute("auto_pad", { s: "SAME_UPPER" }), /auto_pad/],
    ["MaxPool", attribute("dilations", { ints: [2, 2] }), /dilation/],
    ["Conv", attribute("auto_pad", { s: "SAME_UPPER" }), /auto_pad/],
    ["BatchNormalization", attribute("training_mode", { i: 1 }), /training mode/],
    ["DepthToSpace", attribute("mode", { s: "CRD" }), /DepthToSpace/],
    ["ReduceSum", attribute("noop_with_empty_axes", { i: 1 }), /noop_with_empty_axes/],
    ["Reshape", attribute("allowzero", { i: 1 }), /Reshape/],
  ] as const)("refuses %s with what is not run here: %o", (op, extra, message) => {
    expect(() => readOnnx(changed(op, (node) => node.attributes.push(extra)))).toThrow(message);
  });

  it("refuses other coordinates, roundings and modes of Resize", () => {
    const rounding = (value: string) =>
      changed("Resize", (node) => {
        node.attributes = node.attributes.filter(({ name }) => name !== "nearest_mode");
        node.attributes.push(attribute("nearest_mode", { s: value }));
      });
    expect(() => readOnnx(rounding("round_prefer_floor"))).toThrow(/rounding/);
    expect(readOnnx(rounding("floor")).nodes[0].op).toBe("Resize");
  });

  it("refuses unknown operators, other domains, several outputs and other opsets, naming them", () => {
    const change = (edit: (node: ReturnType<typeof nodeOf>) => void) => () => readOnnx(changed("Relu", edit));
    expect(change((node) => (node.opType = "Einsum"))).toThrow(/operator Einsum/);
    expect(change((node) => (node.opType = "toString"))).toThrow(/operator toString/);
    expect(change((node) => (node.domain = "com.microsoft"))).toThrow(/com\.microsoft/);
    expect(change((node) => node.outputs.push("mask"))).toThrow(/2 outputs/);
    expect(change((node) => (node.inputs = []))).toThrow(/without inputs/);
    expect(change((node) => (node.inputs = ["ghost"]))).toThrow(/"ghost" is not computed by any node/);
    expect(change((node) => node.inputs.push("x0"))).toThrow(/takes 1 inputs, got 2/);
    const message = decodeModel(writeOnnx(graphOf("Relu", operatorCases.Relu[0])));
    message.opsetImport[0].version = 11;
    expect(() => readOnnx(encodeModel(message))).toThrow(/opset 11 where 17/);
  });

  it("reads constants that are nodes", () => {
    const message = decodeModel(writeOnnx(graphOf("Pad", operatorCases.Pad[0])));
    const { graph } = message;
    if (!graph) throw new Error("no graph");
    for (const t of graph.initializers) {
      const value = { ...attribute("value", {}), type: 4, t };
      graph.nodes.unshift({
        inputs: [],
        outputs: [t.name],
        name: "",
        opType: "Constant",
        attributes: [value],
        domain: "",
      });
    }
    graph.initializers = [];
    expect(readOnnx(encodeModel(message)).nodes[0].attributes).toEqual(operatorCases.Pad[0].attributes);
  });
});

describe("damaged files", () => {
  const bytes = writeOnnx(trainingGraph());
  /** Reads; anything but a graph or an error that says what is wrong with the file fails. */
  const tolerate = (damaged: Uint8Array, what: string): boolean => {
    try {
      readOnnx(damaged);
      return true;
    } catch (error) {
      if (error instanceof ParfocalError && error.code === "model.unfit") return false;
      throw new Error(`${what}: ${error instanceof Error ? error.stack : error}`);
    }
  };

  it("refuses a file cut off anywhere", () => {
    for (let length = 0; length < bytes.length; length += length < 300 ? 1 : 7) {
      expect(tolerate(bytes.subarray(0, length), `cut at ${length}`), `cut at ${length}`).toBe(false);
    }
  });

  it("survives flipped bytes anywhere", () => {
    const random = new Random(3);
    let refused = 0;
    for (let i = 0; i < 4000; i++) {
      const damaged = bytes.slice();
      for (let flips = 1 + random.integer(3); flips > 0; flips--) {
        damaged[random.integer(damaged.length)] ^= 1 + random.integer(255);
      }
      if (!tolerate(damaged, `try ${i}`)) refused++;
    }
    // Most of the file is names and structure; a flipped weight is still a weight.
    expect(refused).toBeGreaterThan(1000);
  });

  it("survives damage to every operator's own attributes", () => {
    const random = new Random(4);
    for (const op of names) {
      const own = writeOnnx(graphOf(op, operatorCases[op][0] as Case));
      for (let i = 0; i < 150; i++) {
        const damaged = own.slice();
        damaged[random.integer(damaged.length)] ^= 1 << random.integer(8);
        tolerate(damaged, `${op}, try ${i}`);
      }
    }
  });

  it("refuses what is no ONNX at all", () => {
    const random = new Random(5);
    for (let i = 0; i < 300; i++) {
      const noise = Uint8Array.from({ length: random.integer(200) }, () => random.integer(256));
      expect(tolerate(noise, `noise ${i}`)).toBe(false);
    }
  });
});

const python = "/usr/bin/python3";
const onnxVersion = spawnSync(python, ["-c", "import onnx; print(onnx.__version__)"], { encoding: "utf8" });
const checkable = onnxVersion.status === 0;
if (!checkable) console.warn(`Skipping onnx.checker: ${python} with the package onnx is not there.`);

describe.skipIf(!checkable)("onnx.checker (Python)", () => {
  it("accepts every file that is written, shapes included", () => {
    const folder = mkdtempSync(join(tmpdir(), "parfocal-onnx-"));
    try {
      for (const op of names) {
        (operatorCases[op] as readonly Case[]).forEach((one, i) => {
          writeFileSync(join(folder, `${op}_${i}.onnx`), writeOnnx(graphOf(op, one)));
        });
      }
      writeFileSync(join(folder, "training.onnx"), writeOnnx(trainingGraph()));
      const cut = new Graph();
      const x = cut.input("x", [1, 1, 8, 8]);
      cut.output("y", slice(x, [{ axis: 2, start: 7, end: -1, step: -1 }]));
      const open = { 3: "x" };
      writeFileSync(join(folder, "open.onnx"), writeOnnx(cut, { variable: { x: open, y: open } }));
      const script = fileURLToPath(new URL("fixtures/graph/check_onnx.py", import.meta.url));
      const run = spawnSync(python, [script, folder], { encoding: "utf8" });
      expect(run.stderr).toBe("");
      expect(JSON.parse(run.stdout).failed).toEqual({});
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
