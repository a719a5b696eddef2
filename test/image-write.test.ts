/** Writing images: what comes back, what other programs make of it, and what is left behind when it fails. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { Random } from "../src/array/random.ts";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { planeOffset } from "../src/image/axes.ts";
import { encodeImage, planTiff, positionsOf } from "../src/image/encode-image.ts";
import type { Image, ImageInfo, PixelType } from "../src/image/image.ts";
import { writeImageJ } from "../src/image/imagej-description.ts";
import { openImage, readImage } from "../src/image/open-image.node.ts";
import { layoutTiff } from "../src/image/tiff-layout.ts";
import { createImageWriter, writeImage } from "../src/image/write-image.node.ts";
import { failure } from "./helpers/failure.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-write-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function sample(axes: string, shape: number[], dtype: PixelType, more: Partial<ImageInfo> = {}): Image {
  const random = new Random(axes.length * 10 + dtype.length);
  const length = shape.reduce((a, b) => a * b);
  const data =
    dtype === "float32"
      ? Float32Array.from({ length }, () => random.normal())
      : dtype === "uint16"
        ? Uint16Array.from({ length }, () => random.integer(65536))
        : Uint8Array.from({ length }, () => random.integer(256));
  return { axes, shape, dtype, data, ...more };
}

/** Pixels in the order of the file: T, Z, C, Y, X. */
function inFileOrder(image: Image): number[] {
  const size = image.shape[image.shape.length - 1] * image.shape[image.shape.length - 2];
  return [...positionsOf(image)].flatMap((at) => {
    const from = planeOffset(image, at);
    return [...image.data.subarray(from, from + size)];
  });
}

const calibrated = { pixelSize: { y: 0.325, x: 0.1625 }, zStep: 0.4, frameInterval: 2.5 };
const optics = {
  channelNames: ["DAPI <&>", "GFP"],
  emissionWavelengths: [0.461, 0.5095],
  optics: { na: 1.25, refractiveIndex: 1.515 },
};
const images: Record<string, Image> = {
  plane8: sample("YX", [21, 34], "uint8"),
  stack16: sample("ZYX", [5, 21, 34], "uint16", calibrated),
  hyper: sample("TZCYX", [2, 3, 2, 17, 18], "float32", { ...calibrated, ...optics }),
  channels_slow: sample("CZYX", [2, 3, 17, 18], "uint8", { ...calibrated, ...optics, displayRange: [3, 99] }),
  movie: sample("TYX", [4, 9, 300], "uint16", { frameInterval: 0.05 }),
};

describe("what comes back", () => {
  for (const [name, image] of Object.entries(images)) {
    test.each(["imagej", "ome-tiff"] as const)(`${name} as %s`, async (format) => {
      const path = join(folder, `${name}-back.${format === "imagej" ? "tif" : "ome.tif"}`);
      await writeImage(path, image);
      const back = await readImage(path);
      expect(inFileOrder(back)).toEqual(inFileOrder(image));
      expect(back.dtype).toBe(image.dtype);
      expect([...back.axes].sort()).toEqual([...image.axes].sort());
      expect(back.pixelSize?.x).toEqual(image.pixelSize && expect.closeTo(image.pixelSize.x, 8));
      expect(back.pixelSize?.y).toEqual(image.pixelSize && expect.closeTo(image.pixelSize.y, 8));
      expect(back.zStep).toBe(image.zStep);
      expect(back.frameInterval).toBe(image.frameInterval);
      if (format === "ome-tiff") {
        expect(back.channelNames).toEqual(image.channelNames);
        expect(back.emissionWavelengths).toEqual(image.emissionWavelengths);
        expect(back.optics).toEqual(image.optics);
        expect(back.pixelSize).toEqual(image.pixelSize);
      } else {
        expect(back.displayRange).toEqual(image.displayRange);
      }
      // In memory it is the same file.
      expect(Buffer.from(encodeImage(path, image)).equals(readFileSync(path))).toBe(true);
    });
  }

  test.each(["uint8", "uint16"] as const)("PNG %s", async (dtype) => {
    const path = join(folder, `${dtype}.png`);
    const image = sample("YX", [33, 70], dtype);
    await writeImage(path, image);
    const back = await readImage(path);
    expect(back).toEqual(image);
    const file = await openImage(path);
    const part = await file.readPlane({}, { x: 60, y: 31, width: 10, height: 2 });
    expect([...part.subarray(10)]).toEqual([...image.data.subarray(32 * 70 + 60)]);
    await file.close();
  });

  test("rows in any order, rounded and clipped", async () => {
    const path = join(folder, "rows.tif");
    const info: ImageInfo = { axes: "CYX", shape: [2, 3, 4], dtype: "uint8" };
    const writer = await createImageWriter(path, info, { format: "imagej", displayRange: [0, 200] });
    await writer.writeRows({ channel: 1 }, 2, Float32Array.of(-5, 0.4, 0.6, 300));
    await writer.writeRows({ channel: 0 }, 0, new Float32Array(12).fill(7));
    await writer.writeRows({ channel: 1 }, 0, Float32Array.of(1, 2, 3, 4, 5, 6, 7, Number.POSITIVE_INFINITY));
    expect(existsSync(path)).toBe(false);
    await writer.finish();
    const back = await readImage(path);
    expect([...back.data.subarray(12)]).toEqual([1, 2, 3, 4, 5, 6, 7, 255, 0, 0, 1, 255]);
    expect(back.displayRange).toEqual([0, 200]);
  });
});

const python = "/usr/bin/python3";
const hasTifffile = spawnSync(python, ["-c", "import tifffile, numpy"]).status === 0;

describe.skipIf(!hasTifffile)("tifffile opens them (skipped where Debian's python3-tifffile is absent)", () => {
  test("pixels, axes, calibration", async () => {
    const paths: string[] = [];
    for (const [name, image] of Object.entries(images)) {
      for (const end of ["tif", "ome.tif"]) {
        const path = join(folder, `${name}.${end}`);
        await writeImage(path, image);
        paths.push(path);
      }
    }
    const lines = execFileSync(python, ["test/fixtures/image/open_in_tifffile.py", ...paths], { encoding: "utf8" })
      .trim()
      .split("\n");
    for (const [i, path] of paths.entries()) {
      const image = Object.values(images)[Math.floor(i / 2)];
      const seen = JSON.parse(lines[i]);
      const raw = readFileSync(`${path}.raw`);
      const pixels = new Float32Array(raw.buffer.slice(raw.byteOffset, raw.byteOffset + raw.length));
      expect([...pixels]).toEqual(inFileOrder(image));
      expect([...seen.axes].sort()).toEqual([...image.axes].sort());
      expect(seen.dtype).toBe(image.dtype);
      if (image.pixelSize) expect(seen.resolution[0]).toBeCloseTo(1 / image.pixelSize.x, 6);
      if (path.endsWith(".ome.tif")) {
        const { Image: described, Instrument: instrument } = seen.ome;
        expect(described.Pixels.PhysicalSizeX).toBe(image.pixelSize?.x);
        expect(described.Pixels.PhysicalSizeXUnit).toBe(image.pixelSize && "µm");
        expect(described.Pixels.PhysicalSizeZ).toBe(image.zStep);
        expect(described.Pixels.TimeIncrement).toBe(image.frameInterval);
        expect(instrument?.Objective.LensNA).toBe(image.optics?.na);
        const channels = [described.Pixels.Channel].flat();
        expect(channels.map((c) => c.Name)).toEqual(image.channelNames ?? channels.map(() => undefined));
      } else {
        expect(seen.imagej.unit).toBe(image.pixelSize && "um");
        expect(seen.imagej.spacing).toBe(image.zStep);
        expect(seen.imagej.finterval).toBe(image.frameInterval);
      }
    }
  });
});

const jar = "/usr/share/java/ij.jar";
const hasImageJ = existsSync(jar) && /jdk.compiler/.test(String(spawnSync("java", ["--list-modules"]).stdout));

describe.skipIf(!hasImageJ)(
  "ImageJ opens them (skipped where java with its compiler or Debian's imagej is absent)",
  () => {
    test("pixels, dimensions, calibration", async () => {
      const paths: string[] = [];
      for (const [name, image] of Object.entries(images)) {
        const path = join(folder, `${name}-ij.tif`);
        await writeImage(path, image, { displayRange: [2, 200] });
        paths.push(path);
      }
      const flat = join(folder, "flat.ome.tif");
      await writeImage(flat, images.stack16);
      paths.push(flat);
      const probe = "test/fixtures/image/OpenInImageJ.java";
      const out = execFileSync("java", ["-Djava.awt.headless=true", "-cp", jar, probe, ...paths], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      });
      const lines = out.trim().split("\n");
      for (const [i, path] of paths.entries()) {
        const image = Object.values(images)[i] ?? images.stack16;
        const seen = JSON.parse(lines[i]);
        const extent = (axis: string) => (image.axes.includes(axis) ? image.shape[image.axes.indexOf(axis)] : 1);
        const raw = readFileSync(`${path}.raw`);
        const pixels = Array.from({ length: raw.length / 4 }, (_, n) => raw.readFloatBE(4 * n));
        expect(pixels).toEqual(inFileOrder(image));
        expect([seen.width, seen.height]).toEqual([extent("X"), extent("Y")]);
        expect([seen.channels, seen.slices, seen.frames]).toEqual([extent("C"), extent("Z"), extent("T")]);
        if (path === flat) continue;
        expect(seen.bits).toBe({ uint8: 8, uint16: 16, float32: 32 }[image.dtype]);
        expect(seen.pixelWidth).toBeCloseTo(image.pixelSize?.x ?? 1, 8);
        expect(seen.pixelHeight).toBeCloseTo(image.pixelSize?.y ?? 1, 8);
        expect(seen.pixelDepth).toBe(image.zStep ?? 1);
        expect(seen.micrometres).toBe(image.pixelSize !== undefined);
        expect(seen.frameInterval).toBe(image.frameInterval ?? 0);
        if (extent("C") === 1) expect([seen.min, seen.max]).toEqual([2, 200]);
      }
    });
  },
);

describe("above 4 GB", () => {
  /** A sparse file with some rows of some planes. */
  async function sparse(path: string, size: number, parts: [number, Uint8Array][]) {
    const handle = await open(path, "w");
    for (const [at, bytes] of parts) await handle.write(bytes, 0, bytes.length, at);
    await handle.truncate(size);
    await handle.close();
  }
  const info: ImageInfo = { axes: "ZYX", shape: [3, 30000, 40000], dtype: "uint16", ...calibrated };
  const row = Uint16Array.from({ length: 40000 }, (_, x) => x + 5);

  test("OME-TIFF becomes BigTIFF, and its last row is found again", async () => {
    const path = join(folder, "large.ome.tif");
    const layout = planTiff(path, info, "ome-tiff", undefined);
    expect(layout.size).toBeGreaterThan(7.2e9);
    const at = layout.offsetOf({ c: 0, z: 2, t: 0 }) + 29999 * layout.rowBytes;
    await sparse(path, layout.size, [
      [0, layout.head],
      [layout.tailStart, layout.tail],
      [at, new Uint8Array(row.buffer)],
    ]);
    const file = await openImage(path);
    expect([file.axes, file.shape, file.zStep]).toEqual(["ZYX", [3, 30000, 40000], 0.4]);
    const part = await file.readPlane({ z: 2 }, { x: 39990, y: 29998, width: 10, height: 2 });
    expect([...part]).toEqual([...new Array(10).fill(0), ...row.subarray(39990)]);
    await file.close();
    if (hasTifffile) {
      const code = `import tifffile; t = tifffile.TiffFile(${JSON.stringify(path)}); s = t.series[0]; print(t.is_bigtiff, s.shape, s.pages[2].dataoffsets[-1] + s.pages[2].databytecounts[-1])`;
      const said = execFileSync(python, ["-c", code], { encoding: "utf8" }).trim();
      expect(said).toBe(`True (3, 30000, 40000) ${at + layout.rowBytes}`);
    }
    rmSync(path);
  });

  test("ImageJ's layout of one directory is read", async () => {
    const path = join(folder, "large-ij.tif");
    const one = layoutTiff({ ...info, axes: "YX", shape: [30000, 40000] }, writeImageJ(info, undefined), false, 30000);
    const start = one.offsetOf({ c: 0, z: 0, t: 0 });
    await sparse(path, start + 3 * 30000 * 80000, [
      [0, one.head],
      [start + (2 * 30000 + 29999) * 80000, new Uint8Array(row.buffer)],
    ]);
    const file = await openImage(path);
    expect([file.axes, file.shape]).toEqual(["ZYX", [3, 30000, 40000]]);
    const part = await file.readPlane({ z: 2 }, { x: 39990, y: 29999, width: 10, height: 1 });
    expect([...part]).toEqual([...row.subarray(39990)]);
    await file.close();
    rmSync(path);
  });

  test("an ImageJ output that large is refused, and says what to give", async () => {
    const path = join(folder, "refused.tif");
    const error = await failure(createImageWriter(path, info));
    expect([error.code, error.exitCode]).toEqual(["usage", 2]);
    expect(error.message).toContain("`format` ome-tiff");
    expect(existsSync(path)).toBe(false);
  });
});

describe("failures leave nothing behind", () => {
  const fresh = () => mkdtempSync(join(folder, "fail-"));

  test("an existing output is kept without force, before any work", async () => {
    const path = join(fresh(), "a.tif");
    writeFileSync(path, "mine");
    for (const work of [() => writeImage(path, images.plane8), () => writeFileAtomic(path, "other")]) {
      const error = await failure(work());
      expect([error.code, error.exitCode]).toEqual(["output.exists", 2]);
      expect(readFileSync(path, "utf8")).toBe("mine");
    }
    await writeFileAtomic(path, "other", { force: true });
    expect(readFileSync(path, "utf8")).toBe("other");
    await writeImage(path, images.plane8, { force: true });
    expect((await readImage(path)).data).toEqual(images.plane8.data);
    expect(readdirSync(join(path, ".."))).toEqual(["a.tif"]);
  });

  test("rows that never came, rows outside, NaN, abandon", async () => {
    const place = fresh();
    const path = join(place, "a.tif");
    const { data: _data, ...info } = images.stack16;
    const writer = await createImageWriter(path, info);
    expect((await failure(writer.writeRows({ z: 5 }, 0, new Float32Array(34)))).code).toBe("usage");
    expect((await failure(writer.writeRows({ z: 4 }, 21, new Float32Array(34)))).code).toBe("usage");
    expect((await failure(writer.writeRows({ z: 4 }, 0, new Float32Array(33)))).code).toBe("usage");
    expect((await failure(writer.writeRows({ z: 4 }, 0, new Float32Array(34).fill(Number.NaN)))).code).toBe(
      "image.unfit",
    );
    await writer.writeRows({ z: 4 }, 0, new Float32Array(34));
    expect((await failure(writer.finish())).message).toContain("104 of 105 rows");
    expect(readdirSync(place)).toEqual([]);
    const other = await createImageWriter(path, info);
    expect(readdirSync(place)).toHaveLength(1);
    await other.abandon();
    expect(readdirSync(place)).toEqual([]);
  });

  test("places and formats that cannot be", async () => {
    const place = fresh();
    const missing = await failure(writeImage(join(place, "no/such/a.tif"), images.plane8));
    expect([missing.code, missing.message.includes("folder does not exist")]).toEqual(["output.failed", true]);
    mkdirSync(join(place, "b.tif"));
    expect((await failure(writeImage(join(place, "b.tif"), images.plane8, { force: true }))).code).toBe(
      "output.failed",
    );
    const usage = async (name: string, image: Image) => {
      const error = await failure(writeImage(join(place, name), image));
      expect(error.code).toBe("usage");
      return error.message;
    };
    expect(await usage("c.png", images.stack16)).toContain("one plane");
    expect(await usage("c.png", sample("YX", [3, 4], "float32"))).toContain("float32");
    expect(await usage("c.jpg", images.plane8)).toContain(".tif");
    expect(readdirSync(place)).toEqual(["b.tif"]);
  });

  const full = join(folder, "full");
  mkdirSync(full);
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", full]).status === 0;
  afterAll(() => {
    if (mounted) spawnSync("umount", [full]);
  });

  test.skipIf(!mounted)("a full disk (skipped where no tmpfs may be mounted)", async () => {
    const image = sample("ZYX", [4, 300, 400], "uint16");
    const { data: _data, ...info } = image;
    // Too large from the start: refused before anything is written.
    const early = await failure(createImageWriter(join(full, "a.tif"), { ...info, shape: [40, 300, 400] }));
    expect([early.code, early.message.includes("MB left")]).toEqual(["output.failed", true]);
    // The disk fills up meanwhile.
    const writer = await createImageWriter(join(full, "b.tif"), info);
    writeFileSync(join(full, "other"), new Uint8Array(1.6e6));
    const write = async () => {
      for (let z = 0; z < 4; z++) await writer.writeRows({ z }, 0, new Float32Array(300 * 400));
    };
    const late = await failure(write());
    expect([late.code, late.message.includes("disk is full")]).toEqual(["output.failed", true]);
    expect((await failure(writer.finish())).code).toBe("usage");
    const whole = await failure(writeFileAtomic(join(full, "c.bin"), new Uint8Array(3e6)));
    expect(whole.code).toBe("output.failed");
    expect(readdirSync(full)).toEqual(["other"]);
  });

  test("a file larger than the method allows (skipped without prlimit)", async (context) => {
    const limit = (bytes: string) =>
      spawnSync("prlimit", ["--pid", String(process.pid), `--fsize=${bytes}:`]).status === 0;
    const place = fresh();
    const writer = await createImageWriter(join(place, "a.tif"), { axes: "YX", shape: [1000, 4000], dtype: "uint8" });
    if (!limit("1000000")) return context.skip();
    const error = await failure(writer.writeRows({}, 0, new Float32Array(4e6))).finally(() => limit("unlimited"));
    expect([error.code, error.message.includes("larger than this system allows")]).toEqual(["output.failed", true]);
    expect(readdirSync(place)).toEqual([]);
  });
});
