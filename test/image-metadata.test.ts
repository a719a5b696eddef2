/** What descriptions and tags of other programs say of planes, and that the right planes come out. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { memorySource } from "../src/array/bytes.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import type { Image } from "../src/image/image.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { openImageSource } from "../src/image/open-image.ts";
import type { OpenOptions } from "../src/image/tiff-planes.ts";
import { failure } from "./helpers/failure.ts";
import { greyEntries, type HandEntry, type HandPage, handTiff } from "./helpers/hand-tiff.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-metadata-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const open = (bytes: Uint8Array, options?: OpenOptions) => openImageSource(memorySource("a.tif", bytes), options);

/** `count` pages of 4 x 3 pixels; page n is full of n + 1. The first has the description. */
function pages(count: number, description?: string, more: readonly HandEntry[] = []): HandPage[] {
  return Array.from({ length: count }, (_, n) => ({
    entries: greyEntries(4, 3, 8, [
      ...(n === 0 && description !== undefined ? [{ tag: 270, type: 2, values: description }] : []),
      ...more,
    ]),
    strips: [new Uint8Array(12).fill(n + 1)],
  }));
}

const perUnit = (x: number, y = x, unit = 1): HandEntry[] => [
  { tag: 282, type: 5, values: [Math.round(x * 1000), 1000] },
  { tag: 283, type: 5, values: [Math.round(y * 1000), 1000] },
  { tag: 296, type: 3, values: [unit] },
];

async function firstPixel(file: Awaited<ReturnType<typeof open>>, channel: number, z: number, time: number) {
  return (await file.readPlane({ channel, z, time }))[0];
}

describe("ImageJ descriptions of other writers", () => {
  const hyperstack = (more: string) =>
    `ImageJ=1.53t\nimages=12\nchannels=2\nslices=3\nframes=2\nhyperstack=true\n${more}`;

  test.each([
    ["", "TZCYX", (c: number, z: number, t: number) => c + 2 * (z + 3 * t)],
    ["order=czt\n", "TZCYX", (c: number, z: number, t: number) => c + 2 * (z + 3 * t)],
    ["order=zct\n", "TCZYX", (c: number, z: number, t: number) => z + 3 * (c + 2 * t)],
    ["order=xyztc\r\n", "CTZYX", (c: number, z: number, t: number) => z + 3 * (t + 2 * c)],
    ["Order=xytcz(odd)\n", "ZCTYX", (c: number, z: number, t: number) => t + 2 * (c + 2 * z)],
    ["axes=TZCYX\n", "TZCYX", (c: number, z: number, t: number) => c + 2 * (z + 3 * t)],
    ["axes=CTZYX\n", "CTZYX", (c: number, z: number, t: number) => z + 3 * (t + 2 * c)],
  ])("%j", async (more, axes, page) => {
    const file = await open(handTiff(pages(12, hyperstack(more))));
    expect(file.axes).toBe(axes);
    for (const c of [0, 1]) {
      for (const z of [0, 1, 2])
        for (const t of [0, 1]) expect(await firstPixel(file, c, z, t)).toBe(page(c, z, t) + 1);
    }
    expect((file.warnings ?? []).length).toBe(axes === "TZCYX" ? 0 : 1);
  });

  test("an order that is none is passed over, and said", async () => {
    for (const more of ["order=zzz\n", "order=constructor\n", "axes=PQ\n"]) {
      const file = await open(handTiff(pages(12, hyperstack(more))));
      expect([file.axes, file.warnings?.[0]]).toEqual(["TZCYX", expect.stringContaining("not understood")]);
    }
  });

  test("units of every axis, negative spacing, calibrated values", async () => {
    const text =
      "ImageJ=1.53t\nimages=3\nslices=3\nunit=nm\nyunit=um\nzunit=mm\nspacing=-0.0005\ncf=0\nc0=-32768\nc1=1\nvunit=Gray Value\n";
    const file = await open(handTiff(pages(3, text, perUnit(0.01, 2))));
    expect(file.pixelSize).toEqual({ x: expect.closeTo(0.1, 9), y: expect.closeTo(0.5, 9) });
    expect(file.zStep).toBeCloseTo(0.5, 9);
    // The planes stay as they are in the file, as in ImageJ.
    expect(await firstPixel(file, 0, 0, 0)).toBe(1);
    expect(file.warnings).toEqual([
      expect.stringContaining("spacing is negative (-0.0005)"),
      expect.stringContaining("count x 1 + -32768 Gray Value"),
    ]);
    const straight = await open(handTiff(pages(1, "ImageJ=1.53t\ncf=0\nc0=0\nc1=1\n")));
    expect(straight.warnings).toBeUndefined();
    for (const [cf, name] of [
      ["4", "an exponential"],
      ["99", "a function"],
      ["constructor", "a function"],
    ]) {
      const other = await open(handTiff(pages(1, `ImageJ=1.53t\ncf=${cf}\nc0=1\nc1=2\nc2=3\n`)));
      expect(other.warnings?.[0]).toContain(name);
    }
  });

  test("fps is for playing a stack, not the time between frames", async () => {
    const text = "ImageJ=1.53t\nimages=3\nframes=3\nfps=7.0\nloop=false\n";
    expect((await open(handTiff(pages(3, text)))).frameInterval).toBeUndefined();
    expect((await open(handTiff(pages(3, `${text}finterval=0.5\n`)))).frameInterval).toBe(0.5);
  });

  test("a BoundingBox is the distance between the centres of the first and last voxels", async () => {
    const plain = await open(handTiff(pages(5, "BoundingBox 0 0.6 0 0.4 -1 1")));
    expect(plain.pixelSize).toEqual({ x: expect.closeTo(0.2, 9), y: expect.closeTo(0.2, 9) });
    expect([plain.zStep, plain.warnings]).toEqual([expect.closeTo(0.5, 9), [expect.stringContaining("taken as um")]]);
    const text = "ImageJ=1.53t\nimages=5\nslices=5\nunit=nm\nBoundingBox=0 600 0 400 0 2000\n";
    const within = await open(handTiff(pages(5, text)));
    expect([within.pixelSize?.x, within.zStep, within.warnings]).toEqual([
      expect.closeTo(0.2, 9),
      expect.closeTo(0.5, 9),
      undefined,
    ]);
    // What ImageJ's own keys say is not replaced.
    const both = await open(handTiff(pages(5, `${text}spacing=300\n`, perUnit(0.01))));
    expect([both.pixelSize?.x, both.zStep]).toEqual([expect.closeTo(0.1, 9), expect.closeTo(0.3, 9)]);
    for (const odd of [
      "BoundingBox",
      "BoundingBox 1 2 3",
      "BoundingBox 0 0 0 0 0 0",
      `BoundingBox ${"1".repeat(1e5)}`,
    ]) {
      expect((await open(handTiff(pages(2, odd)))).pixelSize).toBeUndefined();
    }
  });
});

describe("tifffile's own descriptions", () => {
  test.each([
    ['{"shape": [2, 3, 3, 4], "axes": "CZYX"}', "CZYX", [2, 3, 3, 4], 0],
    ['{"shape": [2, 3, 3, 4], "axes": "TCYX"}', "TCYX", [2, 3, 3, 4], 0],
    ['{"shape": [1, 6, 1, 3, 4], "axes": "TZCYX"}', "ZYX", [6, 3, 4], 0],
    ['{"shape": [6, 3, 4]}', "ZYX", [6, 3, 4], 0],
    ['{"shape": [6, 3, 4], "axes": "QYX"}', "ZYX", [6, 3, 4], 1],
    ['{"shape": [2, 3, 3, 4], "axes": "RZYX"}', "TZYX", [2, 3, 3, 4], 1],
    ['{"shape": [2, 3, 3, 4]}', "ZYX", [6, 3, 4], 1],
    ['{"shape": [6, 3, 4], "axes": "__proto__"}', "ZYX", [6, 3, 4], 0],
    ['{"shape": [7, 3, 4], "axes": "TYX"}', "ZYX", [6, 3, 4], 0],
    ['{"shape": "constructor"}', "ZYX", [6, 3, 4], 0],
  ])("%s", async (description, axes, shape, warnings) => {
    const file = await open(handTiff(pages(6, description)));
    expect([file.axes, file.shape, (file.warnings ?? []).length]).toEqual([axes, shape, warnings]);
    const at =
      axes === "ZYX"
        ? { z: 4 }
        : axes === "CZYX"
          ? { channel: 1, z: 1 }
          : { time: 1, channel: axes === "TCYX" ? 1 : 0, z: axes === "TCYX" ? 0 : 1 };
    expect((await file.readPlane(at))[0]).toBe(5);
  });

  test("several arrays in one file are several images", async () => {
    const bytes = handTiff([
      ...pages(2, '{"shape": [2, 3, 4], "axes": "ZYX"}'),
      ...pages(3, '{"shape": [3, 3, 4], "axes": "CYX"}'),
    ]);
    const first = await open(bytes);
    expect([first.axes, first.shape, first.images?.length, first.image]).toEqual(["ZYX", [2, 3, 4], 2, 0]);
    expect(first.warnings).toEqual([expect.stringContaining("2 images")]);
    const second = await open(bytes, { image: 1 });
    expect([second.axes, second.shape, second.image, second.warnings]).toEqual(["CYX", [3, 3, 4], 1, undefined]);
    expect(await firstPixel(second, 2, 0, 0)).toBe(3);
    const error = await failure(open(bytes, { image: 2 }));
    expect([error.code, error.fields]).toEqual(["usage", { option: "series", got: 2, expected: "0 to 1" }]);
    expect((await failure(open(handTiff(pages(1)), { image: 1 }))).message).toContain("1 image, number 0");
  });
});

describe("grey levels that are not counts of light", () => {
  const palette = (colour: (i: number) => [number, number, number]): HandEntry[] => {
    const all = Array.from({ length: 256 }, (_, i) => colour(i));
    return [
      { tag: 262, type: 3, values: [3] },
      { tag: 320, type: 3, values: [0, 1, 2].flatMap((c) => all.map((rgb) => 257 * rgb[c])) },
    ];
  };

  test("a palette of colours is passed over with a warning, a ramp of grey without", async () => {
    const fire = await open(
      handTiff(
        pages(
          1,
          undefined,
          palette((i) => [i, 0, 255 - i]),
        ),
      ),
    );
    expect([(await fire.readPlane({}))[0], fire.warnings]).toEqual([1, [expect.stringContaining("palette")]]);
    expect(
      (
        await open(
          handTiff(
            pages(
              1,
              undefined,
              palette((i) => [i, i, i]),
            ),
          ),
        )
      ).warnings,
    ).toBeUndefined();
    const inverted = await open(
      handTiff(
        pages(
          1,
          undefined,
          palette((i) => [255 - i, 255 - i, 255 - i]),
        ),
      ),
    );
    expect(inverted.warnings).toHaveLength(1);
  });

  test("white at zero is read as it is stored, as in ImageJ, and said", async () => {
    const file = await open(handTiff(pages(2, undefined, [{ tag: 262, type: 3, values: [0] }])));
    expect([(await file.readPlane({ z: 1 }))[0], file.warnings]).toEqual([2, [expect.stringContaining("0 is white")]]);
  });
});

const ome = (images: string, root = "") =>
  `<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" ${root}>${images}</OME>`;
const image = (
  sizes: { Z?: number; C?: number; T?: number; order?: string; more?: string; name?: string },
  inside: string,
) =>
  `<Image ID="Image:0" Name="${sizes.name ?? "one"}"><Pixels ID="Pixels:0" DimensionOrder="${sizes.order ?? "XYZCT"}" Type="uint8" SizeX="4" SizeY="3" ` +
  `SizeZ="${sizes.Z ?? 1}" SizeC="${sizes.C ?? 1}" SizeT="${sizes.T ?? 1}" ${sizes.more ?? ""}>${inside}</Pixels></Image>`;

describe("OME", () => {
  test.each(["XYZCT", "XYZTC", "XYCZT", "XYCTZ", "XYTCZ", "XYTZC"])("planes in the order %s", async (order) => {
    const file = await open(handTiff(pages(12, ome(image({ Z: 3, C: 2, T: 2, order }, "<TiffData/>")))));
    const extent: Record<string, number> = { Z: 3, C: 2, T: 2 };
    for (const c of [0, 1]) {
      for (const z of [0, 1, 2]) {
        for (const t of [0, 1]) {
          const at: Record<string, number> = { C: c, Z: z, T: t };
          const [, , a, b, d] = order;
          expect(await firstPixel(file, c, z, t)).toBe(1 + at[a] + extent[a] * (at[b] + extent[b] * at[d]));
        }
      }
    }
  });

  test("several images: how many, which, and each by its number", async () => {
    const two = ome(
      image({ Z: 2, name: "left" }, '<TiffData IFD="0" PlaneCount="2"/>') +
        image({ Z: 3, name: "right &amp; up" }, '<TiffData IFD="2" PlaneCount="3"/>'),
    );
    const bytes = handTiff(pages(5, two));
    const first = await open(bytes);
    expect([first.shape, first.images, first.image]).toEqual([[2, 3, 4], ["left", "right & up"], 0]);
    expect(first.warnings?.[0]).toContain('0 "left", 1 "right & up"');
    const second = await open(bytes, { image: 1 });
    expect([second.shape, second.image, second.warnings]).toEqual([[3, 3, 4], 1, undefined]);
    expect([await firstPixel(second, 0, 0, 0), await firstPixel(second, 0, 2, 0)]).toEqual([3, 5]);
    for (const wrong of [2, -1, 0.5]) expect((await failure(open(bytes, { image: wrong }))).code).toBe("usage");
    // Without a word on pages, the planes of an image follow those of the one before.
    const silent = handTiff(pages(5, ome(image({ Z: 2 }, "<TiffData/>") + image({ Z: 3 }, "<TiffData/>"))));
    expect(await firstPixel(await open(silent, { image: 1 }), 0, 2, 0)).toBe(5);
  });

  const planesAt = (heights: readonly (number | string)[], unit = 'PositionZUnit="µm"') =>
    heights.map((z, i) => `<Plane TheZ="${i}" TheC="0" TheT="0" PositionZ="${z}" ${unit}/>`).join("");
  const stack = (heights: readonly (number | string)[], more = "", unit?: string) =>
    open(
      handTiff(pages(heights.length, ome(image({ Z: heights.length, more }, `<TiffData/>${planesAt(heights, unit)}`)))),
    );
  const size = 'PhysicalSizeZ="0.5" PhysicalSizeZUnit="µm"';

  test("heights of planes that agree with the z step say nothing new", async () => {
    const file = await stack([100, 100.5, 101.002, 101.5], size);
    expect([file.zStep, file.zPositions, file.warnings]).toEqual([0.5, undefined, undefined]);
    expect((await stack([3, 3, 3], size)).warnings).toBeUndefined();
    expect((await stack([1, "x", 3], size)).warnings).toBeUndefined();
    expect((await stack(["", "", ""], size)).warnings).toBeUndefined();
  });

  test("heights that disagree, fall, or are not even are warned of; they give the z step that is missing", async () => {
    const other = await stack([0, 0.6, 1.2], size);
    expect([other.zStep, other.warnings]).toEqual([0.5, [expect.stringContaining("0.6 um apart")]]);
    const falling = await stack([2, 1.5, 1], size);
    expect([falling.zStep, falling.warnings]).toEqual([0.5, [expect.stringContaining("heights of the planes fall")]]);
    const missing = await stack([0, 250, 500], "", 'PositionZUnit="nm"');
    expect([missing.zStep, missing.warnings]).toEqual([0.25, undefined]);
    const unitless = await stack([0, 0.25, 0.5], "", "");
    expect([unitless.zStep, unitless.warnings]).toEqual([0.25, [expect.stringContaining("no unit")]]);
    const uneven = await stack([0, 0.5, 2, 2.5], size);
    expect([uneven.zStep, uneven.zPositions]).toEqual([0.5, [0, 0.5, 2, 2.5]]);
    expect(uneven.warnings).toEqual([expect.stringContaining("not evenly spaced (0.5 to 1.5 um apart)")]);
    const unknown = await stack([0, 0.5, 2, 2.5]);
    expect([unknown.zStep, unknown.zPositions]).toEqual([undefined, [0, 0.5, 2, 2.5]]);
    expect((await stack([0, 5, 10], "", 'PositionZUnit="reference frame"')).zStep).toBeUndefined();
  });

  test("heights of an uneven stack are written, and read again", async () => {
    const info: Image = {
      axes: "ZYX",
      shape: [3, 3, 4],
      dtype: "uint8",
      data: new Uint8Array(36),
      zStep: 1,
      zPositions: [0, 1, 4],
    };
    const again = await openImageSource(memorySource("b.ome.tif", encodeImage("b.ome.tif", info)));
    expect([again.zStep, again.zPositions]).toEqual([1, [0, 1, 4]]);
    const fewer: Image = { ...info, shape: [2, 3, 4], data: new Uint8Array(24) };
    expect(
      (await openImageSource(memorySource("b.ome.tif", encodeImage("b.ome.tif", fewer)))).zPositions,
    ).toBeUndefined();
  });

  test("attributes named as JavaScript's own are attributes, unknown entities stay text", async () => {
    const text =
      '<OME __proto__="x"><Instrument><Objective Immersion="constructor" LensNA="1.2"/></Instrument>' +
      image(
        { more: 'PhysicalSizeX="1" PhysicalSizeXUnit="constructor" PhysicalSizeY="1" PhysicalSizeYUnit="__proto__"' },
        '<Channel Name="&lol9;&constructor;&amp;"/><TiffData/>',
      ) +
      "</OME>";
    const file = await open(handTiff(pages(1, text)));
    expect([file.pixelSize, file.optics, file.channelNames]).toEqual([
      undefined,
      { na: 1.2 },
      ["&lol9;&constructor;&"],
    ]);
  });

  test("older names of attributes, the medium of the settings", async () => {
    const text =
      '<OME><Instrument><Objective ID="Objective:0" LensNA="1.2" Immersion="Oil"/></Instrument>' +
      image({ Z: 2 }, '<TiffData FirstZ="1" IFD="0" NumPlanes="1"/><TiffData TheZ="0" IFD="1" NumPlanes="1"/>').replace(
        "<Pixels",
        '<ObjectiveSettings ID="Objective:0" Medium="Water"/><Pixels',
      ) +
      "</OME>";
    const file = await open(handTiff(pages(2, text)));
    expect([await firstPixel(file, 0, 0, 0), await firstPixel(file, 0, 1, 0)]).toEqual([2, 1]);
    expect(file.optics).toEqual({ na: 1.2, refractiveIndex: 1.333 });
  });

  test("planes in files beside it are read; those that are missing are named", async () => {
    const uuid = (name: string, z: number) =>
      `<TiffData FirstZ="${z}" IFD="0" PlaneCount="1"><UUID FileName="${name}">urn:uuid:${name}</UUID></TiffData>`;
    const names = ["set_0.ome.tif", "set_1.ome.tif", "set_2.ome.tif"];
    const text = ome(image({ Z: 3 }, names.map(uuid).join("")), 'UUID="urn:uuid:set_0.ome.tif"');
    const make = (name: string, value: number, description?: string) => {
      const [page] = pages(1, description);
      writeFileSync(join(folder, name), handTiff([{ ...page, strips: [new Uint8Array(12).fill(value)] }]));
    };
    make(names[0], 10, text);
    make(names[1], 11);
    const error = await failure(openImage(join(folder, names[0])));
    expect([error.code, error.message]).toEqual([
      "file.unsupported",
      expect.stringContaining("1 of them are not in its folder (set_2.ome.tif)"),
    ]);
    make(names[2], 12);
    const file = await openImage(join(folder, names[0]));
    expect([file.axes, file.shape]).toEqual(["ZYX", [3, 3, 4]]);
    const values = await Promise.all([2, 0, 1, 2].map((z) => firstPixel(file, 0, z, 0)));
    expect(values).toEqual([12, 10, 11, 12]);
    await file.close();
    // A file of the set that holds no metadata but the name of the file that does.
    make("part.ome.tif", 13, '<OME><BinaryOnly MetadataFile="set.companion.ome" UUID="urn:uuid:part"/></OME>');
    expect((await failure(openImage(join(folder, "part.ome.tif")))).message).toContain("set.companion.ome");
    writeFileSync(join(folder, "set.companion.ome"), ome(image({ Z: 2 }, uuid("part.ome.tif", 0) + uuid(names[2], 1))));
    const part = await openImage(join(folder, "part.ome.tif"));
    expect(await Promise.all([0, 1].map((z) => firstPixel(part, 0, z, 0)))).toEqual([13, 12]);
    await part.close();
    // Of several images, the one whose planes lie in this file.
    const position = (name: string, at: string) => image({ name: at }, uuid(name, 0));
    make("pos1.ome.tif", 14, ome(position(names[1], "p0") + position("pos1.ome.tif", "p1")));
    const pos = await openImage(join(folder, "pos1.ome.tif"));
    expect([pos.image, await firstPixel(pos, 0, 0, 0)]).toEqual([1, 14]);
    await pos.close();
    const other = await openImage(join(folder, "pos1.ome.tif"), { image: 0 });
    expect(await firstPixel(other, 0, 0, 0)).toBe(11);
    await other.close();
  });

  test("a single file that was renamed reads as before", async () => {
    const text = ome(
      image({ Z: 2 }, '<TiffData IFD="0" PlaneCount="2"><UUID FileName="old.ome.tif">urn:uuid:1</UUID></TiffData>'),
    );
    const file = await open(handTiff(pages(2, text)));
    expect([await firstPixel(file, 0, 1, 0), file.warnings]).toEqual([2, [expect.stringContaining("old.ome.tif")]]);
  });
});

/** 4 x 3 pixels, each sample in a strip of its own. */
const planar = (values: readonly number[], more: readonly HandEntry[]): HandPage => ({
  entries: greyEntries(4, 3, 8, [
    { tag: 258, type: 3, values: values.map(() => 8) },
    { tag: 277, type: 3, values: [values.length] },
    { tag: 284, type: 3, values: [2] },
    ...more,
  ]),
  strips: values.map((value) => new Uint8Array(12).fill(value)),
});

function lsmInfo(channels: number, change: (view: DataView) => void = () => undefined): Uint8Array {
  const view = new DataView(new ArrayBuffer(272));
  view.setUint32(0, 0x0400494c, true);
  for (const [at, value] of [
    [4, 272],
    [8, 4],
    [12, 3],
    [16, 3],
    [20, channels],
    [24, 2],
    [28, 1],
    [32, 2],
    [36, 2],
  ])
    view.setInt32(at, value, true);
  for (const [at, value] of [
    [40, 1e-7],
    [48, 2e-7],
    [56, 4.5e-7],
    [112, 1.5],
  ])
    view.setFloat64(at, value, true);
  view.setUint16(88, 6, true);
  change(view);
  return new Uint8Array(view.buffer);
}

/** Three planes at two times, each followed by its thumbnail. */
function lsm(change?: (view: DataView) => void, channels = 2): Uint8Array {
  const all: HandPage[] = [];
  for (let n = 0; n < 6; n++) {
    const info: HandEntry[] = n === 0 ? [{ tag: 34412, type: 1, values: lsmInfo(channels, change) }] : [];
    all.push(
      planar(
        Array.from({ length: channels }, (_, c) => 10 * n + c + 1),
        [{ tag: 254, type: 4, values: [0] }, { tag: 262, type: 3, values: [2] }, ...info],
      ),
    );
    const thumb = greyEntries(2, 2, 8, [{ tag: 254, type: 4, values: [1] }]);
    all.push({ entries: thumb, strips: [new Uint8Array(4).fill(250)] });
  }
  return handTiff(all);
}

describe("Zeiss LSM", () => {
  test("planes without thumbnails, channels, calibration in um", async () => {
    const file = await open(lsm());
    expect([file.axes, file.shape, file.dtype]).toEqual(["TZCYX", [2, 3, 2, 3, 4], "uint8"]);
    expect([file.pixelSize, file.zStep, file.frameInterval]).toEqual([{ y: 0.2, x: 0.1 }, 0.45, 1.5]);
    for (const c of [0, 1]) {
      for (const z of [0, 1, 2])
        for (const t of [0, 1]) expect(await firstPixel(file, c, z, t)).toBe(10 * (z + 3 * t) + c + 1);
    }
  });

  test("line scans, positions, and lies are refused", async () => {
    const scan = await failure(open(lsm((view) => view.setUint16(88, 2, true))));
    expect([scan.code, scan.message.includes("type 2")]).toEqual(["file.unsupported", true]);
    const positions = await failure(open(lsm((view) => view.setInt32(264, 4, true))));
    expect([positions.code, positions.message.includes("4 positions")]).toEqual(["file.unsupported", true]);
    expect((await failure(open(lsm((view) => view.setInt32(16, 300, true))))).code).toBe("file.corrupt");
    expect((await failure(open(lsm((view) => view.setInt32(16, -3, true))))).code).toBe("file.corrupt");
  });

  test.skipIf(!python())("tifffile reads the same", () => {
    const path = join(folder, "a.lsm");
    // Two channels are a case of their own in tifffile, for old files that lie about their bits.
    writeFileSync(path, lsm(undefined, 3));
    const found = tifffile(path);
    expect(found).toMatchObject({
      axes: "TZCYX",
      shape: [2, 3, 3, 3, 4],
      first: Array.from({ length: 18 }, (_, i) => 10 * Math.floor(i / 3) + (i % 3) + 1),
    });
  });
});

/** A MetaMorph stack of three planes: one directory, the planes behind each other. */
function stk(distance: (n: number) => number, time: (n: number) => number, units = "um"): Uint8Array {
  const words = (values: readonly number[]) => new Uint8Array(Uint32Array.from(values).buffer);
  const list = words(
    [0, 1, 2].flatMap((n) => [Math.round(1000 * distance(n)), 1000, 2450000, time(n), 2450000, time(n)]),
  );
  // The numbers that UIC1 points to stand in front of the pixels, from byte 8 on.
  const header = new Uint8Array(36);
  const view = new DataView(header.buffer);
  for (const [at, value] of [
    [0, 65],
    [4, 1000],
    [8, 130],
    [12, 1000],
    [16, units.length + 1],
  ])
    view.setUint32(at, value, true);
  header.set(new TextEncoder().encode(units), 20);
  const keys = words([3, 1, 4, 8, 5, 16, 6, 24]);
  const entries = greyEntries(4, 3, 8, [
    { tag: 33628, type: 4, values: keys, count: 4 },
    { tag: 33629, type: 5, values: list, count: 3 },
    { tag: 33630, type: 5, values: words([525, 1, 525, 1, 525, 1]), count: 3 },
  ]);
  return handTiff([{ entries, strips: [7, 8, 9].map((value) => new Uint8Array(12).fill(value)), named: 1 }], header);
}

describe("MetaMorph STK", () => {
  test("all planes behind the one directory, with step and pixel size", async () => {
    const file = await open(
      stk(
        () => 0.4,
        () => 5,
      ),
    );
    expect([file.axes, file.shape, file.pixelSize, file.zStep]).toEqual(["ZYX", [3, 3, 4], { x: 0.065, y: 0.13 }, 0.4]);
    expect(await Promise.all([0, 1, 2].map((z) => firstPixel(file, 0, z, 0)))).toEqual([7, 8, 9]);
    expect(
      (
        await open(
          stk(
            (n) => 10 + 0.3 * n,
            () => 5,
          ),
        )
      ).zStep,
    ).toBe(0.3);
    expect(
      (
        await open(
          stk(
            () => 0.4,
            () => 5,
            "pixel",
          ),
        )
      ).pixelSize,
    ).toBeUndefined();
  });

  test("planes without a distance whose times differ are a series", async () => {
    const file = await open(
      stk(
        () => 0,
        (n) => 2000 * n,
      ),
    );
    expect([file.axes, file.shape, file.frameInterval]).toEqual(["TYX", [3, 3, 4], 2]);
  });

  test("a file that ends before its last plane is no stack of zeros", async () => {
    const bytes = stk(
      () => 0.4,
      () => 5,
    );
    const view = new DataView(bytes.buffer);
    const directory = view.getUint32(4, true);
    for (let i = 0; i < view.getUint16(directory, true); i++) {
      const at = directory + 2 + 12 * i;
      if (view.getUint16(at, true) === 256) view.setUint32(at + 8, 4000, true);
    }
    expect((await failure(open(bytes))).code).toBe("file.corrupt");
  });

  test.skipIf(!python())("tifffile reads the same", () => {
    const path = join(folder, "a.stk");
    writeFileSync(
      path,
      stk(
        () => 0.4,
        () => 5,
      ),
    );
    expect(tifffile(path)).toMatchObject({
      axes: "ZYX",
      shape: [3, 3, 4],
      first: [7, 8, 9],
      stk: [0.065, 0.13, "um", 0.4],
    });
  });
});

describe("samples that are stored apart", () => {
  test("are channels where the file does not say colour, also in OME", async () => {
    const plain = await open(handTiff([planar([5, 6, 7], [])]));
    expect([plain.axes, plain.shape]).toEqual(["CYX", [3, 3, 4]]);
    expect(await Promise.all([0, 1, 2].map((c) => firstPixel(plain, c, 0, 0)))).toEqual([5, 6, 7]);
    const text = ome(image({ C: 2, Z: 2, order: "XYCZT" }, '<Channel Name="a"/><Channel Name="b"/><TiffData/>'));
    const both = await open(handTiff([planar([1, 2], [{ tag: 270, type: 2, values: text }]), planar([3, 4], [])]));
    expect([both.axes, both.channelNames]).toEqual(["ZCYX", ["a", "b"]]);
    expect([await firstPixel(both, 1, 0, 0), await firstPixel(both, 0, 1, 0)]).toEqual([2, 3]);
    const colour = await open(handTiff([planar([1, 2, 3], [{ tag: 262, type: 3, values: [2] }])]));
    expect(colour.axes).toBe("SYX");
  });
});

describe("MetaSeries and Micro-Manager", () => {
  test("MetaSeries XML: pixel size and heights", async () => {
    const xml = (z: number, state = "on") =>
      `<MetaData><PlaneInfo><prop id="spatial-calibration-state" type="bool" value="${state}"/><prop id="spatial-calibration-x" type="float" value="0.645"/>` +
      `<prop id="spatial-calibration-y" type="float" value="0.645"/><prop id="spatial-calibration-units" type="string" value="um"/><prop id="z-position" type="float" value="${z}"/></PlaneInfo></MetaData>`;
    const described = (heights: readonly number[], state?: string) =>
      handTiff(
        pages(heights.length).map((page, i) => ({
          ...page,
          entries: [...page.entries, { tag: 270, type: 2, values: xml(heights[i], state) }],
        })),
      );
    const file = await open(described([10, 10.5, 11]));
    expect([file.axes, file.pixelSize, file.zStep]).toEqual(["ZYX", { x: 0.645, y: 0.645 }, 0.5]);
    expect((await open(described([1], "off"))).pixelSize).toBeUndefined();
  });

  test("Micro-Manager: pixel size and step where its OME-XML says none", async () => {
    const page = (z: number) => JSON.stringify({ PixelSizeUm: 0.1625, ZPositionUm: z, __proto__: { x: 1 } });
    const summary = new TextEncoder().encode(JSON.stringify({ "z-step_um": 0.3 }));
    const header = new Uint8Array(32 + summary.length + (summary.length % 2));
    const view = new DataView(header.buffer);
    view.setUint32(24, 2355492, true);
    view.setUint32(28, summary.length, true);
    header.set(summary, 32);
    const make = (description: string | undefined, front?: Uint8Array<ArrayBuffer>) =>
      handTiff(
        pages(3, description).map((one, i) => ({
          ...one,
          entries: [...one.entries, { tag: 51123, type: 2, values: page(100 + 0.3 * i) }],
        })),
        front,
      );
    const xml = ome(image({ Z: 3 }, "<TiffData/>"));
    for (const bytes of [make(xml, header), make(undefined, header), make(undefined)]) {
      const file = await open(bytes);
      expect([file.axes, file.pixelSize, file.zStep, file.warnings]).toEqual([
        "ZYX",
        { x: 0.1625, y: 0.1625 },
        0.3,
        undefined,
      ]);
    }
    const said = await open(
      make(
        ome(image({ Z: 3, more: 'PhysicalSizeX="0.2" PhysicalSizeY="0.2" PhysicalSizeZ="0.4"' }, "<TiffData/>")),
        header,
      ),
    );
    expect([said.pixelSize?.x, said.zStep]).toEqual([0.2, 0.4]);
  });

  test("ScanImage and FluoView: one list of planes, with a warning", async () => {
    for (const more of [
      [{ tag: 305, type: 2, values: "SI.LINE_FORMAT = 1" }],
      [{ tag: 34361, type: 1, values: [1, 2, 3, 4] }],
    ]) {
      const file = await open(handTiff(pages(3, undefined, more)));
      expect([file.axes, file.warnings]).toEqual(["ZYX", [expect.stringContaining("one z-stack")]]);
    }
    expect(
      (await failure(open(handTiff(pages(1, undefined, [{ tag: 65420, type: 4, values: [1] }]))))).message,
    ).toContain("NDPI");
  });
});

function python(): boolean {
  return spawnSync("/usr/bin/python3", ["-c", "import tifffile"]).status === 0;
}

/** What tifffile says of a file: its axes, shape, and the first pixel of each plane. */
function tifffile(path: string): unknown {
  const script = `
import json, sys, numpy, tifffile
with tifffile.TiffFile(sys.argv[1]) as tif:
    series = tif.series[0]
    data = series.asarray()
    stk = tif.stk_metadata
    print(json.dumps(dict(axes=series.axes, shape=list(series.shape), first=data.reshape(-1, *data.shape[-2:])[:, 0, 0].tolist(),
      stk=None if stk is None else [stk["XCalibration"], stk["YCalibration"], stk["CalibrationUnits"], float(stk["ZDistance"][0])])))`;
  const { stdout, stderr, status } = spawnSync("/usr/bin/python3", ["-c", script, path], { encoding: "utf8" });
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}
