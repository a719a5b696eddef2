/** One recipe for each kind of specimen, and the recipe of the review's experiment. */
import type { RecipeInput } from "../recipe.ts";

/** 63x/1.4 oil on a camera of 6.5 um pixels. */
const oil = { pixel_size: 0.103, z_step: 0.3, planes: 21, optics: { na: 1.4, refractive_index: 1.515 } } as const;

export const specimenRecipes = [
  {
    name: "review-beads",
    summary:
      "the review's experiment: 14 planes 1 um apart, best focus at plane 7, beads of three kinds at different heights",
    specimen: { kind: "beads", beads: 58, diameter: [1, 8], depth_range: [-6, 6] },
    planes: 14,
  },
  {
    name: "beads",
    summary: "beads of three kinds at many depths, through 20x/0.8",
    specimen: { kind: "beads", beads: 58 },
  },
  {
    name: "nuclei",
    summary: "cell nuclei with chromatin texture, through 63x/1.4 oil",
    ...oil,
    specimen: { kind: "nuclei", nuclei: 40 },
    camera: { photons: 1500, background: 30 },
  },
  {
    name: "filaments",
    summary: "microtubules of cells on glass, through 63x/1.4 oil",
    ...oil,
    specimen: { kind: "filaments" },
    camera: { photons: 800, background: 20 },
  },
  {
    name: "mitochondria",
    summary: "networks of mitochondria, through 63x/1.4 oil",
    ...oil,
    specimen: { kind: "mitochondria" },
    camera: { photons: 1000, background: 20 },
  },
  {
    name: "worm",
    summary: "the head of an adult roundworm (C. elegans) with its neurons, through 20x/0.8",
    size: 352,
    specimen: { kind: "worm" },
    planes: 21,
    camera: { photons: 2000, background: 20 },
  },
  {
    name: "tissue",
    summary: "a thick slab of densely packed cells with vessels and background staining, through 20x/0.8",
    specimen: { kind: "tissue" },
    planes: 21,
    camera: { photons: 3000, background: 50 },
  },
  {
    name: "stack",
    summary: "your own recorded z-stack as the specimen (specimen.file: confocal.tif), through 20x/0.8",
    specimen: { kind: "stack", file: "stack.tif" },
  },
] as const satisfies readonly RecipeInput[];
