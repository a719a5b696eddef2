/** Choosing the reader, PNG, folders of planes, and what descriptions say. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { encode } from "fast-png";
import { afterAll, describe, expect, test } from "vitest";
import { memorySource } from "../src/array/bytes.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { encodeImage } from "../src/image/encode-image.ts";
import type { Image } from "../src/image/image.ts";
import { readStack } from "../src/image/image-file.ts";
import { parseImageJ } from "../src/image/imagej-description.ts";
import { parseOme } from "../src/image/ome-read.ts";
import { openImage, readImage } from "../src/image/open-image.node.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { openPlanes } from "../src/image/plane-folder.ts";
import { micrometresPer } from "../src/image/units.ts";
import { writeImage } from "../src/image/write-image.node.ts";
import { escapeXml, parseXml } from "../src/image/xml.ts";
import { failure } from "./helpers/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-open-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function thrown(work: () => unknown): ParfocalError {
  try {
    work();
  } catch (error) {
    expect(error).toBeInstanceOf(ParfocalError);
    return error as ParfocalError;
  }
  throw new Error("nothing was thrown");
}

describe("the first bytes choose", () => {
  test.each([
    ["a.czi", "ZISRAWFILE\0\0\0\0\0\0", "bioformats2raw"],
    ["a.nd2", "\xda\xce\xbe\x0a\0\0\0\0", "ND2"],
    ["a.lif", "\x70\0\0\0\x20\0\0\0\x2a", "LIF"],
    ["a.oib", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Fiji"],
    ["a.ims", "\x89HDF\r\n\x1a\n", "HDF5"],
    ["a.jpg", "\xff\xd8\xff\xe0\0\x10JFIF", "JPEG"],
    ["a.bmp", "BM\0\0\0\0", "BMP"],
    ["a.zip", "PK\x03\x04\0\0", "unpack"],
    ["a.ics", "\t\nics_version\t2.0\n", "ICS"],
    ["a.ids", "\x00\x01\x02\x03pixels", "ICS"],
    ["unnamed", "\tics_version 1.0", "bfconvert"],
    ["a.oir", "OLYMPUSRAWFORMAT\0", "OIR"],
    ["a.VSI", "\x01\x02\x03\x04", "VSI"],
    ["a.dm3", "\0\0\0\x03\0\x01", "DM3"],
    ["a.dv", "\0\x02\0\0", "DeltaVision"],
    ["a.mrc", `${"\0".repeat(208)}MAP `, "MRC"],
    ["a.nii", `${"\0".repeat(344)}n+1\0`, "NIfTI"],
    ["a.nrrd", "NRRD0004\n", "NRRD"],
    ["a.avi", "RIFF\x01\x02\x03\x04AVI LIST", "AVI"],
    ["a.webp", "RIFF\x01\x02\x03\x04WEBPVP8 ", "WebP"],
    ["a.npy", "\x93NUMPY\x01\0", "numpy"],
    ["a.sld", "other", "SlideBook"],
    ["wrongly-named.czi", "\x89HDF\r\n\x1a\n", "HDF5"],
    ["a.tif", "hello, world, this is text", "not a TIFF or PNG"],
  ])("%s", async (name, start, says) => {
    const error = await failure(openImageSource(memorySource(name, Buffer.from(start, "latin1"))));
    expect(error.code).toBe("file.unsupported");
    expect(error.message).toContain(says);
    expect(error.message.startsWith(`${name}: `)).toBe(true);
  });

  test("an empty file, a missing one, and a PNG that is called TIFF", async () => {
    writeFileSync(join(folder, "empty.tif"), "");
    expect((await failure(openImage(join(folder, "empty.tif")))).code).toBe("file.missing");
    const none = await failure(openImage(join(folder, "none.tif")));
    expect([none.code, none.message.includes("no such file")]).toEqual(["file.missing", true]);
    writeFileSync(join(folder, "really.tif"), readFileSync("test/fixtures/image/pngs/grey8.png"));
    expect((await readImage(join(folder, "really.tif"))).shape).toEqual([40, 51]);
  });
});

describe("PNG", () => {
  const pixel = (i: number) => {
    const [x, y] = [i % 51, Math.floor(i / 51)];
    return Math.floor((x * y) / 3) + 5 * x + (y % 7) * (y % 3) * 11;
  };
  const path = (name: string) => `test/fixtures/image/pngs/${name}.png`;

  test.each([
    ["grey1", 1, 2, "uint8"],
    ["grey8", 1, 256, "uint8"],
    ["alpha8", 1, 256, "uint8"],
    ["grey16", 37, 65536, "uint16"],
  ])("%s as Pillow writes it", async (name, factor, modulus, dtype) => {
    const image = await readImage(path(name));
    expect([image.axes, image.shape, image.dtype, image.pixelSize]).toEqual(["YX", [40, 51], dtype, undefined]);
    expect([...image.data]).toEqual(Array.from({ length: 40 * 51 }, (_, i) => (pixel(i) * factor) % modulus));
  });

  test("all five filters", async () => {
    const image = await readImage(path("filters8"));
    expect([...image.data]).toEqual([...readFileSync("test/fixtures/image/pngs/filters8.bin")]);
    const filters = new Set<number>();
    for (const [name, stride] of [
      ["filters8", 51],
      ["grey16", 102],
      ["alpha8", 102],
    ] as const) {
      const bytes = readFileSync(path(name));
      const at = bytes.indexOf("IDAT");
      const raw = inflateSync(bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4)));
      for (let y = 0; y < 40; y++) filters.add(raw[y * (stride + 1)]);
    }
    expect([...filters].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  test.each(["rgb8", "palette"])("%s is colour: described, and refused", async (name) => {
    const file = await openImage(path(name));
    expect([file.axes, file.shape]).toEqual(["SYX", [3, 40, 51]]);
    const error = await failure(file.readPlane({}));
    expect([error.code, error.message.includes("Split Channels")]).toEqual(["image.unfit", true]);
    expect((await failure(readStack(file))).code).toBe("image.unfit");
    await file.close();
  });

  test("interlaced PNG is refused", async () => {
    const bytes = encode({ width: 5, height: 4, data: new Uint8Array(20), channels: 1 }, { interlace: "Adam7" });
    expect((await failure(openImageSource(memorySource("a.png", bytes)))).message).toContain("interlaced");
  });
});

describe("folders of planes", () => {
  async function planes(
    name: string,
    names: string[],
    more: (i: number) => Partial<Image> = () => ({}),
  ): Promise<string> {
    const path = join(folder, name);
    mkdirSync(path);
    for (const [i, file] of names.entries()) {
      const data = new Uint16Array(12).fill(i + 1);
      await writeImage(join(path, file), {
        axes: "YX",
        shape: [3, 4],
        dtype: "uint16",
        data,
        pixelSize: { y: 0.2, x: 0.2 },
        ...more(i),
      });
    }
    return path;
  }

  test("a stack in natural order", async () => {
    const path = await planes("natural", ["z10.tif", "z2.tif", "z1.tif"]);
    writeFileSync(join(path, "notes.txt"), "not a plane");
    writeFileSync(join(path, ".hidden.tif"), "not a plane");
    const file = await openImage(path);
    expect([file.axes, file.shape, file.dtype]).toEqual(["ZYX", [3, 3, 4], "uint16"]);
    expect([file.pixelSize?.x, file.zStep]).toEqual([expect.closeTo(0.2, 9), undefined]);
    const stack = await readStack(file);
    expect([0, 12, 24].map((i) => stack.data[i])).toEqual([3, 2, 1]);
    const atOnce = await Promise.all([2, 0, 1, 0].map((z) => file.readPlane({ z })));
    expect(atOnce.map((plane) => plane[11])).toEqual([1, 3, 2, 3]);
    expect([...(await file.readPlane({ z: 2 }, { x: 1, y: 1, width: 2, height: 1 }))]).toEqual([1, 1]);
    await file.close();
  });

  test("planes that differ, several planes in a file, nothing to read", async () => {
    const size = await planes("size", ["a1.tif", "a2.tif"], (i) => (i === 1 ? { shape: [4, 3] } : {}));
    const unlike = await failure(openImage(size));
    expect([unlike.code, unlike.message.includes("a2.tif has 3 x 4")]).toEqual(["image.unfit", true]);
    const type = await planes("type", ["a1.png", "a2.png"], (i) =>
      i === 1 ? { dtype: "uint8", data: new Uint8Array(12) } : {},
    );
    expect((await failure(openImage(type))).message).toContain("uint8");
    const deep = await planes("deep", ["a.tif"], () => ({ axes: "ZYX", shape: [3, 2, 2] }));
    expect((await failure(openImage(deep))).message).toContain("several planes");
    const empty = await planes("none", []);
    writeFileSync(join(empty, "1.bmp"), "BM");
    const error = await failure(openImage(empty));
    expect([error.code, error.message.includes(".bmp")]).toEqual(["file.missing", true]);
  });

  test("channels and times in the names, and what the files know of their light", async () => {
    const names = ["t0", "t1"].flatMap((t) =>
      ["DAPI", "FITC"].flatMap((c) => ["z1", "z2", "z3"].map((z) => [t, c, z])),
    );
    const path = await planes(
      "channels",
      names.map((parts) => `${parts.join("_")}.ome.tif`),
      (i) => ({ optics: { na: 0.8, wavelength: Math.floor(i / 3) % 2 === 0 ? 0.46 : 0.52 } }),
    );
    writeFileSync(join(path, "Thumbs.db"), "not a plane");
    writeFileSync(join(path, "metadata.txt"), "not a plane");
    mkdirSync(join(path, "old.tif"));
    const image = await readImage(path);
    expect([image.axes, image.shape, image.channelNames]).toEqual(["TCZYX", [2, 2, 3, 3, 4], ["DAPI", "FITC"]]);
    expect(Array.from({ length: 12 }, (_, i) => image.data[12 * i])).toEqual(names.map((_, i) => i + 1));
    expect([image.optics, image.emissionWavelengths]).toEqual([
      { na: 0.8 },
      [0.46, 0.52].map((one) => expect.closeTo(one, 9)),
    ]);
    const file = await openImage(path);
    expect([...(await readStack(file, { channel: 1, time: 0 })).data].filter((_, i) => i % 12 === 0)).toEqual([
      4, 5, 6,
    ]);
    expect(await readStack(file, { channel: 1, time: 1 })).toMatchObject({ optics: { na: 0.8, wavelength: 0.52 } });
    expect((await failure(readStack(file, { time: 0 }))).message).toContain("2 channels");
    await file.close();
  });

  test("heights in the names give the z step; positions, ragged channels and guesses are errors", async () => {
    const signed = await planes("signed", ["z+0.5um.tif", "z-0.5um.tif", "z+0.0um.tif"]);
    const file = await openImage(signed);
    const stack = await readStack(file);
    await file.close();
    expect([stack.zStep, ...[0, 12, 24].map((i) => stack.data[i])]).toEqual([0.5, 2, 3, 1]);
    const ragged = await planes("ragged", ["c0_z0.tif", "c0_z1.tif", "c1_z0.tif"]);
    expect((await failure(openImage(ragged))).message).toMatch(/ragged: .*no file for channel 1 plane 1/);
    const guess = await planes("guess", ["a1_1.tif", "a1_2.tif", "a2_1.tif", "a2_2.tif"]);
    expect((await failure(openImage(guess))).message).toContain("guess");
    expect((await openImage(guess, { pattern: "a{c}_{z}.tif" })).axes).toBe("CZYX");
    expect((await openImage(guess, { axes: "TZYX" })).axes).toBe("TZYX");
    const both = await openImage(guess, { axes: "TZYX", pattern: "a{c}_{z}.tif" });
    expect([both.axes, both.folder?.planes[3]]).toEqual([
      "TZYX",
      { file: "a2_2.tif", time: 1, channel: 0, z: 1, value: 2 },
    ]);
    expect(both.folder?.rule).toContain("The axes CZYX are renamed to TZYX, as given.");
    mkdirSync(join(folder, "run/Pos0"), { recursive: true });
    expect((await failure(openImage(join(folder, "run")))).message).toMatch(/it has the folders Pos0/);
  });

  test("every file is opened once to be checked, and again only to be read", async () => {
    const path = await planes("once", ["z1.tif", "z2.tif", "z3.tif"]);
    const opened: string[] = [];
    const openers = ["z3.tif", "z1.tif", "z2.tif"].map((name) => ({
      name,
      open: () => {
        opened.push(name);
        return openImage(join(path, name));
      },
    }));
    const file = await openPlanes("once", openers);
    expect(opened).toEqual(["z1.tif", "z2.tif", "z3.tif"]);
    for (const y of [0, 1, 2]) await file.readPlane({ z: 1 }, { x: 0, y, width: 4, height: 1 });
    expect(opened.slice(3)).toEqual(["z2.tif"]);
    await file.close();
  });
});

describe("axes that the user names", () => {
  const extents: Record<string, number> = { T: 2, C: 3, Z: 4, Y: 3, X: 4 };
  const write = async (name: string, axes: string, more: Partial<Image> = {}) => {
    const shape = [...axes].map((axis) => extents[axis]);
    const data = Uint16Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i);
    const path = join(folder, name);
    await writeImage(path, { axes, shape, dtype: "uint16", data, pixelSize: { y: 0.2, x: 0.2 }, ...more });
    return { path, data };
  };

  test("frames are planes, channels are planes, in any order of axes", async () => {
    for (const [axes, wanted] of [
      ["TYX", "ZYX"],
      ["CYX", "ZYX"],
      ["TCYX", "ZCYX"],
      ["TZCYX", "ZTCYX"],
      ["ZYX", "TYX"],
      ["TZYX", "TZYX"],
    ]) {
      const { path, data } = await write(`${axes}-${wanted}.tif`, axes, {
        ...(axes.includes("C") && { channelNames: ["a", "b", "c"] }),
        ...(axes.includes("T") && { frameInterval: 3 }),
      });
      const image = await readImage(path, { axes: wanted.toLowerCase() });
      expect([image.axes, image.shape]).toEqual([wanted, [...axes].map((axis) => extents[axis])]);
      // The pixels lie where they lay: only what they are called has changed.
      expect(image.data).toEqual(data);
      expect(image.frameInterval).toBe(axes.indexOf("T") === wanted.indexOf("T") && axes.includes("T") ? 3 : undefined);
    }
  });

  test("the z step is kept where the file has one, and indices are checked by the new names", async () => {
    const { path } = await write("spaced.tif", "TYX", { zStep: 0.7 });
    const file = await openImage(path, { axes: "ZYX" });
    const stack = await readStack(file);
    expect([stack.depth, stack.zStep]).toEqual([2, 0.7]);
    expect((await failure(file.readPlane({ z: 2 }))).message).toMatch(/2 planes, 0 to 1/);
    expect((await failure(file.readPlane({ z: 0, time: 1 }))).message).toMatch(/1 time point, number 0/);
    await file.close();
  });

  test("letters that do not fit are an error; a single plane has none to be named", async () => {
    const { path } = await write("four.tif", "TZYX");
    for (const [axes, says] of [
      ["ZYX", /has the axes TZYX \(2 x 4 x 3 x 4\), which cannot be renamed to ZYX/],
      ["TCZYX", /cannot be renamed to TCZYX/],
      ["ZZYX", /not understood/],
      ["XYZ", /not understood/],
      ["QZYX", /not understood/],
      ["", /not understood/],
    ] as const) {
      const error = await failure(openImage(path, { axes }));
      expect([error.code, error.message]).toEqual(["usage", expect.stringMatching(says)]);
      expect(error.fields).toMatchObject({ option: "axes" });
    }
    const single = await write("single.tif", "YX");
    expect((await readImage(single.path, { axes: "ZYX" })).axes).toBe("YX");
    const error = await failure(openImage(path, { pattern: "z{z}.tif" }));
    expect([error.code, error.message]).toEqual(["usage", expect.stringMatching(/is a file/)]);
  });
});

describe("indices", () => {
  test("missing and out of range say what there is", async () => {
    const random = new Random(1);
    const data = Uint8Array.from({ length: 2 * 3 * 20 }, () => random.integer(256));
    const bytes = encodeImage("a.tif", { axes: "TCYX", shape: [2, 3, 4, 5], dtype: "uint8", data });
    const file = await openImageSource(memorySource("a.tif", bytes));
    expect((await failure(readStack(file))).message).toContain("3 channels");
    const time = await failure(readStack(file, { channel: 0 }));
    expect(time.message).toContain("2 time points");
    expect(time.message).toContain("`axes ZCYX`");
    expect((await failure(file.readPlane({ channel: 0, time: 0, z: 1 }))).message).toContain("1 plane");
    const stack = await readStack(file, { channel: 2, time: 1 });
    expect([...stack.data]).toEqual([...data.subarray(100)]);
  });
});

describe("descriptions", () => {
  test("units of length", () => {
    for (const unit of ["um", "µm", "\u03bcm", "micron", "microns", "Micrometer", "\ufffdm"])
      expect(micrometresPer(unit)).toBe(1);
    expect(["nm", "mm", "cm", "inch", "Å", "m"].map(micrometresPer)).toEqual([1e-3, 1e3, 1e4, 25400, 1e-4, 1e6]);
    for (const unit of ["pixel", "", "reference frame", undefined]) expect(micrometresPer(unit)).toBeUndefined();
  });

  test("ImageJ: escaped unit, units per axis, nothing where there is no unit", () => {
    const resolution = { x: 2, y: 4, unit: 1 };
    const parse = (lines: string[]) =>
      parseImageJ(["ImageJ=1.53f", ...lines].join("\n"), resolution, "a.tif").calibration;
    expect(parse(["unit=\\u00B5m", "spacing=-0.25", "finterval=50", "tunit=msec"])).toEqual({
      pixelSize: { x: 0.5, y: 0.25 },
      zStep: 0.25,
      warnings: [expect.stringContaining("spacing is negative")],
      // "msec" is no unit that is known: nothing is guessed.
    });
    expect(parse(["unit=nm", "zunit=um", "spacing=2", "finterval=50", "tunit=ms"])).toEqual({
      pixelSize: { x: 0.0005, y: 0.00025 },
      zStep: 2,
      frameInterval: 0.05,
    });
    expect(parse(["spacing=2"])).toEqual({});
    expect(parse(["unit=pixel", "spacing=2", "min=5.0", "max=7.5"])).toEqual({ displayRange: [5, 7.5] });
    expect(thrown(() => parse(["images=nine"])).code).toBe("file.corrupt");
  });

  const ome = (pixels: string, rest = "", root = "") =>
    `<?xml version="1.0" encoding="UTF-8"?><!-- made by hand --><OME:OME xmlns:OME="http://www.openmicroscopy.org/Schemas/OME/2016-06" ${root}>` +
    `<OME:Instrument ID="Instrument:0"><OME:Objective ID="Objective:0" LensNA="0.3" Immersion="Air"/>` +
    `<OME:Objective ID="Objective:1" LensNA="1.4" Immersion="Oil"/></OME:Instrument>` +
    `<OME:Image ID="Image:0">${rest}<OME:Pixels ID="Pixels:0" ${pixels}</OME:Pixels></OME:Image></OME:OME>`;
  const sizes = 'SizeX="4" SizeY="3" SizeZ="2" SizeC="2" SizeT="1" DimensionOrder="XYCZT" Type="uint16"';

  test("OME: optics, wavelengths, units", () => {
    const channels =
      '<OME:Channel EmissionWavelength="525"/><OME:Channel EmissionWavelength="0.61" EmissionWavelengthUnit="&#181;m"/>';
    const text = ome(
      `${sizes} PhysicalSizeX="65" PhysicalSizeXUnit="nm" PhysicalSizeY="0.065" PhysicalSizeZ="0.0002" PhysicalSizeZUnit="mm">${channels}<OME:TiffData/>`,
      '<OME:ObjectiveSettings ID="Objective:1"/>',
    );
    const planes = parseOme(text, 4, 1, "a.ome.tif");
    expect(planes.calibration).toEqual({
      pixelSize: { x: 0.065, y: 0.065 },
      zStep: 0.2,
      emissionWavelengths: [0.525, 0.61],
      optics: { na: 1.4, refractiveIndex: 1.515 },
    });
    expect(planes.pageOf({ c: 1, z: 1, t: 0 })).toBe(3);
    const corrected = ome(`${sizes}>`, '<OME:ObjectiveSettings ID="Objective:1" RefractiveIndex="1.518"/>');
    expect(parseOme(corrected, 4, 1, "a").calibration.optics).toEqual({ na: 1.4, refractiveIndex: 1.518 });
    // Which of two objectives was used is not said: nothing is guessed.
    expect(
      parseOme(ome(`${sizes} PhysicalSizeX="2" PhysicalSizeXUnit="pixel" PhysicalSizeY="2">`), 4, 1, "a").calibration,
    ).toEqual({});
  });

  test("OME: planes in an order of their own, and planes elsewhere", () => {
    const data = [3, 1, 0, 2].map(
      (ifd, i) => `<OME:TiffData FirstC="${i % 2}" FirstZ="${i >> 1}" IFD="${ifd}" PlaneCount="1"/>`,
    );
    const planes = parseOme(ome(`${sizes}>${data.join("")}`), 4, 1, "a");
    expect([0, 1, 2, 3].map((i) => planes.pageOf({ c: i % 2, z: i >> 1, t: 0 }))).toEqual([3, 1, 0, 2]);
    expect(thrown(() => parseOme(ome(`${sizes}>${data.slice(1).join("")}`), 4, 1, "a")).message).toContain("only 3");
    const uuid = (name: string, id: string) =>
      `<OME:TiffData><OME:UUID FileName="${name}">urn:uuid:${id}</OME:UUID></OME:TiffData>`;
    const elsewhere = parseOme(ome(`${sizes}>${uuid("b.ome.tif", "2")}`, "", 'UUID="urn:uuid:1"'), 4, 1, "x/a.ome.tif");
    expect([elsewhere.files, elsewhere.placeOf({ c: 1, z: 1, t: 0 })]).toEqual([
      ["", "b.ome.tif"],
      { file: 1, page: 3 },
    ]);
    // A file that has been renamed still has its own identifier.
    expect(parseOme(ome(`${sizes}>${uuid("old.ome.tif", "1")}`, "", 'UUID="urn:uuid:1"'), 4, 1, "a").sizes.Z).toBe(2);
  });

  test("XML: escapes there and back, damage is found", () => {
    const text = "a<b> & \"c\" 'd' µ\u{1f52c}";
    expect(parseXml(`<r t="${escapeXml(text)}">${escapeXml(text)}<![CDATA[<x>]]></r>`)).toMatchObject({
      attributes: { t: text },
      text: `${text}<x>`,
    });
    const good = '<a><b c="1"/><d>e</d></a>';
    for (let cut = 1; cut < good.length; cut++) expect(() => parseXml(good.slice(0, cut))).toThrow(SyntaxError);
    for (const bad of ["<a></b>", "<a b=c/>", "<a/><b/>", "", "text", "<a><b></a></b>"])
      expect(() => parseXml(bad)).toThrow(SyntaxError);
  });
});
