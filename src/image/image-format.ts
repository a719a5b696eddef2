/** The output formats, and what each of them can hold. */
import { ParfocalError } from "../errors.ts";
import { extentOf, refuseColour } from "./axes.ts";
import type { ImageInfo } from "./image.ts";

export type OutputFormat = "imagej" | "ome-tiff" | "png";

export interface EncodeOptions {
  /** By default given by the file's name: .png, .ome.tif, otherwise an ImageJ hyperstack. */
  format?: OutputFormat | undefined;
  /**
   * Counts that are shown as black and as white; by default those of the image, otherwise the viewer decides. They are
   * written to ImageJ TIFFs only, and ImageJ uses them for images with one channel.
   */
  displayRange?: readonly [number, number] | undefined;
}

/** The format that a file name asks for. Throws `usage` for names of other kinds. */
export function formatOf(path: string): OutputFormat {
  if (/\.ome\.tiff?$/i.test(path)) return "ome-tiff";
  if (/\.tiff?$/i.test(path)) return "imagej";
  if (/\.png$/i.test(path)) return "png";
  throw new ParfocalError(
    "usage",
    `${path}: images are written as .tif, .ome.tif or .png; give the output such a name.`,
    {
      option: "out",
      got: path,
      expected: ".tif, .ome.tif or .png",
    },
  );
}

/** Bytes of one pixel. */
export function pixelBytes(info: ImageInfo): number {
  return { uint8: 1, uint16: 2, float32: 4 }[info.dtype];
}

/** Throws `usage` or `image.unfit` for an image that the format cannot hold. */
export function checkFormat(info: ImageInfo, format: OutputFormat, path: string): void {
  refuseColour(info, path);
  if (format !== "png") return;
  const planes = extentOf(info, "C") * extentOf(info, "Z") * extentOf(info, "T");
  if (planes > 1)
    throw cannotHold(
      path,
      format,
      `a PNG holds one plane and this image has ${planes}; give \`format\` imagej or ome-tiff`,
    );
  if (info.dtype === "float32") {
    throw cannotHold(
      path,
      format,
      "a PNG holds whole counts and this image has float32; give `format` imagej or ome-tiff",
    );
  }
}

/** The error for an image that a format cannot hold. `sentence` says why, and what to give instead. */
export function cannotHold(path: string, format: OutputFormat, sentence: string): ParfocalError<"usage"> {
  return new ParfocalError("usage", `${path}: ${sentence}.`, {
    option: "format",
    got: format,
    expected: "imagej or ome-tiff",
  });
}

/** Throws `usage` if rescaling is requested for float32. */
export function checkRescale(path: string, dtype: ImageInfo["dtype"], rescale: boolean | undefined): void {
  if (!rescale || dtype !== "float32") return;
  throw new ParfocalError(
    "usage",
    `${path}: float32 holds all values as they are, so there is nothing to rescale; give \`dtype <uint8 or uint16>\` as well, or leave \`rescale\` out.`,
    { option: "rescale", got: true, expected: "dtype uint8 or uint16" },
  );
}
