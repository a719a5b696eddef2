/** The schema of a recipe, which describes a simulated data set completely, in snake_case and physical units. */

import { z } from "zod";
import { plausibleNumber } from "../image/plausible-number.ts";
import { cameraOptions } from "../optics/camera/camera-options.ts";
import { misregistrationOptions, stageOptions } from "../optics/camera/stage-options.ts";
import { stackOptions } from "../optics/phantom/from-stack.ts";
import { type PhantomKind, phantomKinds, phantoms } from "../optics/phantom/phantoms.ts";
import { imagingModes, type ModeName, modeNames } from "./modes.ts";
import { opticsSchema } from "./optics-schema.ts";
import { overridesOf } from "./overrides.ts";

/** Names of images, objectives and specimens become parts of file names. */
const name = z.string().regex(/^[a-z0-9][a-z0-9._-]*$/i, "expected letters, digits, dots, dashes and underscores");

const kinds = phantomKinds.map((kind) =>
  z.strictObject({ kind: z.literal(kind).describe(phantoms[kind].summary), ...phantoms[kind].options.shape }),
);

/** What is imaged: a kind of specimen with its options, or a recorded stack. */
export type RecipeSpecimen =
  | { kind: PhantomKind; [option: string]: unknown }
  | ({ kind: "stack"; file: string; channel: number } & z.output<typeof stackOptions>);

const stackSpecimen = z.strictObject({
  kind: z.literal("stack").describe("a recorded z-stack as the specimen, preferably a confocal one"),
  file: z.string().min(1).describe("path of the stack, relative to the recipe's folder"),
  channel: z.int().nonnegative().default(0).describe("channel of the stack, from 0"),
  ...stackOptions.shape,
});

export const specimenSchema = z.discriminatedUnion("kind", [stackSpecimen, ...kinds]) as unknown as z.ZodType<
  RecipeSpecimen,
  { kind: PhantomKind | "stack"; [option: string]: unknown }
>;

const opticsOverrides = overridesOf(opticsSchema);
const cameraOverrides = overridesOf(cameraOptions);

const images = modeNames.map((mode) =>
  z.strictObject({
    mode: z.literal(mode).describe(imagingModes[mode].summary),
    ...imagingModes[mode].options.shape,
    optics: opticsOverrides.default({}).describe("keys that differ from the recipe's optics"),
    camera: cameraOverrides.default({}).describe("keys that differ from the recipe's camera"),
    registration: misregistrationOptions.prefault({}).describe("misregistration of the image against the others"),
  }),
);

/** An image: an imaging mode with its options, and keys of the optics and camera that differ from the recipe's. */
export interface RecipeImage {
  mode: ModeName;
  optics: z.output<typeof opticsOverrides>;
  camera: z.output<typeof cameraOverrides>;
  registration: z.output<typeof misregistrationOptions>;
  [option: string]: unknown;
}
export interface ImageInput {
  mode: ModeName;
  optics?: z.input<typeof opticsOverrides>;
  camera?: z.input<typeof cameraOverrides>;
  registration?: z.input<typeof misregistrationOptions>;
  [option: string]: unknown;
}

const imageSchema = z.discriminatedUnion(
  "mode",
  images as [(typeof images)[number], ...typeof images],
) as unknown as z.ZodType<RecipeImage, ImageInput>;

const share = z.number().min(0).max(1);

/** Keys of the stack, which an objective may override. */
const geometry = {
  pixel_size: plausibleNumber("pixel_size").default(0.325).describe("size of a camera pixel in the specimen plane, um"),
  z_step: plausibleNumber("z_step").default(1).describe("distance between planes, um"),
  planes: z.int().min(1).default(14).describe("number of planes of the stack"),
  focus_plane: z
    .int()
    .nonnegative()
    .optional()
    .describe("plane, from 0, that is focused at z = 0; default floor(planes / 2), 7 of 14"),
};

const objectiveSchema = overridesOf(z.strictObject(geometry)).extend({
  name: name.describe("name of the objective, such as 20x-0.75"),
  test_only: z.boolean().default(false).describe("use this objective only in the test part"),
  optics: opticsOverrides.default({}).describe("keys that differ from the recipe's optics"),
});

const namedSpecimenSchema = z.strictObject({
  name: name.describe("name of the specimen"),
  test_only: z.boolean().default(false).describe("use this specimen only in the test part"),
  specimen: specimenSchema.describe("the kind of specimen with its options"),
});

/** Keys are snake_case; lengths in um. Unknown keys are errors. */
export const recipeSchema = z.strictObject({
  recipe_version: z.literal(1).default(1).describe("version of this list of keys"),
  name: name.describe("name of the recipe, used in file names"),
  summary: z.string().default("").describe("a sentence about the recipe"),
  seed: z.int().nonnegative().default(0).describe("the same seed gives the same data"),
  fields: z
    .int()
    .min(1)
    .max(2 ** 20)
    .default(1)
    .describe("number of fields of view, each with a different specimen"),
  split: z
    .strictObject({
      train: share.default(0.8).describe("share for training"),
      val: share.default(0.1).describe("share for validation, by which the best model is chosen"),
      test: share.default(0.1).describe("share for the final test, not used during training"),
    })
    .refine(({ train, val, test }) => Math.abs(train + val + test - 1) < 1e-6, "expected shares that add up to 1")
    .default({ train: 0.8, val: 0.1, test: 0.1 })
    .describe("shares of the fields in each part; a field is never divided"),
  size: z.int().min(8).default(256).describe("height and width of a field, pixels"),
  ...geometry,
  specimen: specimenSchema.optional().describe("what is imaged; not needed if `specimens` is given"),
  optics: opticsSchema.prefault({}).describe("the light path, for all images and objectives that do not override it"),
  camera: cameraOptions.prefault({}).describe("the camera, for all images that do not override it"),
  stage: stageOptions.prefault({}).describe("drift, bleaching and flicker from plane to plane, the same in all images"),
  images: z
    .record(name, imageSchema)
    .refine((record) => Object.keys(record).length > 0, "expected at least one image")
    .default(() => ({ stack: imageSchema.parse({ mode: "widefield" }) }))
    .describe("images of the same specimen by name, such as input and target, each with its imaging mode"),
  objectives: z.array(objectiveSchema).default([]).describe("objectives that the fields cycle through"),
  specimens: z
    .array(namedSpecimenSchema)
    .default([])
    .describe("specimens that the fields cycle through, instead of `specimen`"),
});

/** A recipe as it is written. */
export type RecipeInput = z.input<typeof recipeSchema>;
/** A recipe with all defaults filled in. */
export type Recipe = z.output<typeof recipeSchema> & { focus_plane: number };
