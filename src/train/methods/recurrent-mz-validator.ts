/**
 * Validation of Recurrent-MZ on held-out sets of planes, grouped by the number of planes and the distance to the
 * target.
 */
import type { Plane } from "../../image/image.ts";
import { readMirrored } from "../../models/apply/mirrored-region.ts";
import { crop } from "../../models/apply/pixel-grid.ts";
import { type RecurrentMzArchitecture, recurrentMzAlignment } from "../../models/networks/recurrent-mz.ts";
import type { PairSource } from "../data/pairs.ts";
import { type PlaneSetConfig, validationSets } from "../data/plane-sets.ts";
import type { Validator } from "../learner.ts";
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
  const height = Math.min(maxSide, ...sources.map((source) => source.height));
  const width = Math.min(maxSide, ...sources.map((source) => source.width));
  const alignment = recurrentMzAlignment(architecture);
  const margin = 2 * alignment;
  const padded = {
    x: -margin,
    y: -margin,
    width: Math.ceil((width + 2 * margin) / alignment) * alignment,
    height: Math.ceil((height + 2 * margin) / alignment) * alignment,
  };
  const size = padded.width * padded.height;
  const whole = { x: 0, y: 0, width, height };
  const { max_planes: maxPlanes } = config;
  const sets = validationSets(sources, config, perGroup);
  return {
    metrics: imageMetrics,
    graphs: { predict: recurrentMzPrediction(maxPlanes, padded.height, padded.width, architecture, config.ema_decay) },
    async run(session) {
      const examples: ImageExample[] = [];
      for (const { source, planes, target, distance } of sets) {
        const image = new Float32Array(2 * maxPlanes * size);
        const present = new Float32Array(maxPlanes);
        for (const [k, z] of planes.entries()) {
          const plane = centre(source, source.data, z, height, width);
          const read = async (region: typeof whole): Promise<Float32Array> => crop(plane.data, whole, region);
          image.set(await readMirrored(read, whole, padded), 2 * k * size);
          const away = ((target - z) * source.zStep) / architecture.distance_scale;
          image.fill(away, (2 * k + 1) * size, (2 * k + 2) * size);
          present[k] = 1;
        }
        const { refocused } = await session.run("predict", {
          image: { type: "float32", shape: [1, 2 * maxPlanes, padded.height, padded.width], data: image },
          present: { type: "float32", shape: [1, maxPlanes, 1, 1], data: present },
        });
        const um = distance * source.zStep;
        examples.push({
          label: `${planes.length} plane${planes.length === 1 ? "" : "s"}, ${um >= 0 ? "+" : "-"}${Math.abs(um).toFixed(2)} um`,
          distance_um: um,
          input: centre(source, source.data, planes[0], height, width),
          recorded: planes.map((z) => ({
            plane: centre(source, source.data, z, height, width),
            distance: (target - z) * source.zStep,
          })),
          output: { data: crop(refocused.data as Float32Array, padded, whole), height, width },
          truth: centre(source, source.target ?? source.data, target, height, width),
        });
      }
      return imageReport(examples, { pixelSize: sources[0].pixelSize, thorough });
    },
  };
}

function centre(source: PairSource, data: Float32Array, z: number, height: number, width: number): Plane {
  const size = source.height * source.width;
  const whole = { x: 0, y: 0, width: source.width, height: source.height };
  const x = Math.floor((source.width - width) / 2);
  const y = Math.floor((source.height - height) / 2);
  return { data: crop(data.subarray(z * size, (z + 1) * size), whole, { x, y, width, height }), height, width };
}
