/**
 * A data set whose test part holds an objective and a specimen that training and validation never saw: three objectives
 * and two specimens are trained on, and the test fields combine the fourth objective and the third specimen with each
 * other and with the known ones.
 */
import type { RecipeInput } from "../recipe.ts";

export const crossObjective: RecipeInput = {
  name: "cross-objective",
  summary:
    "three specimens through four objectives; one objective and one specimen appear only in the test part, to test generalisation",
  fields: 24,
  split: { train: 0.5, val: 0.25, test: 0.25 },
  planes: 15,
  objectives: [
    { name: "20x-0.75", pixel_size: 0.325, z_step: 1, optics: { na: 0.75 } },
    { name: "20x-0.8", pixel_size: 0.325, z_step: 1, optics: { na: 0.8 } },
    { name: "63x-1.4", pixel_size: 0.103, z_step: 0.3, optics: { na: 1.4, refractive_index: 1.515 } },
    { name: "40x-1.4", pixel_size: 0.1625, z_step: 0.3, test_only: true, optics: { na: 1.4, refractive_index: 1.515 } },
  ],
  specimens: [
    { name: "beads", specimen: { kind: "beads", diameter: [0.5, 3], depth_range: [-4, 4] } },
    { name: "filaments", specimen: { kind: "filaments" } },
    { name: "nuclei", test_only: true, specimen: { kind: "nuclei" } },
  ],
};
