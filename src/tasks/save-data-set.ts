/** Writes a data set: a folder for each field in train, val and test, and a manifest. */

import { jsonText } from "../array/json-text.ts";
import { ParfocalError, throwIfAborted } from "../errors.ts";
import { readText, type Storage, writeWhole } from "../image/storage.ts";
import { splitOf } from "../simulate/assign-fields.ts";
import type { Recipe } from "../simulate/recipe.ts";
import { recipeFromYaml, recipeToYaml } from "../simulate/recipe-yaml.ts";
import type { FieldControl, SimulatedField } from "../simulate/simulator.ts";
import { version } from "../version.ts";
import { type FieldFiles, fieldFiles, pathsOf, saveField } from "./save-field.ts";

export interface DataSetOptions {
  force?: boolean | undefined;
  /** Also writes the density of each specimen. */
  volume?: boolean | undefined;
  warnings?: readonly string[];
  signal?: AbortSignal | undefined;
  /** Called with the number of fields that are complete. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
  /** Number of fields that are simulated at the same time; default 1. */
  together?: number;
}

export interface DataSet {
  /** dataset.json */
  manifest: string;
  /** The complete recipe, from which the data set can be made again. */
  recipe: string;
  fields: ManifestField[];
  /** Number of fields that already existed. */
  skipped: number;
}

export interface ManifestField {
  field: number;
  split: string;
  objective?: string;
  specimen?: string;
  /** Paths relative to the data set's folder. */
  files: { images: FieldFiles["images"]; objects: string; volume?: string };
}

/**
 * Simulates the fields of a recipe that are not yet complete in the folder. A field is complete if its objects.json
 * exists, which is written last. If it is stopped, a call with the same recipe makes the missing fields.
 *
 * @throws `output.exists` for a folder that holds a data set of another recipe, unless `force`, which removes its
 * fields;
 *   `interrupted` without the field in progress; `output.failed`
 */
export async function saveDataSet(
  storage: Storage,
  recipe: Recipe,
  folder: string,
  makeField: (index: number, control: FieldControl) => Promise<SimulatedField>,
  options: DataSetOptions = {},
): Promise<DataSet> {
  const { force = false, volume = false, warnings = [], signal, onProgress, together = 1 } = options;
  const paths = { manifest: storage.join(folder, "dataset.json"), recipe: storage.join(folder, "recipe.yaml") };
  await checkDataSet(storage, recipe, folder, force);
  await storage.makeFolder(folder);
  if (force) await removeFields(storage, folder, paths.manifest);
  await writeWhole(storage, paths.recipe, recipeToYaml(recipe), { force: true });

  const planned = Array.from({ length: recipe.fields }, (_, index) => {
    const split = splitOf(recipe, index);
    return {
      index,
      split,
      files: fieldFiles(storage, { ...recipe, name: "stack" }, storage.join(folder, split, digits(index)), { volume }),
    };
  });
  const found = await Promise.all(planned.map(({ files }) => readField(storage, files)));
  const made = new Map<number, Pick<SimulatedField, "objective" | "specimen">>();
  found.forEach((field, index) => {
    if (field !== undefined) made.set(index, field);
  });
  const skipped = made.size;
  const writeManifest = (): Promise<void> => {
    const fields = planned.flatMap(({ index, split, files }) => {
      const field = made.get(index);
      return field === undefined ? [] : [manifestField(storage, folder, index, split, files, field)];
    });
    const seeds = { recipe: recipe.seed, field: "stream of the recipe's seed, its number" };
    const record = { parfocal_version: version, name: recipe.name, summary: recipe.summary, seeds };
    const complete = made.size === recipe.fields;
    const text = jsonText({ ...record, planned_fields: recipe.fields, complete, warnings, fields });
    return writeWhole(storage, paths.manifest, `${text}\n`, { force: true });
  };
  // Written at the start, so that an incomplete data set describes itself.
  await writeManifest();
  onProgress?.({ done: made.size, total: recipe.fields });
  const waiting = planned.filter(({ index }) => !made.has(index));
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      throwIfAborted(signal);
      const field = await makeField(next.index, { signal, volume });
      await saveField(storage, next.files, field, recipe, { force: true, warnings });
      made.set(next.index, field);
      onProgress?.({ done: made.size, total: recipe.fields });
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: together }, work));
  await writeManifest();
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  const fields = planned.map(({ index, split, files }) =>
    manifestField(storage, folder, index, split, files, made.get(index) ?? {}),
  );
  return { ...paths, fields, skipped };
}

/** Throws `output.exists` if the folder holds a data set of another recipe, unless `force`. */
export async function checkDataSet(storage: Storage, recipe: Recipe, folder: string, force = false): Promise<void> {
  const path = storage.join(folder, "recipe.yaml");
  const text = await readText(storage, path).catch(() => undefined);
  if (text === undefined || force) return;
  const existing = recipeFromYaml(text, path);
  if (recipeToYaml(existing as object) === recipeToYaml(recipe)) return;
  const differing = Object.keys(recipe).filter(
    (key) =>
      JSON.stringify((existing as Record<string, unknown>)?.[key]) !== JSON.stringify(recipe[key as keyof Recipe]),
  );
  const message =
    `${folder} already holds a data set of another recipe (its ${differing.join(", ")} differ${differing.length === 1 ? "s" : ""}); ` +
    "give `force` to replace it, or another folder.";
  throw new ParfocalError("output.exists", message, { path: folder });
}

const digits = (index: number): string => String(index).padStart(4, "0");

/** Objective and specimen of a complete field; undefined if it is not complete. */
async function readField(
  storage: Storage,
  files: FieldFiles,
): Promise<Pick<SimulatedField, "objective" | "specimen"> | undefined> {
  try {
    const { objective, specimen, volume } = JSON.parse(await readText(storage, files.objects));
    if (files.volume !== undefined && volume === undefined) return undefined;
    return { ...(objective === undefined ? {} : { objective }), ...(specimen === undefined ? {} : { specimen }) };
  } catch {
    return undefined;
  }
}

function manifestField(
  storage: Storage,
  folder: string,
  field: number,
  split: string,
  files: FieldFiles,
  { objective, specimen }: Pick<SimulatedField, "objective" | "specimen">,
): ManifestField {
  const from = (path: string): string => path.slice(storage.join(folder, "x").length - 1).replaceAll("\\", "/");
  const images = Object.fromEntries(
    Object.entries(files.images).map(([name, paths]) => [
      name,
      Object.fromEntries(Object.entries(paths).map(([kind, path]) => [kind, from(path)])),
    ]),
  ) as FieldFiles["images"];
  const { volume } = files;
  return {
    field,
    split,
    ...(objective === undefined ? {} : { objective }),
    ...(specimen === undefined ? {} : { specimen }),
    files: { images, objects: from(files.objects), ...(volume === undefined ? {} : { volume: from(volume) }) },
  };
}

/** Removes the files that a manifest lists, and no others. */
async function removeFields(storage: Storage, folder: string, manifest: string): Promise<void> {
  const text = await readText(storage, manifest).catch(() => undefined);
  if (text === undefined) return;
  let fields: ManifestField[] = [];
  try {
    fields = JSON.parse(text).fields ?? [];
  } catch {
    return;
  }
  // objects.json first: a field without it is incomplete.
  for (const { files } of fields) {
    const inside = pathsOf(files).filter((path) => !path.split("/").includes(".."));
    for (const path of inside.reverse()) await storage.remove(storage.join(folder, path));
  }
}
