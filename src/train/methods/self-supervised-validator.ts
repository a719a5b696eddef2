/**
 * Validation without ground truth: compares the output, blurred by the PSF, with the part of the photons that the
 * network has not seen.
 */
import { Random } from "../../array/random.ts";
import { contactSheet } from "../../figures/contact-sheet.ts";
import type { Graph, Tensor } from "../../graph/graph.ts";
import type { Plane } from "../../image/image.ts";
import { psnr } from "../../metrics/metrics.ts";
import { readMirrored } from "../../models/apply/mirrored-region.ts";
import { crop } from "../../models/apply/pixel-grid.ts";
import { middle, type PhotonSource, thinPhotons, withNeighbours } from "../data/data-thinning.ts";
import type { Validator } from "../learner.ts";
import { meanScores } from "./image-report.ts";

/** The network to validate. */
export interface ScoredNetwork {
  planes: number;
  /** Side of a window, pixels. */
  p: number;
  /** Margin by which the blurred output is smaller on each side, pixels. */
  margin: number;
  /** `image`, `target` and `dark` to `section`, `shown` and `loss`. */
  graph: Graph;
}

/**
 * `shown_psnr` compares the blurred output with the part of the photons that the network has not seen (peak 1).
 * `input_shown_psnr` compares the input with that part; the two differ by the noise of both. The loss is the Poisson
 * deviance of the blurred output. The sheet shows the sections, with the ground truth where it is known.
 *
 * @param windows number of windows, spread over the sources and over the area of each
 */
export function selfSupervisedValidator(
  sources: readonly PhotonSource[],
  { planes, p, margin, graph }: ScoredNetwork,
  windows: number,
): Validator {
  const places = sources.flatMap((source) => placesIn(source, p, Math.max(1, Math.round(windows / sources.length))));
  const v = p - 2 * margin;
  return {
    metrics: ["shown_psnr", "input_shown_psnr"],
    graphs: { score: graph },
    async run(session) {
      const scored: { loss: number; shown_psnr: number; input_shown_psnr: number }[] = [];
      const rows: Parameters<typeof contactSheet>[0][number][] = [];
      for (const [i, { source, y, x }] of places.entries()) {
        const { depth, dark } = source;
        const window = (data: Float32Array) => windowOf(data, source, { y, x }, p);
        const { input: seen, target: unseen } = thinPhotons(
          await window(source.photons),
          source,
          new Random(1).fork(i),
        );
        const target = middle(unseen, depth, p, margin);
        const image: Tensor = {
          type: "float32",
          shape: [depth, planes, p, p],
          data: withNeighbours(seen, depth, planes),
        };
        const inputs = {
          image,
          target: { type: "float32" as const, shape: [1, depth, v, v], data: target },
          dark: { type: "float32" as const, shape: [1, 1, 1, 1], data: Float32Array.of(dark) },
        };
        const { section, shown, loss } = await session.run("score", inputs);
        const stacked = (data: Float32Array): Plane => ({ data, height: depth * v, width: v });
        const against = stacked(target);
        const input = middle(seen, depth, p, margin).map((value) => value + dark);
        scored.push({
          loss: loss.data[0],
          shown_psnr: score(stacked(shown.data as Float32Array), against),
          input_shown_psnr: score(stacked(input), against),
        });
        const truth = source.truth && (await window(source.truth));
        for (const z of i === 0 ? [0.25, 0.5, 0.75].map((part) => Math.floor(part * depth)) : []) {
          const plane = (data: Float32Array): Plane => ({
            data: data.slice(z * p * p, (z + 1) * p * p),
            height: p,
            width: p,
          });
          rows.push({
            label: `plane ${z}`,
            input: plane(seen),
            output: plane(section.data as Float32Array),
            ...(truth && { truth: plane(truth) }),
          });
        }
      }
      const scores = meanScores(scored);
      const { pixelSize } = sources[0];
      return {
        loss: scores.loss,
        scores,
        groups: [],
        draw: async (title) => contactSheet(rows, { title, unit: "(normalised)", pixelSize }),
      };
    },
  };
}

/** NaN for the output of a diverged network, whose loss is not finite. */
const score = (image: Plane, truth: Plane): number =>
  image.data.every(Number.isFinite) ? psnr(image, truth, 1) : Number.NaN;

function placesIn(source: PhotonSource, p: number, count: number): { source: PhotonSource; y: number; x: number }[] {
  const [freeY, freeX] = [source.height - p, source.width - p];
  return Array.from({ length: count }, (_, i) => {
    // Windows lie along the diagonal. For a source smaller than the window, the window is centred and mirrored outside.
    const part = (i + 0.5) / count;
    return { source, y: Math.round(freeY * (freeY > 0 ? part : 0.5)), x: Math.round(freeX * (freeX > 0 ? part : 0.5)) };
  });
}

async function windowOf(
  data: Float32Array,
  { depth, height, width }: PhotonSource,
  { y, x }: { y: number; x: number },
  p: number,
): Promise<Float32Array> {
  const out = new Float32Array(depth * p * p);
  const whole = { x: 0, y: 0, width, height };
  for (let z = 0; z < depth; z++) {
    const plane = data.subarray(z * height * width, (z + 1) * height * width);
    const read = async (region: typeof whole): Promise<Float32Array> => crop(plane, whole, region);
    out.set(await readMirrored(read, whole, { x, y, width: p, height: p }), z * p * p);
  }
  return out;
}
