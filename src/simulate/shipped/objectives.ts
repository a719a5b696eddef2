/**
 * One recipe for each objective of Deep-Z (Wu et al., Nature Methods 2019) and later work: beads of 300 nm within the
 * refocusing range of the objective. The camera pixel is 6.5 um, divided by the magnification.
 */
import type { RecipeInput } from "../recipe.ts";

interface Objective {
  magnification: number;
  na: number;
  refractive_index: number;
  z_step: number;
  planes: number;
  /** Maximum distance of a bead from focus, um. */
  reach: number;
}

const objectives: readonly Objective[] = [
  { magnification: 20, na: 0.75, refractive_index: 1, z_step: 0.5, planes: 41, reach: 4 },
  { magnification: 20, na: 0.8, refractive_index: 1, z_step: 0.5, planes: 41, reach: 4 },
  { magnification: 40, na: 1.4, refractive_index: 1.515, z_step: 0.2, planes: 31, reach: 1.5 },
  { magnification: 63, na: 1.4, refractive_index: 1.515, z_step: 0.15, planes: 41, reach: 1.5 },
];

export const objectiveRecipes: readonly RecipeInput[] = objectives.map(
  ({ magnification, na, refractive_index, z_step, planes, reach }) => {
    const half = Number((((planes - 1) * z_step) / 2).toFixed(3));
    const immersion = refractive_index > 1 ? " oil" : "";
    return {
      name: `objective-${magnification}x-${na}`,
      summary: `beads of 300 nm through ${magnification}x/${na}${immersion}, ${planes} planes over +-${half} um`,
      pixel_size: Number((6.5 / magnification).toFixed(4)),
      z_step,
      planes,
      optics: { na, refractive_index },
      specimen: {
        kind: "beads",
        bead_kinds: ["solid"],
        diameter: [0.3, 0.3],
        // The same number in a field of 256 pixels for every objective.
        beads: Math.round((60 * 1e4) / (256 * (6.5 / magnification)) ** 2),
        depth_range: [-reach, reach],
      },
      camera: { photons: 1500, background: 10 },
    };
  },
);
