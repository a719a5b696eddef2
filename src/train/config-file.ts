/** Reads training configurations from YAML files. */

import { ParfocalError } from "../errors.ts";
import { readText, type Storage } from "../image/storage.ts";
import { readYaml } from "../read-yaml.ts";

/**
 * The keys and values of a YAML file, without further checks.
 * @throws file.missing, file.corrupt (no YAML), usage (no mapping of keys to values)
 */
export async function readConfigFile(storage: Storage, path: string): Promise<Record<string, unknown>> {
  const text = await readText(storage, path).catch((cause: unknown) => {
    if (!(cause instanceof ParfocalError) || cause.code !== "file.missing") throw cause;
    throw new ParfocalError(
      "file.missing",
      `The configuration ${path} does not exist. Give a YAML file.`,
      { path },
      { cause },
    );
  });
  const value = readYaml(text, path);
  if (value === null || value === undefined) return {};
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ParfocalError(
    "usage",
    `The configuration ${path} must consist of keys and values, such as "batch_size: 8".`,
    {
      option: "config",
      got: path,
      expected: "a YAML mapping",
    },
  );
}
