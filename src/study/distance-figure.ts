/** Pictures of planes refocused to several distances, and maps of the direction in which regions moved. */
import { evenly } from "../array/evenly.ts";
import { divergingColour } from "../figures/colour-map.ts";
import { contrastOf, type GridCell, type GridRow, pictureGrid } from "../figures/picture-grid.ts";
import { type Figure, maxColumns, pixelOf, slug, um, zOf } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function distanceGrid({ candidate, distances, studied }: CandidateStudy): Figure | undefined {
  if (distances.length === 0) return undefined;
  const rows = distances.flatMap(({ plane, defocus, input, cells }): GridRow[] => {
    const contrast = contrastOf(input);
    const place = Math.abs(defocus) < 1e-6 ? "in focus" : `${um(defocus)} from focus`;
    return [
      {
        label: `${place}\n(plane ${plane})\noutput`,
        cells: [
          { plane: input, contrast },
          ...cells.map(({ output }): GridCell => ({ plane: output, contrast: contrastOf(output) })),
        ],
      },
      {
        label: "recorded plane",
        cells: [
          undefined,
          ...cells.map(({ recorded }) => recorded && { plane: recorded, contrast: contrastOf(recorded) }),
        ],
      },
    ];
  });
  return {
    id: `distances-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: planes below, at and above focus, refocused to several distances`,
    caption:
      "Each pair of rows shows one input plane refocused to several distances (upper row) and the planes that were recorded at the same heights (lower row). Each output should look like the picture below it.",
    svg: pictureGrid(rows, {
      columns: ["Input", ...distances[0].cells.map(({ distance }) => um(distance))],
      pixelSize: pixelOf(studied),
      panelSize: 190,
    }),
  };
}

export function directionMaps({ candidate, direction, studied }: CandidateStudy): Figure | undefined {
  if (direction === undefined || direction.maps.length === 0) return undefined;
  const cells = evenly(direction.maps, maxColumns).map(
    ({ map, plane }): GridCell => ({
      plane: map,
      caption: `from ${um(zOf(studied, plane))}`,
      contrast: [-1, 1],
      colour: (value) => (Number.isNaN(value) ? [228, 228, 228] : divergingColour(1 - 2 * value)),
    }),
  );
  return {
    id: `direction-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: direction in which regions moved`,
    caption:
      "Blue regions came nearer to the target plane, as they should. Red regions came nearer to the plane at the same distance in the opposite direction. White regions came nearer to neither. In grey regions the two planes hardly differ, so no direction can be determined.",
    svg: pictureGrid([{ label: "", cells }], { panelSize: 170 }),
  };
}
