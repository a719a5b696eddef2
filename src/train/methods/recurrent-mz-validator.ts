/**
 * Validation of Recurrent-MZ on held-out sets of planes, grouped by the number of planes and the distance to the
 * target.
 */
import { type RecurrentMzArchitecture, recurrentMzAlignment } from "../../models/networks/recurrent-mz.ts";
import type { PairSource } from "../data/pairs.ts";
import { type PlaneSetConfig, validationSets } from "../data/plane-sets.ts";
import type { Validator } from "../learner.ts";
import { centralWindow } from "./central-window.ts";
import { type ImageExample, imageMetrics, imageReport } from "./image-report.ts";
import { recurrentMzPrediction } from "./recurrent-mz-steps.ts";

/** Maximum side of the validated region, pixels. */
const maxSide = 192;

/** Windows of one size are used for all sources; "input" is the first plane, from which distances are measured. */
export function recurrentMzValidator(
  sources: readonly PairSource[],
  config: PlaneSetConfig,
  architecture: RecurrentMzArchitecture,
  { perGroup, thorough }: { perGroup: number; thorough?: boolean },
): Validator {
  const window = centralWindow(sources, { maxSide, alignment: recurrentMzAlignment(architecture) });
  const { height, width, seen } = window;
  const size = seen.width * seen.height;
  const { max_planes: maxPlanes } = config;
  const sets = validationSets(sources, config, perGroup);
  return {
    metrics: imageMetrics,
    graphs: { predict: recurrentMzPrediction(maxPlanes, seen.height, seen.width, architecture, config.ema_decay) },
    async run(session) {
      const examples: ImageExample[] = [];
      for (const { source, planes, target, distance } of sets) {
        const image = new Float32Array(2 * maxPlanes * size);
        const present = new Float32Array(maxPlanes);
        for (const [k, z] of planes.entries()) {
          const plane = window.planeOf(source, source.data, z);
          image.set(await window.withMargin(plane.data), 2 * k * size);
          const away = ((target - z) * source.zStep) / architecture.distance_scale;
          image.fill(away, (2 * k + 1) * size, (2 * k + 2) * size);
          present[k] = 1;
        }
        const { refocused } = await session.run("predict", {
          image: { type: "float32", shape: [1, 2 * maxPlanes, seen.height, seen.width], data: image },
          present: { type: "float32", shape: [1, maxPlanes, 1, 1], data: present },
        });
        const um = distance * source.zStep;
        examples.push({
          label: `${planes.length} plane${planes.length === 1 ? "" : "s"}, ${um >= 0 ? "+" : "-"}${Math.abs(um).toFixed(2)} um`,
          distance_um: um,
          input: window.planeOf(source, source.data, planes[0]),
          recorded: planes.map((z) => ({
            plane: window.planeOf(source, source.data, z),
            distance: (target - z) * source.zStep,
          })),
          output: { data: window.withoutMargin(refocused.data as Float32Array), height, width },
          truth: window.planeOf(source, source.target ?? source.data, target),
        });
      }
      return imageReport(examples, { pixelSize: sources[0].pixelSize, thorough });
    },
  };
}
