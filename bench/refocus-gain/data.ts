/** What two-plane refocusing is judged on: what is learnt from, and what is kept for judging. */
import { existsSync } from "node:fs";
import type { Stack } from "../../src/image/image.ts";
import { readStack } from "../../src/image/image-file.ts";
import type { NamedStack } from "../../src/image/named-stack.ts";
import { openImage } from "../../src/image/open-image.node.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../../src/simulate/simulator.ts";
import { refocusGeometry } from "../../src/train/refocus-defaults.ts";
import { fluorescentRecipes } from "../fusion/specimens.ts";
import type { Judged } from "./score.ts";

interface RefocusData {
  training: NamedStack;
  config: Record<string, unknown>;
  judged: Judged;
}

export interface DataSet {
  name: string;
  /** undefined where recorded data are not there */
  open(seed: number): Promise<RefocusData | undefined>;
}

const folder = "../shared/data";

async function recorded(path: string, channel?: number): Promise<Stack | undefined> {
  if (!existsSync(path)) return undefined;
  const file = await openImage(path);
  try {
    return await readStack(file, { channel });
  } finally {
    await file.close();
  }
}

/** Wide field, half of the columns: pairs around the focus at plane 19. */
const nucleus: DataSet = {
  name: "nucleus",
  async open() {
    const stack = await recorded(`${folder}/nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif`, 1);
    if (stack?.zStep === undefined) return undefined;
    return {
      training: { name: "nucleus", stack },
      config: { train_columns: [0, 72], input_offsets: [0, 2], distance_range: [-4, 6] },
      judged: {
        stack: { ...stack, zStep: stack.zStep },
        rows: [0, stack.height],
        columns: [74, stack.width],
        firsts: [11, 15, 19, 23, 27],
        distances: [-4, -2, 0, 1, 2, 4, 6],
      },
    };
  },
};

/** Lattice light sheet, rows of the field. */
const mitochondria: DataSet = {
  name: "mitochondria-recorded",
  async open() {
    const read = await recorded(`${folder}/dfnn_mitochondria/stack_mitochondria.tif`);
    if (read === undefined) return undefined;
    const stack = { ...read, pixelSize: { y: 0.1053, x: 0.1053 }, zStep: 0.05 };
    return {
      training: { name: "mitochondria", stack },
      config: { train_rows: [0, 400], input_offsets: [0, 0.5], distance_range: [-0.6, 1.1] },
      judged: {
        stack,
        rows: [402, stack.height],
        columns: [0, stack.width],
        firsts: [3, 8, 12, 16, 21],
        distances: [-0.6, -0.4, -0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 1],
      },
    };
  },
};

/** Another field of the same specimen, through the same optics; planes and distances follow from the optics. */
const simulated = (recipe: string): DataSet => ({
  name: recipe,
  async open(seed) {
    const field = async (own: number) => {
      const chosen = { ...shippedRecipe(recipe), size: 160, planes: 21, seed: own };
      const [image] = Object.values((await createSimulator(chosen).field(0)).images);
      return image.stack;
    };
    const [stack, other] = [await field(seed), await field(seed + 100)];
    const geometry = refocusGeometry([stack]);
    const { zStep } = other;
    if (geometry?.spacing === undefined || zStep === undefined) return undefined;
    const { spacing, reach } = geometry;
    const depth = other.depth - 1;
    const [low, high] = [Math.round(reach / zStep), depth - Math.round((spacing + reach) / zStep)];
    const between = [low, Math.round((low + high) / 2), high].filter((z) => z >= 0 && z <= depth);
    const steps = [
      -reach,
      -reach / 2,
      -zStep,
      0,
      spacing / 2,
      spacing,
      spacing + zStep,
      spacing + reach / 2,
      spacing + reach,
    ];
    const distances = [...new Set(steps.map((um) => Number((Math.round(um / zStep) * zStep).toFixed(6))))];
    return {
      training: { name: recipe, stack, simulated: true },
      config: { input_offsets: [0, spacing], distance_range: [-reach, spacing + reach] },
      judged: {
        stack: { ...other, zStep },
        rows: [0, other.height],
        columns: [0, other.width],
        firsts: [...new Set(between)],
        distances,
      },
    };
  },
});

export const dataSets: readonly DataSet[] = [nucleus, mitochondria, ...fluorescentRecipes.map(simulated)];
