import type { OperatorTable } from "./operator.ts";
import { activations } from "./rules/activations.ts";
import { convolution } from "./rules/convolution.ts";
import { elementwise } from "./rules/elementwise.ts";
import { matmul } from "./rules/matmul.ts";
import { movement } from "./rules/movement.ts";
import { normalisation } from "./rules/normalisation.ts";
import { pooling } from "./rules/pooling.ts";
import { reduction } from "./rules/reduction.ts";
import { resizing } from "./rules/resizing.ts";

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
