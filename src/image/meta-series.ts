/**
 * MetaSeries XML, which MetaMorph and MetaXpress put into the ImageDescription of each page: `<MetaData>` with `<prop
 * id value>`.
 */

import { type Calibration, joinCalibrations } from "./plane-order.ts";
import { fromPlanePositions } from "./plane-positions.ts";
import { micrometresPer, positive } from "./units.ts";
import { parseXml, rootNameOf, type XmlElement } from "./xml.ts";

export function looksLikeMetaSeries(description: string): boolean {
  return rootNameOf(description) === "MetaData";
}

/**
 * Pixel size of the first page, and the z step from the heights of all pages. What cannot be read is left undefined.
 */
export function readMetaSeries(descriptions: readonly string[]): Calibration {
  const pages = descriptions.map(propertiesOf);
  const [first] = pages;
  const unit = micrometresPer(first.get("spatial-calibration-units"));
  const on = first.get("spatial-calibration-state") !== "off";
  const x = positive(first.get("spatial-calibration-x"));
  const y = positive(first.get("spatial-calibration-y"));
  const pixelSize =
    on && unit !== undefined && x !== undefined && y !== undefined ? { y: y * unit, x: x * unit } : undefined;
  const heights = pages.map((page) => Number(page.get("z-position") ?? Number.NaN));
  return joinCalibrations(pixelSize ? { pixelSize } : {}, fromPlanePositions(heights, undefined));
}

function propertiesOf(description: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const collect = ({ name, attributes, children }: XmlElement): void => {
    const { id, value } = attributes;
    if (name === "prop" && id !== undefined && value !== undefined && !values.has(id)) values.set(id, value);
    for (const child of children) collect(child);
  };
  try {
    collect(parseXml(description));
  } catch {
    // Some versions write values that are not valid XML. The pixels can be read nevertheless.
  }
  return values;
}
