/** A recipe of several objectives or specimens as the data source of leave-one-out. */
import { availableMemory } from "../../array/require-memory.ts";
import type { Storage } from "../../image/storage.ts";
import type { Task } from "../../models/networks/common-info.ts";
import { type Cell, cellsOf, recipeOfCells, setAside } from "../../simulate/leave-out-recipe.ts";
import type { OpenSimulation } from "../../simulate/open-simulation.ts";
import { stackOptics } from "../../simulate/optics-schema.ts";
import type { Recipe } from "../../simulate/recipe.ts";
import { readRecipeStacks } from "../../simulate/recipe-file.ts";
import { resolveRecipe, viewsOf } from "../../simulate/resolve-recipe.ts";
import { createSimulator, type SimulatedField } from "../../simulate/simulator.ts";
import type { JudgedImage } from "../../study/gain-over-baseline.ts";
import { openStudiedStack } from "../../study/studied-stack.ts";
import { recipeFields } from "../../train/data/recipe-fields.ts";
import { isSeen, type JudgedData } from "./leave-one-out-plan.ts";
import type { LeaveOneOutSource, OpenSource, StackKind } from "./leave-one-out-source.ts";

export interface LeaveOneOutRecipe {
  /** The recipe as written; `test_only` of objectives and specimens is ignored. */
  recipe: unknown;
  /** Folder of the files that the recipe names; default the working folder. */
  folder?: string | undefined;
  /** Names of the images that a network gets and that it must restore, as in `parfocal train`. */
  image?: string | undefined;
  target?: string | undefined;
  /** Number of fields on which models are judged, for each objective with each specimen; 1 to 16, default 2. */
  fields?: number | undefined;
}

/** @throws usage for a recipe that is wrong, or fields out of range; what reading the stacks that it names throws */
export async function recipeSource(
  { storage, openSimulation }: { storage: Storage; openSimulation: OpenSimulation },
  { recipe: input, folder = ".", image, target, fields: judged = 2 }: LeaveOneOutRecipe,
  task: Task,
): Promise<LeaveOneOutSource> {
  const recipe = resolveRecipe(input);
  const stacks = await readRecipeStacks(storage, recipe, folder);
  const cells = cellsOf(recipe);
  const whole = recipeOfCells(recipe, cells, recipe.name);
  const paired = task === "section";
  const options = { image, target, paired, anyPixelSize: true };
  // This finds wrong image names before anything is simulated.
  recipeFields(whole, () => Promise.reject(new Error("not asked for")), options);
  const [imageName, targetName] = rolesOf(recipe, options);
  const numbers = cells.map((_, i) => setAside(recipe, i, judged));
  const data = cells.map((cell) => ({ name: nameOf(cell, recipe), groups: { ...cell } }));
  const { warnings } = createSimulator(whole, { stacks, memory: availableMemory() });
  return {
    name: `recipe ${recipe.name}`,
    kinds: (["objective", "specimen"] as const).filter((kind) => cells.some((cell) => cell[kind] !== undefined)),
    stackKinds: stackKindsOf(recipe),
    data,
    apart: `Every combination of objective and specimen is judged on ${judged === 1 ? "one simulated field" : `${judged} simulated fields`} and validated on another one. Training uses other fields, which are simulated while it runs.`,
    description: { recipe, image: imageName, target: targetName ?? null, fields: numbers },
    warnings,
    async open({ signal, onProgress }): Promise<OpenSource> {
      const all = numbers.flatMap(({ validation, judged }) => [validation, ...judged]);
      const simulation = await openSimulation(whole, { stacks, beside: true, together: all.length });
      let done = 0;
      const make = async (index: number): Promise<SimulatedField> => {
        const field = await simulation.field(index, { signal });
        onProgress?.({ done: ++done, total: all.length });
        return field;
      };
      const simulated = await Promise.all(all.map(make)).finally(simulation.close);
      const fieldOf = async (index: number): Promise<SimulatedField> => simulated[all.indexOf(index)];
      const imageOf = (title: string, { images, focusPlane }: SimulatedField): JudgedImage => {
        const { stack } = images[imageName];
        const truth = targetName === undefined ? undefined : images[targetName].truth;
        return { studied: openStudiedStack(title, stack, { truth, sharpest: focusPlane }), whole: stack };
      };
      const judgedData = await Promise.all(
        data.map(async (one, i) => {
          const fields = await Promise.all(numbers[i].judged.map(fieldOf));
          return { ...one, images: fields.map((field, k) => imageOf(`${one.name} ${k + 1}`, field)) };
        }),
      );
      // The validation fields are in the order of the cells.
      const validation = await recipeFields(whole, fieldOf, options).validation();
      return {
        data: judgedData,
        async open(model) {
          const seen = data.flatMap((one, i) => (isSeen(model, one) ? [i] : []));
          const own = recipeOfCells(
            recipe,
            seen.map((i) => cells[i]),
            `${recipe.name}-${model.name}`,
          );
          const training = await openSimulation(own, { stacks, beside: true });
          const fields = recipeFields(own, (index) => training.field(index, { signal }), options);
          const samples = seen.map((i) => ({ ...validation[i], name: data[i].name }));
          return { samples, fields, close: training.close };
        },
      };
    },
  };
}

const nameOf = ({ objective, specimen }: Cell, recipe: Recipe): JudgedData["name"] =>
  [objective, specimen].filter((one) => one !== undefined).join(", ") || recipe.name;

/** The images that are used for training, as {@link recipeFields} chooses them. */
function rolesOf(
  { images }: Recipe,
  { image, target, paired }: { image: string | undefined; target: string | undefined; paired: boolean },
): [string, string | undefined] {
  const names = Object.keys(images);
  const name = image ?? names[0];
  return [name, target ?? (paired ? names.find((other) => other !== name) : undefined)];
}

function stackKindsOf(recipe: Recipe): StackKind[] {
  const kinds = new Map<string, StackKind>();
  for (const { objective, pixelSize, zStep, planes, images } of viewsOf(recipe)) {
    const name = objective ?? recipe.name;
    kinds.set(name, { name, pixelSize, zStep, planes, optics: images[0] && stackOptics(images[0].optics) });
  }
  return [...kinds.values()];
}
