/** Refocusing to several distances, and which way it went, as pictures. */
import { evenly } from "../array/evenly.ts";
import { divergingColour } from "../figures/colour-map.ts";
import { contrastOf, type GridCell, type GridRow, pictureGrid } from "../figures/picture-grid.ts";
import { type Figure, mostColumns, pixelOf, slug, um, zOf } from "./figure.ts";
import type { CandidateStudy } from "./study.ts";

export function distanceGrid({ candidate, distances, subject }: CandidateStudy): Figure | undefined {
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
        label: "recorded there",
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
    title: `${candidate.name}: refocused from below, at and above focus`,
    caption:
      "Each pair of rows is one image refocused to several distances, and the planes recorded there. An output should look like the picture below it.",
    svg: pictureGrid(rows, {
      columns: ["Input", ...distances[0].cells.map(({ distance }) => um(distance))],
      pixelSize: pixelOf(subject),
      panelSize: 190,
    }),
  };
}

export function directionMaps({ candidate, direction, subject }: CandidateStudy): Figure | undefined {
  if (direction === undefined || direction.maps.length === 0) return undefined;
  const cells = evenly(direction.maps, mostColumns).map(
    ({ map, plane }): GridCell => ({
      plane: map,
      caption: `from ${um(zOf(subject, plane))}`,
      contrast: [-1, 1],
      colour: (value) => (Number.isNaN(value) ? [228, 228, 228] : divergingColour(1 - 2 * value)),
    }),
  );
  return {
    id: `direction-${slug(candidate.name)}`,
    kind: "picture",
    title: `${candidate.name}: which regions went which way`,
    caption:
      "Blue: nearer to the plane that was asked for. Red: nearer to the plane as far away in the opposite direction. White: neither. Grey: nothing there that differs.",
    svg: pictureGrid([{ label: "", cells }], { panelSize: 170 }),
  };
}
