import { tidy } from "./decimal.ts";

/** A JSON document, indented by two, whose numbers are without rounding errors: 0.3 and not 0.30000000000000004. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === "number" ? tidy(one) : one), 2);
}
