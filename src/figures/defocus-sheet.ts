/** Images beside maps of how far from focus their regions are, to look at. */
import type { Plane } from "../image/image.ts";
import type { DefocusMap } from "../models/apply/autofocus-apply.ts";
import { leastContent } from "../models/apply/defocus-estimate.ts";
import { pictureGrid } from "./picture-grid.ts";

/** Below this the sign of a cell is not known. */
const leastDirection = 0.75;

export interface DefocusPicture {
  label: string;
  /** Counts. */
  image: Plane;
  map: Pick<DefocusMap, "cells">;
}

/**
 * Each image, its map in colours (blue below focus, white in focus, red above; grey where nothing is to be focused), and the map of its sizes
 * where a direction is uncertain. SVG text.
 * @param scale `reach` is the distance of the darkest colours, um; `pixelSize`, um, is for the scale bar
 * @throws image.unfit without a picture
 */
export function defocusSheet(
  pictures: readonly DefocusPicture[],
  scale: { reach: number; pixelSize?: number | undefined },
): string {
  const { reach, pixelSize } = scale;
  const rows = pictures.map(({ label, image, map: { cells } }) => {
    const drawn = (of: (cell: (typeof cells)[number][number]) => number): Plane => ({
      data: Float32Array.from({ length: image.data.length }, (_, i) => {
        const y = Math.floor((Math.floor(i / image.width) * cells.length) / image.height);
        const x = Math.floor(((i % image.width) * cells[0].length) / image.width);
        const cell = cells[y][x];
        return cell.content >= leastContent ? of(cell) : Number.NaN;
      }),
      height: image.height,
      width: image.width,
    });
    const signed = drawn(({ defocus, directionConfidence }) =>
      directionConfidence >= leastDirection ? defocus : Number.NaN,
    );
    return {
      label,
      cells: [
        { plane: image },
        { plane: signed, limit: reach, unit: "um" },
        { plane: drawn(({ defocus }) => Math.abs(defocus)), limit: reach, unit: "um" },
      ],
    };
  });
  return pictureGrid(rows, {
    columns: ["Image", "Distance from focus", "Its size, whatever the direction"],
    note: "Blue: below focus. White: in focus. Red: above focus. Grey: there is no structure or, in the middle column, the direction is uncertain.",
    pixelSize,
    panelSize: 288,
  });
}
