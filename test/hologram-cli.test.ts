/** `parfocal reconstruct` as users run it, on holograms and stacks whose truth is known. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { percentiles } from "../src/array/statistics.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { propagate } from "../src/optics/imaging/angular-spectrum.ts";
import { fieldOf, intensityOf } from "../src/optics/imaging/complex-field.ts";
import { addReference } from "../src/optics/imaging/hologram.ts";
import { encodeImage } from "./helpers/images.ts";
import { runCli } from "./helpers/run-cli.ts";

const size = 96;
const light = { wavelength: 0.532, refractiveIndex: 1, pixelSize: 0.2 };
const phase = Float32Array.from({ length: size * size }, (_, i) => {
  const r2 = ((i % size) - 52) ** 2 + (Math.floor(i / size) - 44) ** 2;
  return 4 * Math.sqrt(Math.max(0, 1 - r2 / 400));
});
const ones = { data: new Float32Array(size * size).fill(1), height: size, width: size };
const object = fieldOf(ones, { ...ones, data: phase });

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-reconstruct-"));
  const write = (name: string, planes: Float32Array[], zStep?: number) => {
    const data = Float32Array.from(planes.flatMap((plane) => Array.from(plane)));
    const axes = planes.length > 1 ? "ZYX" : "YX";
    const shape = planes.length > 1 ? [planes.length, size, size] : [size, size];
    const image = {
      axes,
      shape,
      dtype: "float32" as const,
      pixelSize: { y: 0.2, x: 0.2 },
      ...(zStep && { zStep }),
      data,
    };
    writeFileSync(join(folder, name), encodeImage(name, image));
  };
  const away = propagate(object, light, 6);
  const carrier = { y: 1, x: 1.3 };
  write("hologram.tif", [intensityOf(addReference(away, carrier, 1, 0.2)).data]);
  write("background.tif", [intensityOf(addReference(fieldOf(ones), carrier, 1, 0.2)).data]);
  // z counts up, light goes down: the plane at z = 4 comes first.
  write(
    "stack.tif",
    [0, 2, 4].map((z) => intensityOf(propagate(object, light, 2 - z)).data),
    2,
  );
  write("flat.tif", [ones.data]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const run = (line: string) => runCli(line.split(" "), { cwd: folder });
const optics = "--wavelength 0.532 --json";

async function phaseIn(name: string): Promise<Float32Array> {
  const file = await openImage(join(folder, name));
  expect(file.dtype).toBe("float32");
  const found = await file.readPlane({ channel: 1 });
  await file.close();
  return found;
}

function misfit(found: Float32Array): number {
  const offset = percentiles(found, [30])[0];
  return Math.sqrt(found.reduce((sum, v, i) => sum + (v - offset - phase[i]) ** 2, 0) / found.length);
}

test("off-axis: focus, fringes, and the phase of a ball", async () => {
  const line = `reconstruct hologram.tif --off-axis auto --background background.tif --distance auto --range -12:12 ${optics}`;
  const { stdout, code } = await run(`${line} -o field.tif`);
  expect(code).toBe(0);
  const json = JSON.parse(stdout);
  expect(json).toMatchObject({ output: "field.tif", method: "angular-spectrum", specimen: "phase" });
  expect(Math.abs(json.distance_um + 6)).toBeLessThan(1.5);
  expect(json.carrier[0]).toBeCloseTo(0.2, 2);
  expect(json.carrier[1]).toBeCloseTo(0.26, 2);
  expect(misfit(await phaseIn("field.tif"))).toBeLessThan(0.35);
  // Existing outputs are kept, and not after minutes of work.
  const before = readFileSync(join(folder, "field.tif"));
  const again = await run(`${line} -o field.tif`);
  expect(again.code).toBe(2);
  expect(JSON.parse(again.stdout).error.code).toBe("output.exists");
  expect(readFileSync(join(folder, "field.tif")).equals(before)).toBe(true);
  expect((await run(`${line} --force -o field.tif`)).code).toBe(0);
});

test("stacks: phase by multi-height, other planes by tie", async () => {
  const heights = await run(`reconstruct stack.tif --method multi-height --iterations 30 ${optics} -o phase.ome.tif`);
  const json = JSON.parse(heights.stdout);
  expect(json.planes_um).toEqual([2]);
  expect(json.errors.at(-1)).toBeLessThan(0.5 * json.errors[0]);
  expect(misfit(await phaseIn("phase.ome.tif"))).toBeLessThan(0.5);
  const tie = await run(`reconstruct stack.tif --method tie --input-planes 0,2 --z 0:4:1 ${optics} -o planes.tif`);
  expect(JSON.parse(tie.stdout).planes_um).toEqual([0, 1, 2, 3, 4]);
  const file = await openImage(join(folder, "planes.tif"));
  expect(file).toMatchObject({ axes: "ZCYX", shape: [5, 2, size, size], zStep: 1 });
  await file.close();
});

test.each([
  ["hologram.tif -o x.tif", 2, /wavelength is not known, .* give --wavelength <your wavelength>/],
  ["hologram.tif --wavelength 0.5 --na 1.2 --refractive-index 1 -o x.tif", 2, /NA of 1.2 needs a medium/],
  ["hologram.tif --wavelength 0.5 --na 1.2 -o x.tif", 2, /na 1.2 is not below the refractive index 1;/],
  ["flat.tif --wavelength 0.5 --off-axis auto -o x.tif", 1, /no side band was found/],
  ["flat.tif --wavelength 0.5 --method tie -o x.tif", 1, /a single plane was given; record at least two/],
  ["stack.tif --wavelength 0.5 -o x.tif", 1, /has 3 planes, but --method angular-spectrum takes one hologram/],
  ["stack.tif --wavelength 0.5 --method tie --positions 0,1 -o x.tif", 2, /has 3 planes and --positions names 2/],
  ["stack.tif --wavelength 0.5 --method tie --input-planes 0,7 -o x.tif", 2, /has 3 planes, 0 to 2; got z 7/],
  ["hologram.tif --wavelength 0.5 --range 3:1 -o x.tif", 2, /expected low:high in um/],
  ["hologram.tif --wavelength 0.5 --off-axis 0.7,0 -o x.tif", 2, /expected auto, or Y,X in cycles per pixel/],
])("%s is refused", async (args, code, sentence) => {
  const result = await run(`reconstruct ${args}`);
  expect(result.stderr).toMatch(sentence);
  expect(result.code).toBe(code);
});
