/**
 * Compares names as people do: z2 before z10, z0.5 before z2.5, and -2 before 1. A minus sign counts at the
 * beginning of a name and behind "_", "=", "(" or a space; elsewhere ("scan-2") it is a hyphen.
 */
export function compareNatural(a: string, b: string): number {
  const left = split(a);
  const right = split(b);
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const [x, y] = [left[i], right[i]];
    if (typeof x === "number" && typeof y === "number") {
      if (x !== y) return x - y;
    } else if (String(x) !== String(y)) {
      return String(x) < String(y) ? -1 : 1;
    }
  }
  return left.length - right.length || (a < b ? -1 : a > b ? 1 : 0);
}

/** Text and numbers by turns, text first (maybe empty). */
function split(name: string): (string | number)[] {
  const parts = name
    .toLowerCase()
    .replace(/\.[a-z]\w{0,4}$/, "")
    .split(/((?:(?<=^|[_=( ])-)?\d+(?:\.\d+)?)/);
  return parts.map((part, i) => (i % 2 === 1 ? Number(part) : part));
}
