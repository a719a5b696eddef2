/** The keys of all methods in one list, for the flags of the command line. */
import { z } from "zod";
import { trainingMethods } from "./methods/methods.ts";

/**
 * An object schema with the keys of all methods except `method`. A key of several methods has the description of the
 * first one; its default is left out where the methods differ. The schema only defines flags: a configuration is
 * validated by its own method.
 */
export function configKeys(): z.ZodObject {
  const shapes = Object.values(trainingMethods).map(({ config }) => (config as unknown as z.ZodObject).shape);
  const { method: _, ...all } = Object.assign({}, ...shapes.toReversed()) as Record<string, z.ZodType>;
  const entries = Object.keys(all).map((key): [string, z.ZodType] => {
    const kinds = shapes.flatMap((shape) => (shape[key] === undefined ? [] : [shape[key] as z.ZodType]));
    const [first] = kinds;
    const defaults = kinds.map((kind) => (kind instanceof z.ZodDefault ? JSON.stringify(kind.def.defaultValue) : ""));
    if (new Set(defaults).size === 1) return [key, first];
    const bare = kinds.map((kind) => (kind instanceof z.ZodDefault ? kind.unwrap() : kind))[0] as z.ZodType;
    return [key, bare.optional().describe(`${first.description} (default: depends on the method)`)];
  });
  return z.object(Object.fromEntries(entries));
}
