/** Units of length and time as file formats write them. */

const micrometres = new Map<string, number>(
  Object.entries({
    pm: 1e-6,
    å: 1e-4,
    angstrom: 1e-4,
    nm: 1e-3,
    nanometer: 1e-3,
    nanometre: 1e-3,
    um: 1,
    µm: 1,
    micron: 1,
    micrometer: 1,
    micrometre: 1,
    mm: 1e3,
    millimeter: 1e3,
    millimetre: 1e3,
    cm: 1e4,
    centimeter: 1e4,
    centimetre: 1e4,
    m: 1e6,
    meter: 1e6,
    metre: 1e6,
    in: 25400,
    inch: 25400,
    inches: 25400,
    '"': 25400,
  }),
);

/** The length of a unit in um; undefined for "pixel" and other units that are not lengths. */
export function micrometresPer(unit: string | undefined): number | undefined {
  if (unit === undefined) return undefined;
  // Greek mu is written as the micro sign, as U+03BC, or damaged by a wrong encoding. All of them mean micrometres.
  const name = unit
    .trim()
    .toLowerCase()
    .replace(/^[\u03bc\ufffd]m$/, "µm")
    .replace(/^\u212b$/, "å");
  return micrometres.get(name) ?? micrometres.get(name.replace(/s$/, ""));
}

const seconds = new Map<string, number>(
  Object.entries({
    ns: 1e-9,
    us: 1e-6,
    µs: 1e-6,
    ms: 1e-3,
    s: 1,
    sec: 1,
    second: 1,
    min: 60,
    minute: 60,
    h: 3600,
    hour: 3600,
    d: 86400,
    day: 86400,
  }),
);

/** The length of a unit in seconds; undefined for units that are not times. */
export function secondsPer(unit: string | undefined): number | undefined {
  if (unit === undefined) return undefined;
  const name = unit
    .trim()
    .toLowerCase()
    .replace(/^[\u03bc\ufffd]s$/, "µs");
  return seconds.get(name) ?? seconds.get(name.replace(/s$/, ""));
}

/** A positive finite number out of a text or number, or undefined. */
export function positive(value: string | number | undefined): number | undefined {
  const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
  return number > 0 && Number.isFinite(number) ? number : undefined;
}
