/**
 * Leave-one-out: measures whether models generalise to an objective, specimen, stack or slide that was not in their
 * training.
 */
import { jsonText } from "../../array/json-text.ts";
import { meanOfKnown } from "../../array/mean-of-known.ts";
import { ParfocalError, throwIfAborted } from "../../errors.ts";
import type { OutputContext } from "../../figures/output-context.ts";
import { writeWhole } from "../../image/storage.ts";
import type { Runtime } from "../../run/runtime.ts";
import type { OpenSimulation } from "../../simulate/open-simulation.ts";
import type { Candidate } from "../../study/candidate.ts";
import {
  type GainExample,
  type GainOverBaseline,
  gainOverBaseline,
  type JudgedImage,
} from "../../study/gain-over-baseline.ts";
import type { MeanOutcome } from "../../study/mean-outcome.ts";
import { modelCandidate } from "../../study/model-candidate.ts";
import { isResampled, resamplingAlone } from "../../study/resampling-alone.ts";
import { methodOf, resolveConfig } from "../../train/config.ts";
import type { MethodConfig } from "../../train/training-method.ts";
import { version } from "../../version.ts";
import type { Warning } from "../../warning.ts";
import { keysForAll } from "./leave-one-out-keys.ts";
import {
  type ExampleRow,
  examplesPicture,
  type GeneralisationModel,
  gainsCsv,
  generalisationPage,
  type JudgedGain,
} from "./leave-one-out-page.ts";
import {
  type GeneralisationSummary,
  generalisationThresholds,
  isSeen,
  leaveOneOut,
  type PlannedModel,
  summariseGains,
} from "./leave-one-out-plan.ts";
import { type LeaveOneOutRecipe, recipeSource } from "./leave-one-out-recipe.ts";
import type { JudgedImages, LeaveOneOutSource } from "./leave-one-out-source.ts";
import { type LeaveOneOutStacks, stacksSource } from "./leave-one-out-stacks.ts";
import { type TrainedOne, trainOne } from "./leave-one-out-training.ts";

export interface GeneraliseProgress {
  /** The unit that is counted: "fields simulated", "steps of without-beads, model 2 of 8", "images judged". */
  what: string;
  done: number;
  total: number;
  secondsLeft?: number;
  /** Further information, such as the loss. */
  state?: string;
}

export interface GeneraliseOptions {
  /**
   * Keys of the configuration of all trainings. Missing keys come from `keysForAll`, then from the defaults of
   * the method.
   */
  config: Record<string, unknown>;
  /**
   * What is left out, one at a time: "objective", "specimen", "stack", "slide"; by default the first kind that the data
   * have.
   */
  leaveOut?: readonly string[] | undefined;
  runtime: Runtime;
  /** The command line, for the page. */
  command?: string | undefined;
  /** Replaces an existing page. Existing models are reused in any case. */
  force?: boolean | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: GeneraliseProgress) => void) | undefined;
  /** Called when a model has been trained or found. */
  onNote?: ((line: string) => void) | undefined;
  onWarning?: ((warning: Warning) => void) | undefined;
}

export interface GeneraliseResult {
  /** The page. */
  report: string;
  models: GeneralisationModel[];
  gains: JudgedGain[];
  summary: GeneralisationSummary[];
  config: MethodConfig;
  warnings: Warning[];
  seconds: number;
}

/**
 * Trains one model on everything, and one without each objective, specimen, stack or slide. Judges every model on data
 * that no model was trained on, and writes `index.html`, `generalisation.json`, `generalisation.csv`, `figures/` and
 * `runs/` into a folder; the page comes last. If it is stopped, it continues when it is called again with the same data
 * and configuration.
 *
 * @throws usage for data from which nothing can be left out, a method that neither refocuses nor sections;
 * output.exists before any work; interrupted; what simulating, training and judging throw
 */
export async function generalise(
  context: OutputContext & { openSimulation: OpenSimulation },
  data: LeaveOneOutRecipe | LeaveOneOutStacks,
  output: string,
  options: GeneraliseOptions,
): Promise<GeneraliseResult> {
  const begun = performance.now();
  const { force, signal, runtime, onProgress, onNote } = options;
  const { storage, drawPng } = context;
  const page = storage.join(output, "index.html");
  await storage.checkOutput(page, force);
  const { task, name } = methodOf(options.config.method);
  if (task !== "refocus" && task !== "section") {
    const message = `${name} is a method for ${task}, but generalisation is judged only for methods that refocus or section.`;
    throw new ParfocalError("usage", message, {
      option: "method",
      got: name,
      expected: "a method to refocus or section",
    });
  }
  refuseTargets(data, task, name);
  // Wrong options are reported before anything is simulated.
  resolveConfig(options.config);
  const source = "samples" in data ? stacksSource(data) : await recipeSource(context, data, task);
  const kinds = kindsOf(source, options.leaveOut);
  const plan = leaveOneOut(source.data, kinds);
  const keys = keysForAll(options.config, source.stackKinds);
  resolveConfig(keys);
  const warnings = [...source.warnings];
  const onWarning = (warning: Warning): void => {
    if (warnings.some(({ text }) => text === warning.text)) return;
    warnings.push(warning);
    options.onWarning?.(warning);
  };
  for (const warning of source.warnings) options.onWarning?.(warning);
  if (keys.fine_tune !== undefined) {
    onWarning({
      code: "fine_tuned",
      text: `All models start from the weights of ${keys.fine_tune} (\`fine_tune\`), so data of its training are not really left out.`,
    });
  }

  const reportFields = ({ done, total }: { done: number; total: number }): void =>
    onProgress?.({ what: "fields simulated", done, total });
  const opened = await source.open({ signal, onProgress: reportFields });
  const trained: TrainedOne[] = [];
  for (const [i, one] of plan.entries()) {
    const training = await opened.open(one);
    const what = `steps of ${one.name}, model ${i + 1} of ${plan.length}`;
    try {
      const done = await trainOne(context, training, {
        config: { ...sameSteps(keys, trained[0]), experiment_name: one.name },
        root: storage.join(output, "runs"),
        runtime,
        signal,
        onProgress: ({ step, steps, secondsLeft, loss }) =>
          onProgress?.({ what, done: step, total: steps, secondsLeft, state: `loss ${loss.toPrecision(3)}` }),
        onWarning,
      });
      trained.push(done);
      onNote?.(
        `${one.name}: ${done.reused ? "found" : "trained"}, ${done.steps ?? done.model.info.steps} steps (model ${i + 1} of ${plan.length})`,
      );
    } catch (error) {
      throw stoppedAfter(error, trained.length, plan.length);
    } finally {
      await training.close();
    }
  }

  const { cells: judged, resampled } = await judgeAll(opened.data, plan, trained, options);
  const gains = judged.map(({ gain }) => gain);
  const alone = Object.fromEntries(resampled.map(({ data, gain_db }) => [data, gain_db]));
  const summary = summariseGains(plan, source.data, gains, alone);
  if (judged.some(({ against }) => against === "sharpest plane") && task === "section") {
    onWarning({
      code: "no_targets",
      text: "Without targets, sections are compared with the sharpest plane, which no good section equals. Give `target <your ground truth>`.",
    });
  }
  const models = plan.map((one, i): GeneralisationModel => {
    const {
      run,
      reused,
      steps: trained_steps,
      seconds,
      model: { info },
    } = trained[i];
    const trained_on = source.data.filter((each) => isSeen(one, each)).map(({ name }) => name);
    const { steps } = info;
    return {
      ...one,
      trained_on,
      run: ["runs", storage.basename(storage.dirname(run)), storage.basename(run)].join("/"),
      steps,
      trained_steps,
      seconds,
      reused,
    };
  });
  const { experiment_name: _, ...shared } = resolveConfig(keys);
  const config = { ...shared, experiment_name: "the name of each model" } as MethodConfig;

  await storage.makeFolder(storage.join(output, "figures"));
  const write = (name: string, content: string | Uint8Array): Promise<void> =>
    writeWhole(storage, storage.join(output, ...name.split("/")), content, { force: true });
  const pictures = [];
  for (const one of plan) {
    if (one.leftOut === undefined) continue;
    const svg = examplesPicture(one, exampleRows(one, opened.data, judged), source.stackKinds);
    if (svg === undefined) continue;
    await write(`figures/${one.name}.png`, await drawPng(svg));
    pictures.push({ model: one, svg });
  }
  const record = {
    parfocal: version,
    created: new Date().toISOString(),
    ...(options.command !== undefined && { command: options.command }),
    left_out: kinds,
    thresholds: generalisationThresholds,
    config,
    data: source.description,
  };
  const found = {
    models: models.map(named),
    judged_data: source.data.map(({ name, groups }) => ({ name, ...groups })),
  };
  const whole = {
    ...record,
    ...found,
    gains: gains.map(withNulls),
    resampling_only: resampled.map(withNulls),
    summary: summary.map(withNulls),
    warnings: warnings.map(({ text }) => text),
  };
  await write("generalisation.json", `${jsonText(whole)}\n`);
  await write("generalisation.csv", gainsCsv(source.data, models, [...gains, ...resampled]));
  const subtitle = `${source.name}, ${config.method}; Parfocal ${version}, ${new Date().toISOString().slice(0, 10)}`;
  const { apart } = source;
  await write(
    "index.html",
    generalisationPage({ subtitle, kinds, apart, models, gains, resampled, summary, pictures, record, warnings }),
  );
  return { report: page, models, gains, summary, config, warnings, seconds: (performance.now() - begun) / 1000 };
}

/** Refocusing is judged against recorded planes, so targets are refused. */
function refuseTargets(data: LeaveOneOutRecipe | LeaveOneOutStacks, task: string, method: string): void {
  const given = "samples" in data ? data.samples.some(({ target }) => target !== undefined) : data.target !== undefined;
  if (!given || task !== "refocus") return;
  const message = `${method} is judged against the recorded planes themselves. Leave out \`target\`, or choose a method that sections.`;
  throw new ParfocalError("usage", message, { option: "target", expected: "no target" });
}

/**
 * The kinds that are left out, one value at a time.
 * @throws usage for kinds that the data do not have, or that have only one value
 */
function kindsOf(
  { name, kinds, data }: LeaveOneOutSource,
  requested: readonly string[] | undefined,
): readonly string[] {
  const values = (kind: string): string[] => [...new Set(data.map(({ groups }) => groups[kind]))];
  const several = kinds.filter((kind) => values(kind).length > 1);
  const refuse = (what: string, got: unknown): never => {
    const could = several.length > 0 ? `. You can leave out: ${several.join(", ")}` : "";
    const message = `Leave one out: ${what}${could}.`;
    throw new ParfocalError("usage", message, {
      option: "leave_out",
      got,
      expected: several.join(" or ") || "data of several kinds",
    });
  };
  if (requested === undefined) {
    return several.length > 0
      ? several.slice(0, 1)
      : refuse(`${name} does not have two objectives, specimens or stacks`, undefined);
  }
  for (const kind of requested) {
    if (!kinds.includes(kind)) refuse(`${name} has no ${kind} to leave out`, kind);
    if (!several.includes(kind))
      refuse(`${name} has only one ${kind} (${values(kind)[0]}), so nothing would be left for training`, kind);
  }
  return [...new Set(requested)];
}

/**
 * Gives all models the same number of steps. The number of steps in a given time varies between runs, which would
 * influence which model is better. So `max_minutes` only applies to the first model, which is trained on everything,
 * and the others are trained for the same number of steps.
 */
function sameSteps({ max_minutes, ...keys }: Record<string, unknown>, first?: TrainedOne): Record<string, unknown> {
  if (max_minutes === undefined) return keys;
  return first?.steps === undefined ? { ...keys, max_minutes } : { ...keys, num_steps: first.steps };
}

function stoppedAfter(error: unknown, done: number, total: number): unknown {
  if (!(error instanceof ParfocalError) || error.code !== "interrupted") return error;
  const message = `Stopped after ${done} of ${total} models. Give the same command again to continue.`;
  return new ParfocalError("interrupted", message, error.fields as { checkpoint?: string }, { cause: error });
}

interface JudgedCell {
  gain: JudgedGain;
  against: GainOverBaseline["against"];
  example: GainExample | undefined;
}

async function judgeAll(
  data: readonly JudgedImages[],
  plan: readonly PlannedModel[],
  trained: readonly TrainedOne[],
  { runtime, signal, onProgress }: GeneraliseOptions,
): Promise<{ cells: JudgedCell[]; resampled: JudgedGain[] }> {
  const cells: JudgedCell[] = [];
  const candidates = plan.map(({ name }, i) => modelCandidate(name, trained[i].model, runtime));
  // All models have the same pixel size.
  const alone = resamplingAlone(candidates[0]);
  const changed = data.filter(({ images }) => images.some(({ whole }) => isResampled(whole, candidates[0])));
  const count = (some: readonly JudgedImages[]): number => some.reduce((sum, { images }) => sum + images.length, 0);
  const total = plan.length * count(data) + count(changed);
  let done = 0;
  const judge = async (candidate: Candidate, images: readonly JudgedImage[]): Promise<GainOverBaseline[]> => {
    const found: GainOverBaseline[] = [];
    for (const image of images) {
      throwIfAborted(signal);
      found.push(await gainOverBaseline(candidate, image, signal));
      onProgress?.({ what: "images judged", done: ++done, total });
    }
    return found;
  };
  for (const [i, planned] of plan.entries()) {
    for (const each of data) {
      const found = await judge(candidates[i], each.images);
      const [{ against, example }] = found;
      cells.push({ gain: gainOf(planned.name, each.name, isSeen(planned, each), found), against, example });
    }
  }
  const resampled: JudgedGain[] = [];
  for (const { name, images } of changed) {
    resampled.push(gainOf(alone.name, name, true, await judge(alone, images)));
  }
  return { cells, resampled };
}

/** Mean gains over the images of a data set. */
function gainOf(model: string, data: string, seen: boolean, found: readonly GainOverBaseline[]): JudgedGain {
  const known = found.flatMap(({ means }) => means ?? []);
  const mean = (of: (one: MeanOutcome) => number): number | undefined => meanOfKnown(known.map(of));
  const both = (of: (one: MeanOutcome) => { psnr: number; ssim: number }) => {
    const [psnr, ssim] = [mean((one) => of(one).psnr), mean((one) => of(one).ssim)];
    return psnr === undefined || ssim === undefined ? undefined : { psnr, ssim };
  };
  const [input, output, baseline] = [both((one) => one.input), both((one) => one.output), both((one) => one.baseline)];
  return {
    model,
    data,
    seen,
    gain_db: baseline && output && output.psnr - baseline.psnr,
    gain_ssim: baseline && output && output.ssim - baseline.ssim,
    gain_detail: mean((one) => one.detail.output - one.baseline.detail),
    gain_over_input_db: input && output && output.psnr - input.psnr,
    width_recovered: meanOfKnown(found.map(({ widthRecovered }) => widthRecovered)),
    images: found.length,
    planes: known.reduce((sum, { planes }) => sum + planes, 0),
    input,
    output,
    baseline,
  };
}

/**
 * Examples of the left-out data, from the model that was trained without them and from the model that was trained on
 * everything.
 */
function exampleRows(one: PlannedModel, data: readonly JudgedImages[], judged: readonly JudgedCell[]): ExampleRow[] {
  const exampleBy = (model: string, name: string): GainExample | undefined =>
    judged.find(({ gain }) => gain.model === model && gain.data === name)?.example;
  return data.flatMap((each): ExampleRow[] => {
    if (isSeen(one, each)) return [];
    const [never, all] = [exampleBy(one.name, each.name), exampleBy("all", each.name)];
    return never && all ? [{ name: each.name, groups: each.groups, never, all }] : [];
  });
}

const named = ({ leftOut, ...model }: GeneralisationModel) => withNulls({ ...model, left_out: leftOut ?? null });

/** JSON has no undefined. */
function withNulls<T extends object>(value: T): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, one ?? null]));
}
