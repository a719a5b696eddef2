/** Training a deconvolving network from stacks alone: no truth, no other data. */
import { z } from "zod";
import { Random } from "../../array/random.ts";
import { opticsOf } from "../../classical/deconvolution/optical-psf.ts";
import { ParfocalError } from "../../errors.ts";
import { Graph, type Value } from "../../graph/graph.ts";
import { writeOnnx } from "../../graph/onnx/write.ts";
import { add } from "../../graph/operators/elementwise.ts";
import { reshape, slice } from "../../graph/operators/movement.ts";
import {
  type DeepZArchitecture,
  deepZAlignment,
  deepZArchitecture,
  deepZPresets,
} from "../../models/networks/deep-z.ts";
import { constantParameters, type Parameters, trainableParameters } from "../../models/networks/parameters.ts";
import { selfSupervisedNetwork } from "../../models/networks/self-supervised.ts";
import { psfModelOf } from "../../optics/psf/optics-options.ts";
import type { Tensors } from "../../run/runtime.ts";
import { commonConfig } from "../common-config.ts";
import { configError, refuseResampling } from "../config-error.ts";
import { contentSums, drawPlace } from "../data/content.ts";
import { driftWarnings } from "../data/drift-warnings.ts";
import {
  cropPhotons,
  dealOut,
  middle,
  type PhotonSource,
  photonSource,
  withNeighbours,
} from "../data/photon-halves.ts";
import { checkPixelSizes } from "../data/same-pixel-size.ts";
import { trainingSources } from "../data/training-sources.ts";
import { copyPatch, drawView, plainView } from "../data/view.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { type BlurKernels, blurKernels, poissonDeviance, reblur } from "./reblur.ts";
import { selfSupervisedValidator } from "./self-supervised-validator.ts";

/** Everything that decides how the network is trained. */
export const selfSupervisedConfig = z.strictObject({
  method: z.literal("self-supervised").default("self-supervised").describe("the method"),
  ...commonConfig({
    experiment_name: "self-supervised",
    patch_size: 96,
    batch_size: 1,
    learning_rate: 7e-4,
    clip_norm: 1,
  }),
  architecture: deepZArchitecture.partial().optional().describe("numbers that differ from the preset"),
  planes: z.int().positive().default(3).describe("planes that the network sees at a time, odd"),
  psf_radius: z.int().min(2).default(16).describe("pixels of the PSF that are followed on each side"),
  border: z.int().nonnegative().default(12).describe("pixels at the edges of a patch that are context only"),
  camera_gain: z.number().positive().optional().describe("counts for one photon (default: told by the noise)"),
  camera_offset: z.number().nonnegative().optional().describe("counts without light (default: told by the noise)"),
});

export type SelfSupervisedConfig = z.output<typeof selfSupervisedConfig>;

export const selfSupervised: TrainingMethod<SelfSupervisedConfig, typeof selfSupervisedConfig> = {
  name: "self-supervised",
  task: "section",
  summary: "U-Net taught by the PSF alone: its output, blurred, gives the other half of the photons",
  config: selfSupervisedConfig,
  check,
  learner,
};

function architectureOf({ preset, architecture }: SelfSupervisedConfig): DeepZArchitecture {
  const own = Object.fromEntries(Object.entries(architecture ?? {}).filter(([, value]) => value !== undefined));
  return deepZArchitecture.parse({
    ...deepZPresets[preset],
    residual: true,
    recorded_base: undefined,
    bias: 0,
    ...own,
  });
}

function check(config: SelfSupervisedConfig): void {
  // Interpolation makes the noise of neighbours alike, and then one half of the photons tells of the noise of the other.
  refuseResampling(config, "photons are told from the noise of the camera's own pixels, which resampling changes");
  const { planes, patch_size, psf_radius, border } = config;
  const architecture = architectureOf(config);
  const { down, up } = architecture;
  if (up.length !== down.length - 1) {
    const detail = `architecture: up needs one level fewer than down, got ${up.length} and ${down.length}; give both`;
    throw configError("architecture", detail);
  }
  if (planes % 2 === 0) throw configError("planes", `planes must be odd, so that one is the middle, got ${planes}`);
  const multiple = deepZAlignment(architecture);
  if (patch_size % multiple !== 0) {
    throw configError("patch_size", `patch_size must be a multiple of ${multiple} for this model, got ${patch_size}`);
  }
  const least = 2 * (psf_radius + border) + 16;
  if (patch_size < least) {
    const detail = `patch_size must be at least ${least} for a psf_radius of ${psf_radius} and a border of ${border}, got ${patch_size}`;
    throw configError("patch_size", detail);
  }
}

function* learner(input: TrainingInput, config: SelfSupervisedConfig): Generator<void, Learner> {
  const architecture = architectureOf(config);
  const { batch_size: n, patch_size: p, planes, psf_radius: radius, border } = config;
  const camera = { gain: config.camera_gain, offset: config.camera_offset };
  const { validation, at } = yield* trainingSources(input, config, {
    whole: (sample) => photonSource(sample, config, camera),
    cut: cropPhotons,
    index: (source) => ({ source, content: contentSums(brightness(source)) }),
    together: checkAlike,
  });
  const drift = yield* driftWarnings(input.samples);
  const { optics, warnings } = opticsOf(input.samples[0].stack.optics);
  const [{ depth, zStep, pixelSize }] = validation;
  const kernels = blurKernels(psfModelOf(optics), { depth, pixelSize, zStep }, radius);
  const shape = { n, depth, planes, p, border, kernels };
  const { graph, specs } = trainingGraph(shape, config, architecture);
  const validator = (windows: number) =>
    selfSupervisedValidator(
      validation,
      { planes, p, margin: radius + border, graph: judgingGraph({ ...shape, n: 1 }, architecture, config.ema_decay) },
      windows,
    );
  return {
    warnings: [...drift, ...warnings],
    steps: [{ name: "network", graph, learningRate: config.learning_rate }],
    specs,
    async batchAt(step) {
      const random = new Random(config.seed).fork(step);
      const choose = await at(step);
      const image = new Float32Array(n * depth * planes * p * p);
      const v = p - 2 * (radius + border);
      const target = new Float32Array(n * depth * v * v);
      const dark = new Float32Array(n);
      for (let i = 0; i < n; i++) {
        const { source, content } = choose(random);
        const place = drawPlace(source, content, config, random);
        // A round PSF leaves turned patches as they are; brightness is that of the photons.
        const view = { ...(config.augment ? drawView(random) : plainView), gain: 1, shift: 0 };
        const photons = new Float32Array(depth * p * p);
        for (let k = 0; k < depth; k++) {
          const base = (k * source.height + place.y) * source.width + place.x;
          copyPatch(source.photons, base, source.width, p, view, photons.subarray(k * p * p, (k + 1) * p * p));
        }
        const { seen, other } = dealOut(photons, source, random);
        image.set(withNeighbours(seen, depth, planes), i * depth * planes * p * p);
        target.set(middle(other, depth, p, radius + border), i * depth * v * v);
        dark[i] = source.dark;
      }
      return {
        image: { type: "float32", shape: [n * depth, planes, p, p], data: image },
        target: { type: "float32", shape: [n, depth, v, v], data: target },
        dark: { type: "float32", shape: [n, 1, 1, 1], data: dark },
      };
    },
    validator: validator(2),
    finalValidator: validator(6),
    pack: (weights, { steps, report }) => ({
      info: {
        ...describeModel(input, config, steps, report),
        task: "section",
        method: "self-supervised",
        architecture,
        planes,
        pixel_size: pixelSize,
        z_step: zStep,
        // The specimen in the counts of the image, above its dark.
        output_gain: 1,
        output_low: 0,
      },
      onnx: exportSelfSupervised(planes, architecture, weights),
    }),
  };
}

const brightness = ({ photons, scale, dark, ...rest }: PhotonSource) => ({
  ...rest,
  data: photons.map((count) => count * scale - dark),
});

/** One PSF and one graph serve all stacks. */
function checkAlike(sources: readonly PhotonSource[]): void {
  checkPixelSizes(sources, { resampled: false });
  const [first] = sources;
  for (const { name, depth, zStep } of sources) {
    if (depth === first.depth && Math.abs(zStep / first.zStep - 1) <= 0.02) continue;
    const detail = `${name} has ${depth} planes of ${zStep} um, ${first.name} ${first.depth} of ${first.zStep} um`;
    const message = `Whole stacks are blurred together and must be alike: ${detail}; train on stacks of one kind.`;
    throw new ParfocalError("image.unfit", message, { path: name, detail });
  }
}

interface BlockShape {
  n: number;
  depth: number;
  planes: number;
  p: number;
  border: number;
  kernels: BlurKernels;
}

/**
 * The network on every plane, and what the objective would show of it: `[n, depth, v, v]`, above the camera's dark. The border of its output is
 * left out before: the network would see there where the patch ends, and learn to hide the haze just outside what is judged.
 */
function blockOf(
  graph: Graph,
  { n, depth, planes, p, border, kernels }: BlockShape,
  architecture: DeepZArchitecture,
  parameters: Parameters,
  form: "training" | "portable",
): { section: Value; image: Value; loss: Value; shown: Value } {
  const image = graph.input("image", [n * depth, planes, p, p]);
  const inner = p - 2 * border;
  const v = inner - kernels.size + 1;
  const target = graph.input("target", [n, depth, v, v]);
  const dark = graph.input("dark", [n, 1, 1, 1]);
  const section = selfSupervisedNetwork(image, architecture, parameters, form);
  const within = slice(
    section,
    [2, 3].map((axis) => ({ axis, start: border, end: p - border })),
  );
  const shown = add(reblur(reshape(within, [n, depth, inner, inner]), kernels), dark);
  return { image, section, shown, loss: poissonDeviance(shown, target) };
}

function trainingGraph(shape: BlockShape, config: SelfSupervisedConfig, architecture: DeepZArchitecture) {
  const graph = new Graph();
  const { parameters, specs, values } = trainableParameters(graph);
  const { loss } = blockOf(graph, shape, architecture, parameters, "training");
  optimise(graph, loss, values, { clipNorm: config.clip_norm, emaDecay: config.ema_decay });
  return { graph, specs };
}

/** `image`, `target`, `dark` to `section` `[depth, 1, p, p]`, `shown` `[1, depth, v, v]` and `loss`; weights from the state. */
function judgingGraph(shape: BlockShape, architecture: DeepZArchitecture, emaDecay: number | undefined): Graph {
  const graph = new Graph();
  const parameters = weightsToValidate(graph, emaDecay);
  const { section, shown, loss } = blockOf(graph, shape, architecture, parameters, "portable");
  graph.output("section", section);
  graph.output("shown", shown);
  graph.output("loss", loss);
  return graph;
}

/** The finished model: `image` `[batch, planes, y, x]` to `output` `[batch, 1, y, x]`. */
export function exportSelfSupervised(
  planes: number,
  architecture: DeepZArchitecture,
  weights: Tensors,
): Uint8Array<ArrayBuffer> {
  const graph = new Graph();
  const size = 4 * 2 ** architecture.down.length;
  const image = graph.input("image", [1, planes, size, size]);
  const parameters = constantParameters(graph, weights);
  graph.output("output", selfSupervisedNetwork(image, architecture, parameters, "portable"));
  const open = { 0: "batch", 2: "y", 3: "x" };
  return writeOnnx(graph, { variable: { image: open, output: open } });
}
