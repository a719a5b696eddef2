/**
 * Units of length as pages and pictures show them. In Parfocal's code, messages, terminal output, JSON, CSV and ImageJ's
 * descriptions the micrometre is "um", which every keyboard, font and shell has; what people look at, a page or a picture, says "µm".
 */
export function withMicroSign(text: string): string {
  // Not in names of files or keys: "um.tif", "z_um", "um/pixel.csv".
  return text.replace(/(?<![\w./\\-])um(?![\w-]|\.\w|\/\w+\.)/g, "µm").replace(/(?<=\d)um\b(?!\.\w)/g, "µm");
}
