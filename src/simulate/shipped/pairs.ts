/** Recipes with two images of each specimen: the input of a model and its target. */
import type { RecipeInput } from "../recipe.ts";

export const pairRecipes: readonly RecipeInput[] = [
  {
    name: "wf-to-os-sim",
    summary: "widefield images paired with optical sections by structured illumination, tissue through 20x/0.75",
    fields: 10,
    planes: 9,
    specimen: { kind: "tissue" },
    optics: { na: 0.75 },
    camera: { photons: 8000, background: 50 },
    images: {
      input: { mode: "widefield" },
      target: { mode: "structured-illumination", frequency: 0.2, camera: { photons: 30000, gain: 1 } },
    },
  },
  {
    name: "wf-to-confocal",
    summary: "widefield images paired with confocal images of the same nuclei, through 63x/1.4 oil",
    fields: 10,
    pixel_size: 0.103,
    z_step: 0.4,
    planes: 11,
    specimen: { kind: "nuclei", nuclei: 60 },
    optics: { na: 1.4, refractive_index: 1.515 },
    camera: { photons: 2000, background: 20 },
    images: {
      input: { mode: "widefield" },
      target: { mode: "confocal", pinhole: 1, camera: { photons: 400, background: 2 } },
    },
  },
  {
    name: "holograms",
    summary: "cells in water, 20x/0.5, as in-line and as off-axis holograms over +-20 um, with the true field",
    pixel_size: 0.25,
    z_step: 5,
    planes: 9,
    specimen: { kind: "nuclei", nuclei: 16, chromatin: 0.5, height: [4, 7] },
    optics: { na: 0.5, wavelength: 0.532, refractive_index: 1.333 },
    camera: { photons: 20000, background: 0 },
    images: {
      "in-line": { mode: "hologram", kind: "in-line", index_difference: 0.04 },
      "off-axis": { mode: "hologram", kind: "off-axis", index_difference: 0.04 },
    },
  },
];
