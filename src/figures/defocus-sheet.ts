/** Images beside maps of how far from focus their regions are, to look at. */
import type { Plane } from "../image/image.ts";
import type { DefocusMap } from "../models/apply/autofocus-apply.ts";
import { leastContent } from "../models/apply/defocus-estimate.ts";
import { divergingColour } from "./colour-map.ts";
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
 * where a direction is not sure. SVG text.
 * @param options.reach distance of the darkest colours, um
 * @throws image.unfit without a picture
 */
export function defocusSheet(
  pictures: readonly DefocusPicture[],
  { reach, pixelSize }: { reach: number; pixelSize?: number | undefined },
): string {
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
    const colour = (value: number) =>
      Number.isNaN(value) ? ([205, 205, 205] as const) : divergingColour(2 * value - 1);
    const contrast = [-reach, reach] as const;
    const signed = drawn(({ defocus, directionConfidence }) =>
      directionConfidence >= leastDirection ? defocus : Number.NaN,
    );
    return {
      label,
      cells: [
        { plane: image },
        { plane: signed, contrast, colour },
        { plane: drawn(({ defocus }) => Math.abs(defocus)), contrast, colour },
      ],
    };
  });
  const scale = Number(reach.toPrecision(2));
  return pictureGrid(rows, {
    columns: ["Image", "Distance from focus", "Its size, sign unknown as well"],
    note: `Dark blue ${-scale} um (below focus), white 0, dark red +${scale} um (above). Grey: nothing to be focused, or, in the middle, a direction that is not sure.`,
    pixelSize,
    panelSize: 288,
  });
}
