/** Simulated thin specimens whose focus is known: in fluorescence and in transmitted light, well and badly recorded, in and out of the stack. */
import { Random } from "../../src/array/random.ts";
import type { Stack } from "../../src/image/image.ts";
import { changeRecipe } from "../../src/simulate/recipe-flags.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import { createSimulator } from "../../src/simulate/simulator.ts";

export interface KnownFocus {
  name: string;
  light: "fluorescence" | "transmitted";
  stack: Stack;
  /** In planes; outside 0..depth - 1 where the focus is. */
  truth: number;
  /** What counts as right, planes: half a depth of field or one plane, whichever is larger. */
  tolerance: number;
}

/** What is drawn, and the keys that make it thin and dense enough to be seen in a field of 96 pixels. */
const specimens = {
  beads: { keys: { beads: 150, diameter: [1, 3] }, depths: [0, 0] },
  nuclei: { keys: { height: [2, 3], nuclei: 60 }, depths: [0, 0] },
  mitochondria: { keys: {}, depths: [-0.5, 0.7] },
  filaments: { keys: {}, depths: [-0.4, 0.5] },
} as const;

/** Specimen `index` of a light; what cannot be simulated (a cone wider than the field) is undefined. */
export async function knownFocus(light: KnownFocus["light"], index: number): Promise<KnownFocus | undefined> {
  const transmitted = light === "transmitted";
  const random = new Random(transmitted ? 31 : 12).fork(index);
  const choose = <T>(all: readonly T[]): T => all[Math.min(all.length - 1, Math.floor(random.uniform() * all.length))];
  // Filaments are too thin to be seen in bright field.
  const names = (Object.keys(specimens) as (keyof typeof specimens)[]).slice(0, transmitted ? 3 : 4);
  const name = names[index % names.length];
  const { keys, depths } = specimens[name];
  const air = transmitted || name === "beads";
  const depthOfField = air ? 0.515 / 0.8 ** 2 : (0.515 * 1.515) / 1.4 ** 2;
  const planes = choose([3, 5, 7, 9, 13]);
  const step = depthOfField * (0.5 + 2 * random.uniform());
  const nearest = Math.round(-1 + random.uniform() * (planes + 1));
  const inside = Math.min(planes - 1, Math.max(0, nearest));
  const truth = nearest + random.uniform() - 0.5;
  const height = (truth - inside) * step;
  const photons = choose(transmitted ? [500, 2000, 6000, 20000, 25000] : [30, 100, 400, 2000, 10000]);
  const image = transmitted
    ? {
        mode: "transmitted",
        absorption: choose([0, 0, 0.05, 0.3]),
        index_difference: choose([0.02, 0.05]),
        source_rings: 2,
      }
    : { mode: "widefield" };
  const flags = {
    size: 128,
    planes,
    seed: 1000 + index,
    z_step: step,
    pixel_size: air ? 0.2 : 0.103,
    focus_plane: inside,
    photons,
    background: transmitted ? 0 : choose([5, 20, 100]),
    ...(air && { na: 0.8, refractive_index: 1 }),
  };
  const recipe = changeRecipe(shippedRecipe(name), flags, [
    ...Object.entries(keys).map(([key, value]) => [`specimen.${key}`, value] as const),
    ["specimen.depth_range", depths.map((z) => z + height)],
    ["images", { stack: image }],
  ]);
  try {
    const { images } = await createSimulator(recipe).field(0);
    const tolerance = Math.max(1, depthOfField / 2 / step);
    return { name: `${light} ${name} ${index}`, light, stack: images.stack.stack, truth, tolerance };
  } catch {
    return undefined;
  }
}
