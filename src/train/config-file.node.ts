/** Reads training configurations from YAML files. */
import { ParfocalError } from "../errors.ts";
import { readRegularFile } from "../image/regular-file.node.ts";
import { readYaml } from "../read-yaml.ts";

/**
 * The keys and values of a YAML file, without further checks.
 * @throws file.missing, file.corrupt (no YAML), usage (no mapping of keys to values)
 */
export async function readConfigFile(path: string): Promise<Record<string, unknown>> {
  const text = await readRegularFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause instanceof ParfocalError) throw cause;
    const why = cause.code === "ENOENT" ? "does not exist" : `cannot be read (${cause.message})`;
    throw new ParfocalError("file.missing", `The configuration ${path} ${why}. Give a YAML file.`, { path }, { cause });
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
