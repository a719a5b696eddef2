/** Schemas for values that override only some keys of others. */
import { z } from "zod";

export type Overrides<S extends z.ZodRawShape> = {
  [K in keyof S]: z.ZodOptional<z.ZodType<z.output<S[K]>, z.input<S[K]>>>;
};

/** The object schema with every key optional and without defaults, for what an image or an objective overrides. */
export function overridesOf<S extends z.ZodRawShape>(
  schema: z.ZodObject<S>,
): z.ZodObject<Overrides<S>, z.core.$strict> {
  const shape: Record<string, z.ZodType> = {};
  for (const [key, part] of Object.entries(schema.shape) as [string, z.ZodType][]) {
    const inner = (part instanceof z.ZodDefault || part instanceof z.ZodPrefault ? part.unwrap() : part) as z.ZodType;
    const optional = inner.optional();
    shape[key] = part.description === undefined ? optional : optional.describe(part.description);
  }
  return z.strictObject(shape) as unknown as z.ZodObject<Overrides<S>, z.core.$strict>;
}
