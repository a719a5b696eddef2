/** Recipes that show each specimen in two ways: what a model gets, and what it shall make of it. */
import type { RecipeInput } from "../recipe.ts";

export const pairRecipes: readonly RecipeInput[] = [
  {
    name: "wf-to-os-sim",
    summary: "wide field beside optical sections by structured illumination, tissue through 20x/0.75",
    fields: 10,
    planes: 9,
    object: { kind: "tissue" },
    optics: { na: 0.75 },
    camera: { photons: 8000, background: 50 },
    images: {
      input: { mode: "widefield" },
      target: { mode: "structured-illumination" },
    },
  },
];
