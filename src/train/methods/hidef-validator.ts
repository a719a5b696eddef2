/** Validation of networks that focus a back-propagated hologram. */

import { contactSheet } from "../../figures/contact-sheet.ts";
import type { Graph, Tensor } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import { type FieldError, fieldError } from "../../metrics/field-error.ts";
import { type ComplexField, phaseOf } from "../../optics/imaging/complex-field.ts";
import type { Session } from "../../run/runtime.ts";
import { exampleOf, type HologramExample } from "../data/hologram-batches.ts";
import type { HologramSource } from "../data/hologram-data.ts";
import type { ValidationReport, Validator } from "../learner.ts";
import { type CentralWindow, centralWindow } from "./central-window.ts";
import { meanScores } from "./image-report.ts";

/** The scores in metrics.csv: of the network, and of back-propagation alone (input). */
const metrics = ["phase_rms_rad", "input_phase_rms_rad", "amplitude_rms", "input_amplitude_rms"] as const;

/** Maximum side of the validated region, pixels. */
const maxSide = 256;

export interface HidefValidation {
  /** Image sizes must be multiples of this. */
  alignment: number;
  /** Largest error of the distance, um; validation uses no error and this error in both directions. */
  distanceError: number;
  /** The network with weights from the state: `field` `[1, 2, h, w]` to `focused`. */
  predictionGraph(height: number, width: number): Graph;
}

interface Example extends HologramExample {
  label: string;
}

/**
 * Validates on holograms of every source: `perSource` of them, at distances from the nearest to the farthest, each with
 * the right distance and with the largest error in both directions. Windows of one size are used for all sources.
 */
export function hidefValidator(
  sources: readonly HologramSource[],
  { alignment, distanceError, predictionGraph }: HidefValidation,
  perSource: number,
): Validator {
  const window = centralWindow(sources, { maxSide, alignment });
  const { height, width, seen } = window;
  const errors = distanceError > 0 ? [0, -distanceError, distanceError] : [0];
  let made: Promise<Example[]> | undefined;
  return {
    metrics,
    graphs: { predict: predictionGraph(seen.height, seen.width) },
    async run(session) {
      made ??= examplesOf(
        sources.map((source) => centred(source, height, width)),
        errors,
        perSource,
      );
      const scored: (Example & { output: ComplexField; scores: Record<string, number> })[] = [];
      for (const example of await made) {
        const output = await focus(session, example.input, window);
        scored.push({ ...example, output, scores: scoresOf(output, example) });
      }
      return report(scored, sources[0].light.pixelSize);
    },
  };
}

/** The middle of the part of the field that a source covers. */
function centred(source: HologramSource, height: number, width: number): HologramSource {
  const { rows, columns } = source.box;
  const y = rows[0] + Math.floor((source.height - height) / 2);
  const x = columns[0] + Math.floor((source.width - width) / 2);
  return { ...source, height, width, box: { rows: [y, y + height], columns: [x, x + width] } };
}

async function examplesOf(
  sources: readonly HologramSource[],
  errors: readonly number[],
  perSource: number,
): Promise<Example[]> {
  const examples: Example[] = [];
  for (const source of sources) {
    const { holograms } = await source.focused();
    const near = holograms.map((_, i) => i).sort((a, b) => holograms[a].distance - holograms[b].distance);
    const count = Math.min(perSource, near.length);
    // Evenly spaced, both ends included.
    const chosen = Array.from(
      { length: count },
      (_, i) => near[Math.round((i * (near.length - 1)) / Math.max(1, count - 1))],
    );
    for (const index of new Set(chosen)) {
      for (const error of errors) {
        const label = error === 0 ? "right distance" : `${error > 0 ? "+" : "-"}${Math.abs(error)} um off`;
        examples.push({ ...(await exampleOf(source, index, error)), label });
      }
    }
  }
  return examples;
}

async function focus(session: Session, { real, imag }: ComplexField, window: CentralWindow): Promise<ComplexField> {
  const { height, width, seen } = window;
  const size = seen.height * seen.width;
  const data = new Float32Array(2 * size);
  for (const [k, part] of [real, imag].entries()) data.set(await window.withMargin(part as Float32Array), k * size);
  const field: Tensor = { type: "float32", shape: [1, 2, seen.height, seen.width], data };
  const { focused } = await session.run("predict", { field });
  const out = focused.data as Float32Array;
  const [re, im] = [out.subarray(0, size), out.subarray(size)].map(window.withoutMargin);
  return { real: re, imag: im, height, width };
}

function scoresOf(output: ComplexField, { input, truth }: HologramExample): Record<string, number> {
  const of = ({ mae, ...rest }: FieldError) => ({ loss: mae, ...rest });
  const inputErrors = of(fieldError(input, truth));
  const inputScores = Object.fromEntries(Object.entries(inputErrors).map(([key, value]) => [`input_${key}`, value]));
  return { ...of(fieldError(output, truth)), ...inputScores };
}

function report(
  scored: readonly (Example & { output: ComplexField; scores: Record<string, number> })[],
  pixelSize: number,
): ValidationReport {
  const groupsOf = (keyOf: (example: Example) => string) => {
    const keys = [...new Set(scored.map(keyOf))];
    return keys.map((key) => {
      const same = scored.filter((example) => keyOf(example) === key);
      return { key, first: same[0], scores: meanScores(same.map(({ scores }) => scores)) };
    });
  };
  const distances = groupsOf(({ distance, label }) => `${distance.toFixed(1)} um, ${label}`);
  const scores = meanScores(scored.map((example) => example.scores));
  return {
    loss: scores.loss,
    scores,
    groups: distances.map(({ key, first, scores: own }) => ({ label: key, distance_um: first.distance, scores: own })),
    draw: async (title) =>
      contactSheet(
        groupsOf(({ label }) => label).map(({ first: { label, distance, input, output, truth } }) => ({
          label: `hologram at ${distance.toFixed(1)} um, ${label}`,
          input: alignedPhase(input, truth),
          output: alignedPhase(output, truth),
          truth: phaseOf(truth),
        })),
        { title, unit: "rad", pixelSize },
      ),
  };
}

/** The phase, without the constant offset from the ground truth. */
function alignedPhase(field: ComplexField, truth: ComplexField): Plane {
  let [re, im] = [0, 0];
  for (let i = 0; i < field.real.length; i++) {
    re += field.real[i] * truth.real[i] + field.imag[i] * truth.imag[i];
    im += field.imag[i] * truth.real[i] - field.real[i] * truth.imag[i];
  }
  const turn = Math.atan2(im, re);
  const { data, ...size } = phaseOf(field);
  return {
    ...size,
    data: data.map((phase) => Math.atan2(Math.sin(phase - turn), Math.cos(phase - turn))),
  };
}
