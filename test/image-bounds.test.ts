/** What a file may cost: time and memory are bounded by its size, and what is no file is refused before it is opened. */

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import { tiffWithDescription } from "../bench/fuzz/seeds.ts";
import { memorySource } from "../src/array/bytes.ts";
import { crc32 } from "../src/image/crc32.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { type ImageFile, readAll } from "../src/image/image-file.ts";
import { openImage } from "../src/image/open-image.node.ts";
import { openImageSource } from "../src/image/open-image.ts";
import { loadModel } from "../src/models/model-folder.node.ts";
import { readYaml } from "../src/read-yaml.ts";
import { findRecipe } from "../src/simulate/recipe-file.ts";
import { createSimulator } from "../src/simulate/simulator.ts";
import { decodeCheckpoint } from "../src/train/checkpoint.ts";
import { readConfigFile } from "../src/train/config-file.ts";
import { readRunConfig } from "../src/train/run-folder.ts";
import { failure } from "./helpers/failure.ts";
import { runCli } from "./helpers/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-bounds-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What opening costs: seconds of processor time, and its outcome. */
async function opened(bytes: Uint8Array) {
  const started = process.cpuUsage();
  const result = await openImageSource(memorySource("a.tif", bytes)).catch((error: unknown) => error);
  const { user, system } = process.cpuUsage(started);
  return { result, seconds: (user + system) / 1e6 };
}

const latin = (text: string) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

describe("directories and planes", () => {
  test("6,144 directories that share their bytes", async () => {
    // Each begins 12 bytes behind the one before, so that its entries are those of the next one, but the first.
    const count = 6144;
    const bytes = new Uint8Array(8 + 12 * (2 * count + 4096) + 16);
    const view = new DataView(bytes.buffer);
    bytes.set([0x49, 0x49, 42, 0, 8]);
    for (let i = 0; i < count; i++) view.setUint16(8 + 12 * i, 4096, true);
    for (let i = 0; i < count; i++) view.setUint32(8 + 12 * i + 2 + 12 * 4096, 8 + 12 * (i + 1), true);
    const before = process.memoryUsage().heapUsed;
    const { result, seconds } = await opened(bytes);
    expect(result).toMatchObject({ code: "file.corrupt", message: /directories overlap/ });
    expect(seconds).toBeLessThan(1);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(100e6);
  });

  test("20,000 pages and a TiffData block for each: read; blocks that all name all planes: refused", async () => {
    const pages = 20_000;
    const xml = (blocks: string) =>
      latin(
        `<OME><Image><Pixels DimensionOrder="XYZCT" Type="uint16" SizeX="1" SizeY="1" SizeC="1" SizeT="1" SizeZ="${pages}">${blocks}</Pixels></Image></OME>`,
      );
    const each = Array.from(
      { length: pages },
      (_, i) => `<TiffData IFD="${pages - 1 - i}" FirstZ="${i}" PlaneCount="1"/>`,
    );
    const good = await opened(tiffWithDescription(xml(each.join("")), 1, 1, pages));
    expect(good.result).toMatchObject({ axes: "ZYX", shape: [pages, 1, 1] });
    const bad = await opened(tiffWithDescription(xml("<TiffData/>".repeat(pages)), 1, 1, pages));
    expect(bad.result).toMatchObject({ code: "file.corrupt", message: /same planes many times/ });
    expect(Math.max(good.seconds, bad.seconds)).toBeLessThan(5);
  });

  test("more planes than pages, in OME-XML", async () => {
    const xml = (z: string, more = "") =>
      latin(
        `<OME><Image><Pixels DimensionOrder="XYZCT" Type="uint16" SizeX="4" SizeY="3" SizeC="1" SizeT="1" SizeZ="${z}">${more}</Pixels></Image></OME>`,
      );
    for (const [z, blocks] of [
      ["999999999", ""],
      ["16000000", '<TiffData IFD="0"/>'.repeat(16)],
      ["3", '<TiffData FirstZ="0" IFD="0"/><TiffData FirstZ="1" IFD="0"/><TiffData FirstZ="2" IFD="1"/>'],
    ]) {
      const { result } = await opened(tiffWithDescription(xml(z, blocks), 4, 3, 2));
      expect(result).toMatchObject({ code: "file.corrupt", message: new RegExp(`promises ${z} planes`) });
    }
  });

  test("pages that share one strip, and more strips than are listed", async () => {
    const pages = 200;
    const shared = tiffWithDescription(latin(""), 64, 64, pages);
    const view = new DataView(shared.buffer);
    const entry = (page: number, index: number) => 8 + 2 + 64 * 64 * 2 + page * 126 + 2 + 12 * index + 8;
    expect(view.getUint32(entry(3, 0), true)).toBe(64);
    // All strips become the first one, and what they took of the file is left out.
    for (let page = 0; page < pages; page++) view.setUint32(entry(page, 6), 10, true);
    const short = shared.slice(0, entry(pages, 0));
    const { result } = await opened(short);
    expect(result).toMatchObject({ code: "file.corrupt", message: /cannot hold 200 planes/ });
    const many = tiffWithDescription(latin(""), 64, 64, 1);
    new DataView(many.buffer).setUint32(entry(0, 6) - 4, 2 ** 32 - 1, true);
    expect((await opened(many)).result).toMatchObject({ code: "file.corrupt", message: /points to bytes/ });
  });

  test("a width, an offset or a length that is no whole number", async () => {
    const good = tiffWithDescription(latin(""), 4, 3, 1);
    const directory = new DataView(good.buffer).getUint32(4, true);
    for (const index of [0, 1, 6, 8, 9]) {
      // RATIONAL 5 / 2, in the file's padding of pixels.
      const bytes = good.slice();
      const view = new DataView(bytes.buffer);
      view.setUint16(directory + 2 + 12 * index + 2, 5, true);
      view.setUint32(directory + 2 + 12 * index + 8, 10, true);
      view.setUint32(10, 5, true);
      view.setUint32(14, 2, true);
      expect((await opened(bytes)).result).toMatchObject({ code: "file.corrupt", message: /field type 5/ });
    }
  });

  test("shapes of tifffile with parts of planes", async () => {
    const bytes = tiffWithDescription(latin('{"shape": [0.5, 4, 3, 4], "axes": "CZYX"}'), 4, 3, 2);
    expect((await opened(bytes)).result).toMatchObject({ axes: "ZYX", shape: [2, 3, 4] });
  });
});

describe("what is no file", () => {
  const pipe = join(folder, "pipe.tif");
  const refused = (path: string) =>
    [
      ["image", () => openImage(path)],
      ["recipe", () => findRecipe(fileStorage, path)],
      ["configuration", () => readConfigFile(fileStorage, path)],
    ] as const;

  test.skipIf(process.platform === "win32")("a named pipe, for every kind of input", async () => {
    execFileSync("mkfifo", [pipe, join(folder, "pipe.yaml")]);
    for (const [, read] of refused(pipe).filter(([kind]) => kind !== "recipe")) {
      const error = await failure(read());
      expect(error).toMatchObject({
        code: "file.unsupported",
        message: /pipe\.tif: this is a pipe.*save it to a file/,
      });
    }
    expect((await failure(findRecipe(fileStorage, join(folder, "pipe.yaml")))).message).toMatch(/this is a pipe/);
    for (const name of ["model.yaml", "config.yaml"]) {
      mkdirSync(join(folder, "model"), { recursive: true });
      execFileSync("mkfifo", [join(folder, "model", name)]);
    }
    expect((await failure(loadModel(join(folder, "model")))).message).toMatch(/this is a pipe/);
    expect((await failure(readRunConfig(fileStorage, join(folder, "model")))).message).toMatch(/this is a pipe/);
    // A plane of a folder.
    const planes = join(folder, "planes");
    mkdirSync(planes);
    execFileSync("mkfifo", [join(planes, "z1.tif")]);
    expect((await failure(openImage(planes))).message).toMatch(/z1\.tif: this is a pipe/);
  });

  test.skipIf(process.platform === "win32")("a device, a socket, a folder", async () => {
    for (const [, read] of refused("/dev/zero").filter(([kind]) => kind !== "recipe")) {
      expect((await failure(read())).message).toMatch(/\/dev\/zero: this is a device/);
    }
    const path = join(folder, "socket.tif");
    const server = createServer().listen(path);
    await new Promise((resolve) => server.once("listening", resolve));
    expect((await failure(openImage(path))).message).toMatch(/this is a socket/);
    await new Promise((resolve) => server.close(resolve));
    mkdirSync(join(folder, "folder.yaml"));
    expect((await failure(findRecipe(fileStorage, join(folder, "folder.yaml")))).message).toMatch(/this is a folder/);
    const planes = join(folder, "stack");
    mkdirSync(join(planes, "z1.tif"), { recursive: true });
    expect((await failure(openImage(planes))).message).toMatch(
      /without TIFF or PNG planes \(it has the folders z1\.tif\)/,
    );
  });

  test.skipIf(process.platform === "win32")("the command line answers at once, with the path", async () => {
    writeFileSync(join(folder, "a.txt"), "x");
    execFileSync("mkfifo", [join(folder, "cli.tif")]);
    const result = await runCli(["inspect", join(folder, "cli.tif"), "--json"]);
    expect(result.code).toBe(1);
    expect(JSON.parse(result.stdout).error).toMatchObject({
      code: "file.unsupported",
      message: /cli\.tif: this is a pipe/,
    });
  });
});

describe("YAML", () => {
  test("of any size, depth or oddity: a value, or one line that says why not", () => {
    expect(readYaml("a: [1, {b: 2}]", "a.yaml")).toEqual({ a: [1, { b: 2 }] });
    for (const [text, why] of [
      ["a: 1\n".repeat(200_000), /characters/],
      [`a: ${"[".repeat(10_000)}`, /more than 300 of the characters/],
      [`a: ${"[\n".repeat(10_000)}`, /nested too deeply/],
      [`a:\n${Array.from({ length: 205 }, (_, i) => `${" ".repeat(2 * i + 1)}b:\n`).join("")}`, /nested too deeply/],
      [`a: &a [1, 2]\nb: &b [${"*a, ".repeat(200)}]\nc: [${"*b, ".repeat(200)}]`, /alias/],
      ["b: {a: 1,\n  a: 2}", /key a occurs twice .*line 2, column 3/],
      [`a: ${'"'.repeat(500_000)}`, /line 1, column/],
      [`${Array.from({ length: 40_000 }, (_, i) => `k${i}: 1\n`).join("")}k7: 1`, /key k7 occurs twice/],
      ["a: *b", /alias/],
    ] as const) {
      let message = "";
      const started = process.cpuUsage();
      try {
        readYaml(text, "a.yaml");
      } catch (error) {
        expect(error).toMatchObject({ code: "file.corrupt" });
        message = (error as Error).message;
      }
      expect(message).toMatch(why);
      expect(message).not.toContain("\n");
      const { user, system } = process.cpuUsage(started);
      expect((user + system) / 1e6).toBeLessThan(5);
    }
  });
});

describe("other files", () => {
  test("a PNG of 200,000 empty chunks, and one whose data never end", async () => {
    const chunk = (type: string, body: Uint8Array) => {
      const out = Buffer.alloc(12 + body.length);
      out.writeUInt32BE(body.length, 0);
      out.write(type, 4, "latin1");
      out.set(body, 8);
      out.writeUInt32BE(crc32([out.subarray(4, 8 + body.length)]), 8 + body.length);
      return out;
    };
    const header = Buffer.from([0, 0, 0, 8, 0, 0, 0, 8, 8, 0, 0, 0, 0]);
    const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const end = chunk("IEND", new Uint8Array(0));
    const empty = Buffer.alloc(12 * 200_000, chunk("IDAT", new Uint8Array(0)));
    const rows = deflateSync(Buffer.alloc(72, 0));
    const many = Buffer.concat([signature, chunk("IHDR", header), empty, chunk("IDAT", rows), end]);
    const { result, seconds } = await opened(many);
    expect((await readAll(result as ImageFile)).data).toEqual(new Uint8Array(64));
    expect(seconds).toBeLessThan(2);
    const bomb = Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", deflateSync(Buffer.alloc(2e7))), end]);
    const before = process.memoryUsage().arrayBuffers;
    expect((await failure(openImageSource(memorySource("a.png", bomb)).then(readAll))).code).toBe("file.corrupt");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
  });

  test("a checkpoint whose tensors share their bytes, or whose header has no end", () => {
    const checkpoint = (header: string, data: number) => {
      const json = latin(header);
      const bytes = new Uint8Array(8 + json.length + data);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
      bytes.set(json, 8);
      return bytes;
    };
    const tensor = '{"dtype":"F32","shape":[1000],"data_offsets":[0,4000]}';
    const names = (count: number) => Array.from({ length: count }, (_, i) => `"t${i}":${tensor}`).join(",");
    expect(decodeCheckpoint(checkpoint(`{${names(1)}}`, 4000), "a").tensors.t0.shape).toEqual([1000]);
    expect(() => decodeCheckpoint(checkpoint(`{${names(2)}}`, 4000), "a")).toThrow(/overlap/);
    expect(() => decodeCheckpoint(checkpoint(`{${names(200_000)}}`, 4000), "a")).toThrow(/at most 8388608/);
  });

  test.each([
    ["planes", { planes: 1e9, z_step: 0.001 }, /fewer planes/],
    ["size", { size: 1e9 }, /too many|need about/],
    ["depth", { specimen: { kind: "beads", depth_range: [-1, 2 ** 31] } }, /too many/],
    ["diameter", { specimen: { kind: "beads", diameter: [1, 1e20] } }, /too many/],
    ["fields", { fields: 1e12 }, /fields/],
  ])("a recipe of absurd %s", (_what, keys, why) => {
    const recipe = { name: "a", specimen: { kind: "beads" }, ...keys };
    const started = process.cpuUsage();
    expect(() => createSimulator(recipe)).toThrow(why);
    const { user, system } = process.cpuUsage(started);
    expect((user + system) / 1e6).toBeLessThan(2);
  });

  test("a recipe of more things than fit into a list", async () => {
    const recipe = { name: "a", size: 64, specimen: { kind: "beads", beads: 1e12 } };
    expect((await failure(createSimulator(recipe).field(0))).message).toMatch(/2\.70e\+11 objects in a box/);
  });
});

test("reading a whole stack of a file that is fine", async () => {
  const bytes = tiffWithDescription(latin(""), 4, 3, 5);
  const file = await openImageSource(memorySource("a.tif", bytes));
  expect((await readAll(file)).shape).toEqual([5, 3, 4]);
});
