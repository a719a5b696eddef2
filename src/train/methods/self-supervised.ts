/** Trains a network for deconvolution on stacks alone, without ground truth or other data. */
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
import { copyPatch, drawAugmentation, noAugmentation } from "../data/augmentation.ts";
import { contentSums, drawPlace } from "../data/content.ts";
import {
  cropPhotons,
  middle,
  type PhotonSource,
  photonSource,
  thinPhotons,
  withNeighbours,
} from "../data/data-thinning.ts";
import { driftWarnings } from "../data/drift-warnings.ts";
import { checkPixelSizes } from "../data/same-pixel-size.ts";
import { trainingSources } from "../data/training-sources.ts";
import { describeModel } from "../describe-model.ts";
import type { Learner } from "../learner.ts";
import { optimise, weightsToValidate } from "../optimise.ts";
import type { TrainingInput, TrainingMethod } from "../training-method.ts";
import { type BlurKernels, blurKernels, poissonDeviance, reblur } from "./reblur.ts";
import { selfSupervisedValidator } from "./self-supervised-validator.ts";

const common = commonConfig({
  experiment_name: "self-supervised",
  patch_size: 96,
  batch_size: 1,
  learning_rate: 7e-4,
  clip_norm: 1,
});

/** The configuration of the self-supervised network. */
export const selfSupervisedConfig = z.strictObject({
  method: z.literal("self-supervised").default("self-supervised").describe("name of the method"),
  ...common,
  augment: common.augment.describe("augment patches by random flips and transposition"),
  model_pixel_size: common.model_pixel_size.describe(
    "not supported by this method: it needs the noise of the original pixels of the camera",
  ),
  architecture: deepZArchitecture.partial().optional().describe("settings of the network that differ from the preset"),
  planes: z.int().positive().default(3).describe("number of planes in the input of the network, odd"),
  psf_radius: z.int().min(2).default(16).describe("radius to which the PSF is cropped, pixels"),
  border: z.int().nonnegative().default(12).describe("border of a patch that is used as context only, pixels"),
  camera_gain: z
    .number()
    .positive()
    .optional()
    .describe("gain of the camera, counts per photon (default: estimated from the noise)"),
  camera_offset: z
    .number()
    .nonnegative()
    .optional()
    .describe("offset of the camera, counts without light (default: estimated from the noise)"),
});

export type SelfSupervisedConfig = z.output<typeof selfSupervisedConfig>;

export const selfSupervised: TrainingMethod<SelfSupervisedConfig, typeof selfSupervisedConfig> = {
  name: "self-supervised",
  task: "section",
  summary: "U-Net for deconvolution, trained on stacks alone by the PSF and data thinning, without ground truth",
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
  // Interpolation correlates the noise of neighbouring pixels, so that the two parts of the photons would not be
  // independent.
  refuseResampling(
    config,
    "photons are estimated from the noise of the original pixels of the camera, which resampling changes",
  );
  const { planes, patch_size, psf_radius, border } = config;
  const architecture = architectureOf(config);
  const { down, up } = architecture;
  if (up.length !== down.length - 1) {
    const detail = `architecture: up needs one level fewer than down, got ${up.length} and ${down.length}; give both`;
    throw configError("architecture", detail);
  }
  if (planes % 2 === 0)
    throw configError("planes", `planes must be odd, since the output is the middle plane, got ${planes}`);
  const multiple = deepZAlignment(architecture);
  if (patch_size % multiple !== 0) {
    throw configError(
      "patch_size",
      `patch_size must be a multiple of ${multiple} for this architecture, got ${patch_size}`,
    );
  }
  const minPatchSize = 2 * (psf_radius + border) + 16;
  if (patch_size < minPatchSize) {
    const detail = `patch_size must be at least ${minPatchSize} for a psf_radius of ${psf_radius} and a border of ${border}, got ${patch_size}`;
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
    together: checkSameDepth,
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
      { planes, p, margin: radius + border, graph: scoringGraph({ ...shape, n: 1 }, architecture, config.ema_decay) },
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
        // The PSF is rotationally symmetric, so that orientation can be augmented; brightness is not, since counts are
        // photons.
        const augmentation = { ...(config.augment ? drawAugmentation(random) : noAugmentation), gain: 1, shift: 0 };
        const photons = new Float32Array(depth * p * p);
        for (let k = 0; k < depth; k++) {
          const base = (k * source.height + place.y) * source.width + place.x;
          copyPatch(source.photons, base, source.width, p, augmentation, photons.subarray(k * p * p, (k + 1) * p * p));
        }
        const { input: seen, target: unseen } = thinPhotons(photons, source, random);
        image.set(withNeighbours(seen, depth, planes), i * depth * planes * p * p);
        target.set(middle(unseen, depth, p, radius + border), i * depth * v * v);
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
        // The output is in counts of the image, above the dark level.
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

/** Checks that all stacks have the same depth and z step, since they share one PSF and one graph. */
function checkSameDepth(sources: readonly PhotonSource[]): void {
  checkPixelSizes(sources, { resampled: false });
  const [first] = sources;
  for (const { name, depth, zStep } of sources) {
    if (depth === first.depth && Math.abs(zStep / first.zStep - 1) <= 0.02) continue;
    const detail = `${name} has ${depth} planes at a z step of ${zStep} um and ${first.name} has ${first.depth} planes at ${first.zStep} um`;
    const message = `All stacks must have the same number of planes and z step, but ${detail}. Train on stacks of one kind.`;
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
 * The network on every plane, and the blurred image of its output: `[n, depth, v, v]`, above the dark level of the
 * camera. The border of the output is cropped before blurring: otherwise the network could detect the edge of the patch
 * and put out-of-focus light just outside the scored region.
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

/**
 * `image`, `target`, `dark` to `section` `[depth, 1, p, p]`, `shown` `[1, depth, v, v]` and `loss`, with weights from
 * the state.
 */
function scoringGraph(shape: BlockShape, architecture: DeepZArchitecture, emaDecay: number | undefined): Graph {
  const graph = new Graph();
  const parameters = weightsToValidate(graph, emaDecay);
  const { section, shown, loss } = blockOf(graph, shape, architecture, parameters, "portable");
  graph.output("section", section);
  graph.output("shown", shown);
  graph.output("loss", loss);
  return graph;
}

/** The trained model as ONNX: `image` `[batch, planes, y, x]` to `output` `[batch, 1, y, x]`. */
function exportSelfSupervised(
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
