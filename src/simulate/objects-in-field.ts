/** The objects of a specimen that lie in the field. */
import type { SpecimenObject } from "../optics/phantom/phantom.ts";
import type { FieldBox } from "./field-box.ts";
import type { View } from "./resolve-recipe.ts";

/**
 * The objects whose centre, or a point of whose path, lies in the field, with x and y from the centre of its pixel (0,
 * 0). Paths wrap at the sides of the box; here each path is shifted along with the centre of its object.
 */
export function objectsInField(objects: readonly SpecimenObject[], box: FieldBox, view: View): SpecimenObject[] {
  const { grid, origin } = box;
  const shift = origin * grid.pixelSize;
  const world = grid.width * grid.pixelSize;
  const side = view.size * grid.pixelSize;
  // Pixel i extends half a pixel to either side of its centre.
  const wrapped = (value: number): number => {
    const inside = (value - shift) % world;
    return inside < -0.5 * grid.pixelSize ? inside + world : inside;
  };
  const within = (x: number, y: number): boolean => {
    const limit = side - 0.5 * grid.pixelSize;
    return wrapped(x) < limit && wrapped(y) < limit;
  };
  return objects
    .filter(({ x, y, path }) => within(x, y) || pointsOf(path).some(([px, py]) => within(px, py)))
    .map((object) => {
      const [x, y] = [wrapped(object.x), wrapped(object.y)];
      const [dx, dy] = [x - object.x, y - object.y];
      const points = pointsOf(object.path);
      if (points.length === 0) return { ...object, x, y };
      const moved = points.map(([px, py, ...more]) => [px + dx, py + dy, ...more]);
      return { ...object, x, y, path: moved };
    });
}

function pointsOf(path: SpecimenObject[string] | undefined): readonly (readonly number[])[] {
  return Array.isArray(path) && Array.isArray(path[0]) ? (path as readonly (readonly number[])[]) : [];
}
