import type { z } from "zod";
import { configError } from "./config-error.ts";
import type { MethodConfig } from "./training-method.ts";

/**
 * Validates the configuration of a method, and checks what the schema cannot express for the shared keys.
 * @throws usage with the key, the value and what is expected
 */
export function parseConfig<C extends MethodConfig>(schema: z.ZodType<C>, partial: unknown): C {
  const result = schema.safeParse(partial);
  if (!result.success) {
    const [issue] = result.error.issues;
    const option = issue.path.join(".") || ("keys" in issue ? String(issue.keys) : "");
    throw configError(option, `${option || "the configuration"}: ${issue.message}`);
  }
  const config = result.data;
  if (config.norm_pmin >= config.norm_pmax) throw configError("norm_pmax", "norm_pmax must be above norm_pmin");
  return config;
}
