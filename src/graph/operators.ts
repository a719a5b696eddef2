import type { OperatorTable } from "./operator.ts";
import { activations } from "./operators/activations.ts";
import { convolution } from "./operators/convolution.ts";
import { elementwise } from "./operators/elementwise.ts";
import { matmul } from "./operators/matmul.ts";
import { movement } from "./operators/movement.ts";
import { normalisation } from "./operators/normalisation.ts";
import { pooling } from "./operators/pooling.ts";
import { reduction } from "./operators/reduction.ts";
import { resizing } from "./operators/resizing.ts";

/** Every operator, each with its shape rule, gradient and reference evaluation. */
export const operators: OperatorTable = {
  ...elementwise,
  ...activations,
  ...convolution,
  ...pooling,
  ...resizing,
  ...normalisation,
  ...matmul,
  ...movement,
  ...reduction,
};
