import { z } from "zod";
import { FOCUS_MEASURES } from "../classical/focus/focus.ts";
import { type Inspection, inspectImage } from "../metrics/inspect.ts";
import { imageInput, imageSource, option } from "./options.ts";
import { maybe, plain, warnings } from "./results.ts";
import { defineTask } from "./task.ts";
import { withImages } from "./with-images.ts";

const number = z.number();

/** Reports the axes, calibration, focus and drift of an image, and what may be wrong with it. */
export const inspect = defineTask({
  options: z.strictObject({
    image: imageInput(),
    measure: option(z.enum(FOCUS_MEASURES).optional(), "focus measure", {
      default_in_words: "chosen for fluorescence or transmitted light",
    }),
    ...imageSource,
  }),
  result: z.strictObject({
    path: z.string(),
    images: z.int().describe("number of images in the file"),
    image: z.int().describe("number of this image, from 0"),
    image_names: z.array(z.string().nullable()).nullable(),
    axes: z.string(),
    shape: z.array(z.int()),
    planes_rule: z.string().nullable().describe("by which rule the files of a folder were put in order"),
    planes_missing: z.array(z.unknown()).nullable(),
    planes: z.array(z.record(z.string(), z.unknown())).nullable().describe("the file of each plane"),
    dtype: z.string(),
    stored_type: z.string(),
    rescale: z.strictObject({ offset: number, scale: number }).optional(),
    pixel_size_um: maybe,
    pixel_size_yx_um: z.tuple([number, number]).nullable(),
    z_step_um: maybe,
    z_positions_um: z.array(number).nullable(),
    frame_interval_s: maybe,
    channel_names: z.array(z.string().nullable()).nullable(),
    optics: z.strictObject({ na: maybe, wavelength_um: maybe, refractive_index: maybe }),
    channel: z.int().describe("the channel in which focus was measured"),
    time: z.int(),
    channels: z.array(z.strictObject({ min: maybe, max: maybe, share_at_min: number, share_at_max: number })),
    focus: z
      .strictObject({
        measure: z.string(),
        light: z.string(),
        reason: z.string(),
        curve: z.array(maybe),
        best_plane: maybe,
        best_position: maybe,
        at_end: z.boolean().nullable(),
        contrast: maybe,
        extremum: z.string().nullable(),
        confidence: maybe,
      })
      .nullable(),
    drift: z
      .strictObject({
        range_px: maybe,
        standard_error_px: maybe,
        confidence: number,
        drifted: z.boolean(),
        finding: z.enum(["drifted", "steady", "unknown"]),
      })
      .nullable(),
    channel_shifts: z.array(
      z.strictObject({ channel: z.int(), dy_px: number, dx_px: number, quality: number, unregistered: z.boolean() }),
    ),
    faults: z
      .strictObject({
        duplicates: z.array(z.tuple([z.int(), z.int()])),
        flashes: z.array(z.strictObject({ plane: z.int(), factor: number })),
        blanks: z.array(z.int()),
        shuffled: z.boolean(),
        likely_order: z.array(z.int()).nullable(),
        missing_after: z.array(z.int()),
      })
      .nullable(),
    warnings,
  }),
  run: ({ image, measure, channel, time, ...source }, context) =>
    // What readers warn of is part of what is found.
    withImages([image], source, { ...context, warn: () => undefined }, async ([file]) => {
      const { signal } = context;
      const onProgress = (progress: { done: number; total: number }) =>
        context.onProgress({ ...progress, unit: "planes read" });
      const found = await inspectImage(file, { channel, time, measure, signal, onProgress });
      // What may be wrong with the image is what was asked for: it is the result, and no aside.
      const { warnings } = found;
      return plain({ ...describe(image, found), warnings });
    }),
});

function describe(path: string, found: Inspection) {
  const { info, folder, channel, time, exposure, focus, alignment, faults } = found;
  const { axes, shape, dtype, pixelSize, zStep, zPositions, frameInterval, channelNames, optics, images } = info;
  const wavelength = info.emissionWavelengths?.[channel] ?? optics?.wavelength;
  return {
    path,
    images: images?.length ?? 1,
    image: info.image ?? 0,
    image_names: images ?? null,
    axes,
    shape,
    planes_rule: folder?.rule ?? null,
    planes_missing: folder?.missing ?? null,
    planes:
      folder?.planes.map(({ file, value, ...at }) => ({
        file,
        ...(axes.includes("C") && { channel: at.channel }),
        ...(axes.includes("T") && { time: at.time }),
        z: at.z,
        ...(value !== undefined && { value }),
      })) ?? null,
    dtype,
    stored_type: info.storedType ?? dtype,
    ...(info.rescale && { rescale: info.rescale }),
    pixel_size_um: pixelSize?.x ?? null,
    pixel_size_yx_um: pixelSize ? ([pixelSize.y, pixelSize.x] as [number, number]) : null,
    z_step_um: zStep ?? null,
    z_positions_um: zPositions ?? null,
    frame_interval_s: frameInterval ?? null,
    channel_names: channelNames ?? null,
    optics: {
      na: optics?.na ?? null,
      wavelength_um: wavelength ?? null,
      refractive_index: optics?.refractiveIndex ?? null,
    },
    channel,
    time,
    channels: exposure.map(({ min, max, atMin, atMax }) => ({
      min,
      max,
      share_at_min: atMin,
      share_at_max: atMax,
    })),
    focus: focus
      ? {
          measure: focus.measure,
          light: focus.light,
          reason: focus.reason,
          curve: focus.curve,
          best_plane: focus.best?.plane ?? null,
          best_position: focus.best?.position ?? null,
          at_end: focus.best?.atEnd ?? null,
          contrast: focus.best?.contrast ?? null,
          extremum: focus.best?.extremum ?? null,
          confidence: focus.best ? Math.round(focus.best.confidence * 1000) / 1000 : null,
        }
      : null,
    drift: alignment?.drift
      ? {
          // Nothing is claimed where structure through focus may hide or pretend as much.
          range_px: alignment.drift.finding === "unknown" ? null : alignment.drift.range,
          standard_error_px: Number.isFinite(alignment.drift.standardError) ? alignment.drift.standardError : null,
          confidence: alignment.drift.confidence,
          drifted: alignment.drift.drifted,
          finding: alignment.drift.finding,
        }
      : null,
    channel_shifts: (alignment?.channelShifts ?? []).map((shift) => ({
      channel: shift.channel,
      dy_px: shift.dy,
      dx_px: shift.dx,
      quality: shift.quality,
      unregistered: shift.unregistered,
    })),
    faults: faults
      ? {
          duplicates: faults.duplicates,
          flashes: faults.flashes,
          blanks: faults.blanks,
          shuffled: faults.shuffled,
          likely_order: faults.likelyOrder ?? null,
          missing_after: faults.gaps,
        }
      : null,
  };
}
