/** Experiment of hologram reconstruction: cells in water through 20x/0.5, in-line, from 5 to 20 um out of focus. */
import type { Plane } from "../../src/image/image.ts";
import { planeOf } from "../../src/image/image.ts";
import { focusHologram } from "../../src/models/apply/hologram-apply.ts";
import type { HologramModel, Model } from "../../src/models/model-info.ts";
import { propagate } from "../../src/optics/imaging/angular-spectrum.ts";
import { type ComplexField, phaseOf } from "../../src/optics/imaging/complex-field.ts";
import { inLineField } from "../../src/optics/imaging/in-line-field.ts";
import { shippedRecipe } from "../../src/simulate/shipped-recipes.ts";
import { type Comparison, type Experiment, heldOut, mean, train } from "./experiment.ts";

/**
 * Root mean square of the phase difference, each in -pi to pi, after subtraction of a constant for the whole field,
 * radians.
 */
function phaseError(field: ComplexField, truth: ComplexField): number {
  const n = truth.real.length;
  let [re, im] = [0, 0];
  const turned = Array.from({ length: n }, (_, i) => {
    const angle = Math.atan2(field.imag[i], field.real[i]) - Math.atan2(truth.imag[i], truth.real[i]);
    re += Math.cos(angle);
    im += Math.sin(angle);
    return angle;
  });
  const shift = Math.atan2(im, re);
  const square = (angle: number): number => Math.atan2(Math.sin(angle - shift), Math.cos(angle - shift)) ** 2;
  return Math.sqrt(mean(turned.map(square)));
}

const distances = [-5, -10, -20];
const errors = [0, 10, -10, 20, -20];

export const holograms: Experiment[] = [
  {
    name: "hidef",
    method: "hidef",
    task: "in-line hologram to complex field in focus",
    data: "recipe holograms, 5 to 20 um out of focus",
    target: "phase error below the angular spectrum's",
    reached: ([phase]) => phase.output < phase.input,
    claim: "25 times the depth of field",
    train: (setting) =>
      train(
        setting,
        { experiment_name: "hidef", method: "hidef" },
        { recipe: shippedRecipe("holograms"), roles: { image: "in-line" } },
      ),
    async judge(model: Model, { runtime }) {
      const recipe = shippedRecipe("holograms");
      const found = new Map<string, { output: number[]; input: number[] }>();
      const rows: { label: string; input: Plane; output: Plane; truth: Plane }[] = [];
      for (const { images, planes, focusPlane } of await heldOut(recipe, 2)) {
        const { stack, field } = images["in-line"];
        if (field === undefined) throw new Error("The recipe's image in-line has no field.");
        const { height, width, pixelSize, optics } = stack;
        const at = (of: typeof field.real): Float32Array => planeOf(of, focusPlane).data;
        const truth = { real: at(field.real), imag: at(field.imag), height, width };
        const light = {
          wavelength: optics?.wavelength ?? 0.532,
          refractiveIndex: optics?.refractiveIndex ?? 1.333,
          pixelSize: pixelSize?.x ?? 0.25,
          na: optics?.na ?? 0.5,
        };
        for (const distance of distances) {
          const hologram = planeOf(
            stack,
            planes.findIndex((z) => Math.abs(z - distance) < 1e-6),
          );
          for (const error of errors) {
            const sent = propagate(inLineField(hologram), light, distance + error);
            const options = { distance: distance + error };
            const output = await focusHologram(model as HologramModel, runtime, hologram, light, options);
            const key = error === 0 ? "" : ` distance wrong by ${Math.abs(error)} um`;
            const scores = found.get(key) ?? { output: [], input: [] };
            scores.output.push(phaseError(output, truth));
            scores.input.push(phaseError(sent, truth));
            found.set(key, scores);
            if (rows.length < 3 && error === 0) {
              const views = { input: phaseOf(sent), output: phaseOf(output), truth: phaseOf(truth) };
              rows.push({ label: `${distance} um`, ...views });
            }
          }
        }
      }
      const comparisons = [...found].map(
        ([key, { output, input }]): Comparison => ({
          what: `RMS phase error${key}`,
          unit: "rad",
          better: "lower",
          output: mean(output),
          input: mean(input),
        }),
      );
      return {
        comparisons,
        rows,
        pixelSize: 0.25,
        unit: "rad of phase",
        notes: [
          "The input is the result of the angular spectrum method: the propagated amplitude of the hologram, with its twin image.",
        ],
      };
    },
  },
];
