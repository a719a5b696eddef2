/** Options that several tasks have, each described once. Spread them into a task's own schema. */
import { z } from "zod";
import type { OptionMeta } from "./task.ts";

/** A schema with what doors need to know of it. */
export function option<T extends z.ZodType>(
  schema: T,
  description: string,
  meta: Omit<OptionMeta, "description"> = {},
) {
  return schema.meta({ description, ...meta }) as T;
}

const path = z.string().min(1);

/** The image that a task reads first, given by its place on a command line. */
export const imageInput = (description = "a TIFF, OME-TIFF or PNG file, or a folder of planes") =>
  option(path, description, { role: "input", positional: true });

/** Several images, given by their places on a command line. */
export const imageInputs = (description: string) =>
  option(z.array(path).min(1), description, { role: "input", positional: true });

/** Another image that is read. */
export const otherInput = (description: string) => option(path, description, { role: "input", placeholder: "image" });

export const modelInput = (description = "folder of the model, or of the training run that made it") =>
  option(path, description, { role: "model", placeholder: "folder" });

/** Where the main result is written. */
export const output = (description: string, placeholder = "image") =>
  option(path, description, { role: "output", short: "o", placeholder });

export const force = option(z.boolean().default(false), "replace existing files");

/** How an image is written. @param type the pixel type where none is given */
export const imageFormat = (type = "that of the input") => ({
  dtype: option(z.enum(["uint8", "uint16", "float32"]).optional(), "pixel type of the output", {
    default_in_words: type,
    group: "Output",
  }),
  rescale: option(
    z.boolean().default(false),
    "with uint8 or uint16: scale the values to the full range of counts, and record the scaling in the file",
    { group: "Output" },
  ),
  format: option(z.enum(["imagej", "ome-tiff", "png"]).optional(), "file format of the output", {
    default_in_words: "from the file name",
    group: "Output",
  }),
  force: option(z.boolean().default(false), "replace existing files", { group: "Output" }),
});

const count = z.int().nonnegative().optional();
const length = z.number().positive().optional();
const which = { group: "Part of the file that is read" };
const known = { group: "Calibration, which replaces that of the file" };

/** What of a file is meant, and what the user knows better than the file. */
export const imageSource = {
  series: option(count, "number of the image in a file with several images (series in Fiji), from 0", which),
  channel: option(count, "number of the channel, from 0", which),
  time: option(count, "number of the time point, from 0", which),
  axes: option(
    z.string().optional(),
    "axes of the file in their order, such as ZYX if the frames are planes; for a folder, what the numbers in the file names stand for",
    { ...which, placeholder: "letters" },
  ),
  pattern: option(
    z.string().optional(),
    "file names in a folder, with {z}, {c} and {t} for the numbers of plane, channel and time point, and {*} for any other text; only files that match are read",
    { ...which, placeholder: "pattern" },
  ),
  pixel_size: option(length, "pixel size in the specimen", { ...known, unit: "um" }),
  z_step: option(length, "distance between planes", { ...known, unit: "um" }),
  na: option(length, "numerical aperture of the objective", known),
  wavelength: option(length, "emission wavelength in vacuum", { ...known, unit: "um" }),
  refractive_index: option(
    length,
    "refractive index of the immersion medium: 1 for air, 1.333 for water, 1.515 for oil",
    known,
  ),
};

export const tileSize = option(
  z.int().min(16).optional(),
  "width and height of the tiles that are computed one at a time",
  {
    default_in_words: "512",
    unit: "pixels",
    group: "Computing",
  },
);

/** Where networks are computed. */
export const runtimeOptions = {
  device: option(z.enum(["auto", "cpu", "webgpu", "cuda"]).default("auto"), "device that computes networks", {
    group: "Computing",
  }),
  threads: option(z.int().min(1).optional(), "number of processor threads", {
    default_in_words: "all",
    group: "Computing",
  }),
};

/** The same seed gives the same result. */
export const seed = option(z.int().nonnegative().default(0), "the same seed gives the same result");

type Shape = Readonly<Record<string, z.ZodType>>;

type AsGiven<S extends Shape> = {
  [K in keyof S]: z.ZodOptional<z.ZodType<z.output<S[K]>, z.input<S[K]>>>;
};

/**
 * The keys of a schema as they are given: what is left out stays out, so that the function below, which has the same
 * schema, fills in the defaults and can refuse what has no effect. Helps still show the defaults.
 */
export function asGiven<S extends Shape>(shape: S, meta: Omit<OptionMeta, "description"> = {}): AsGiven<S> {
  const keys = Object.entries(shape).map(([name, schema]) => {
    const known = (schema.meta() ?? {}) as OptionMeta;
    if (!(schema instanceof z.ZodDefault)) return [name, schema.optional().meta({ ...known, ...meta })];
    const inner = schema.unwrap() as z.ZodType;
    const standard: unknown = schema.parse(undefined);
    const empty = standard === null || typeof standard === "object" || typeof standard === "boolean";
    const words = known.default_in_words ?? (empty ? undefined : String(standard));
    const onByDefault = standard === true && { on_by_default: true };
    const described = { ...known, ...(words !== undefined && { default_in_words: words }), ...onByDefault, ...meta };
    return [name, inner.optional().meta(described)];
  });
  return Object.fromEntries(keys) as AsGiven<S>;
}

/** Those of the given options that a shape names. */
export function pick<S extends Shape>(options: object, shape: S): { [K in keyof S]?: NonNullable<z.output<S[K]>> } {
  const known = Object.entries(options).filter(([key, value]) => key in shape && value !== undefined);
  return Object.fromEntries(known) as { [K in keyof S]?: NonNullable<z.output<S[K]>> };
}
