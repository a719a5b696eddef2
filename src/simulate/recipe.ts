/** What a recipe is: everything that decides a simulated data set, in snake_case and physical units. */

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

/** What is in the field: a kind of specimen with its options, or a real stack. */
export type RecipeSpecimen =
  | { kind: PhantomKind; [option: string]: unknown }
  | ({ kind: "stack"; file: string; channel: number } & z.output<typeof stackOptions>);

const stackSpecimen = z.strictObject({
  kind: z.literal("stack").describe("a real z-stack, best a confocal one, as the specimen"),
  file: z.string().min(1).describe("the stack's file, relative to the recipe's"),
  channel: z.int().nonnegative().default(0).describe("its channel, from 0"),
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
    optics: opticsOverrides.default({}).describe("what differs from the recipe's optics"),
    camera: cameraOverrides.default({}).describe("what differs from the recipe's camera"),
    registration: misregistrationOptions.prefault({}).describe("how the image lies on the others"),
  }),
);

/** A way to see the specimen: a mode with its options, and what its light path and camera have of their own. */
export interface RecipeImage {
  mode: ModeName;
  optics: z.output<typeof opticsOverrides>;
  camera: z.output<typeof cameraOverrides>;
  registration: z.output<typeof misregistrationOptions>;
  [option: string]: unknown;
}
interface ImageInput {
  mode: ModeName;
  optics?: z.input<typeof opticsOverrides>;
  camera?: z.input<typeof cameraOverrides>;
  registration?: z.input<typeof misregistrationOptions>;
  [option: string]: unknown;
}

export const imageSchema = z.discriminatedUnion(
  "mode",
  images as [(typeof images)[number], ...typeof images],
) as unknown as z.ZodType<RecipeImage, ImageInput>;

const share = z.number().min(0).max(1);

/** The stack's own keys; an objective may bring others. */
const geometry = {
  pixel_size: plausibleNumber("pixel_size").default(0.325).describe("camera pixel in the sample, um"),
  z_step: plausibleNumber("z_step").default(1).describe("distance between planes, um"),
  planes: z.int().min(1).default(14).describe("planes of the stack"),
  focus_plane: z
    .int()
    .nonnegative()
    .optional()
    .describe("plane, from 0, whose focus is at z = 0; default floor(planes / 2), 7 of 14"),
};

const objectiveSchema = overridesOf(z.strictObject(geometry)).extend({
  name: name.describe("of the objective, such as 20x-0.75"),
  test_only: z.boolean().default(false).describe("fields of this objective are all in test"),
  optics: opticsOverrides.default({}).describe("what differs from the recipe's optics"),
});

const namedSpecimenSchema = z.strictObject({
  name: name.describe("of the specimen"),
  test_only: z.boolean().default(false).describe("fields of this specimen are all in test"),
  specimen: specimenSchema.describe("what is imaged: a kind of specimen with its options"),
});

/** Keys are snake_case; lengths in um. Unknown keys are refused. */
export const recipeSchema = z.strictObject({
  recipe_version: z.literal(1).default(1).describe("of this list of keys"),
  name: name.describe("names the files"),
  summary: z.string().default("").describe("a sentence about it"),
  seed: z.int().nonnegative().default(0).describe("the same seed gives the same data"),
  fields: z
    .int()
    .min(1)
    .max(2 ** 20)
    .default(1)
    .describe("fields of view of the data set, each another specimen"),
  split: z
    .strictObject({
      train: share.default(0.8).describe("share to train on"),
      val: share.default(0.1).describe("share to validate, and choose the best model, by"),
      test: share.default(0.1).describe("share that nothing is decided by"),
    })
    .refine(({ train, val, test }) => Math.abs(train + val + test - 1) < 1e-6, "expected shares that add up to 1")
    .default({ train: 0.8, val: 0.1, test: 0.1 })
    .describe("shares of the fields; a field is never divided"),
  size: z.int().min(8).default(256).describe("height and width of a field, pixels"),
  ...geometry,
  specimen: specimenSchema.optional().describe("what is imaged; not needed where `specimens` are given"),
  optics: opticsSchema.prefault({}).describe("the light path, of all images and objectives that say nothing else"),
  camera: cameraOptions.prefault({}).describe("the camera, of all images that say nothing else"),
  stage: stageOptions.prefault({}).describe("what moves, fades and flickers from plane to plane, in all images alike"),
  images: z
    .record(name, imageSchema)
    .refine((record) => Object.keys(record).length > 0, "expected at least one image")
    .default(() => ({ stack: imageSchema.parse({ mode: "widefield" }) }))
    .describe("named ways to see the same specimen, such as input and target"),
  objectives: z.array(objectiveSchema).default([]).describe("objectives that the fields take turns in"),
  specimens: z
    .array(namedSpecimenSchema)
    .default([])
    .describe("specimens that the fields take turns in, instead of `specimen`"),
});

/** A recipe as somebody writes it. */
export type RecipeInput = z.input<typeof recipeSchema>;
/** A recipe with every key. */
export type Recipe = z.output<typeof recipeSchema> & { focus_plane: number };
