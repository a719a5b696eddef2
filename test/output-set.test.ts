/** Outputs that belong together: all of them, or none; and nothing stays of those who died while they wrote. */

import { spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { bytesAsText } from "../src/array/bytes-as-text.ts";
import { Random } from "../src/array/random.ts";
import { ParfocalError } from "../src/errors.ts";
import { checkRoomFor, createOutputSet, withOutputSet, writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { fileStorage } from "../src/image/file-storage.node.ts";
import { temporaryName } from "../src/image/temporary-files.node.ts";
import { createImageWriter, writeImage, writeImages } from "../src/image/write-image.ts";
import { failure } from "./helpers/failure.ts";
import { runCli } from "./helpers/run-cli.ts";

const folder = mkdtempSync(join(tmpdir(), "parfocal-set-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const fresh = () => mkdtempSync(join(folder, "a-"));

describe("all or none", () => {
  test("no name is given before the end", async () => {
    const place = fresh();
    const [a, b] = [join(place, "a.bin"), join(place, "b.bin")];
    await withOutputSet({}, async (set) => {
      await set.write(a, "one");
      await set.write(b, "two");
      expect([existsSync(a), existsSync(b)]).toEqual([false, false]);
    });
    expect([readFileSync(a, "utf8"), readFileSync(b, "utf8")]).toEqual(["one", "two"]);
    expect(readdirSync(place).sort()).toEqual(["a.bin", "b.bin"]);
  });

  test("work that fails leaves nothing, and what was there stays", async () => {
    const place = fresh();
    writeFileSync(join(place, "a.bin"), "mine");
    const work = withOutputSet({ force: true }, async (set) => {
      await set.write(join(place, "a.bin"), "one");
      await set.write(join(place, "b.bin"), "two");
      throw new ParfocalError("image.unfit", "the work failed", { detail: "" });
    });
    expect((await failure(work)).message).toBe("the work failed");
    expect(readdirSync(place)).toEqual(["a.bin"]);
    expect(readFileSync(join(place, "a.bin"), "utf8")).toBe("mine");
  });

  test("a name that cannot be given takes those before it back", async () => {
    const place = fresh();
    writeFileSync(join(place, "b.bin"), "mine");
    const set = createOutputSet({ force: true });
    for (const name of ["a.bin", "b.bin", "c.bin", "d.bin"]) await set.write(join(place, name), name);
    // A folder takes the place of the third while all are written. It is found before any name is given.
    mkdirSync(join(place, "c.bin"));
    expect((await failure(set.commit())).message).toContain("there is a folder of that name");
    expect(readdirSync(place).sort()).toEqual(["b.bin", "c.bin"]);
    expect(readFileSync(join(place, "b.bin"), "utf8")).toBe("mine");
    // What was written of the third is gone: that shows only when it is renamed.
    const other = createOutputSet({ force: true });
    for (const name of ["e.bin", "b.bin", "f.bin"]) await other.write(join(place, name), "new");
    for (const name of readdirSync(place)) if (/^\.f\.bin/.test(name)) rmSync(join(place, name));
    expect((await failure(other.commit())).code).toBe("output.failed");
    // The first is taken back; the second had replaced a file, and is whole.
    expect(readdirSync(place).sort()).toEqual(["b.bin", "c.bin"]);
    expect(readFileSync(join(place, "b.bin"), "utf8")).toBe("new");
  });

  test("another program that is faster is not overwritten, and gets none of ours beside it", async () => {
    const place = fresh();
    const set = createOutputSet();
    await set.write(join(place, "a.bin"), "ours");
    await set.write(join(place, "b.bin"), "ours");
    writeFileSync(join(place, "b.bin"), "theirs");
    expect((await failure(set.commit())).code).toBe("output.exists");
    expect(readdirSync(place)).toEqual(["b.bin"]);
    expect(readFileSync(join(place, "b.bin"), "utf8")).toBe("theirs");
  });

  test("a file of the set that was not finished holds back the others", async () => {
    const place = fresh();
    const set = createOutputSet();
    await set.write(join(place, "a.bin"), "ours");
    await set.create(join(place, "b.bin"));
    expect((await failure(set.commit())).code).toBe("output.failed");
    expect(readdirSync(place)).toEqual([]);
  });

  test("images and files: a NaN in the last of them leaves none", async () => {
    const place = fresh();
    const info = { axes: "YX", shape: [4, 5], dtype: "uint8" } as const;
    const bad = new Float32Array(20);
    bad[7] = Number.NaN;
    const outputs = [
      { path: join(place, "a.tif"), image: { ...info, data: new Float32Array(20) } },
      { path: join(place, "b.tif"), image: { ...info, data: bad } },
    ];
    expect(
      (await failure(writeImages(fileStorage, outputs, { files: [[join(place, "c.json"), "{}"]] }))).message,
    ).toContain("b.tif: pixel x 2, y 1 is NaN");
    expect(readdirSync(place)).toEqual([]);
  });
});

describe("what dead processes left behind", () => {
  const own = basename(temporaryName("x/a.tif"));
  const ofProcess = (pid: number | string) => own.replace(`.${process.pid}-`, `.${pid}-`);

  test("is removed by the next output in the folder; the living, other machines and other files stay", async () => {
    const place = fresh();
    const dead = spawnSync("true").pid;
    const living = spawn("sleep", ["60"]);
    const names = [ofProcess(living.pid ?? 1), own, own.replace(/-\w+-/, "-elsewhere_1-"), ".a.tif.tmp", "a.tmp"];
    for (const name of [...names, ofProcess(dead)]) writeFileSync(join(place, name), "");
    await writeFileAtomic(join(place, "new.txt"), "new");
    living.kill();
    expect(readdirSync(place).sort()).toEqual([...names, "new.txt"].sort());
    expect(own).toContain(hostname().replaceAll(/[^a-zA-Z0-9]/g, "_"));
  });

  test("as is what an earlier process of the same number left, as every run in a container has", async () => {
    const place = fresh();
    writeFileSync(join(place, own), "");
    utimesSync(join(place, own), new Date("2020-01-01"), new Date("2020-01-01"));
    await writeFileAtomic(join(place, "new.txt"), "new");
    expect(readdirSync(place)).toEqual(["new.txt"]);
  });

  test("a process that is killed while it writes", async () => {
    const place = fresh();
    const code = `
      import { createOutputSet } from ${JSON.stringify(join(process.cwd(), "dist/image/atomic-file.node.js"))};
      const file = await createOutputSet().create(${JSON.stringify(join(place, "a.bin"))});
      await file.write(new Uint8Array(1000), 0);
      process.stdout.write("written");
      setInterval(() => undefined, 1000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", code], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    expect(readdirSync(place)).toHaveLength(1);
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await gone;
    expect(readdirSync(place)).toHaveLength(1);
    await writeFileAtomic(join(place, "b.bin"), "b");
    expect(readdirSync(place)).toEqual(["b.bin"]);
  });
});

const full = join(folder, "full");
mkdirSync(full);
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", full]).status === 0;
afterAll(() => {
  if (mounted) spawnSync("umount", [full]);
});

describe.skipIf(!mounted)("a full disk (skipped where no tmpfs may be mounted)", () => {
  const empty = () => {
    for (const name of readdirSync(full)) rmSync(join(full, name), { recursive: true });
  };
  const info = { axes: "YX", shape: [500, 600], dtype: "uint16" } as const;

  test("the room for all is looked at before anything is written", async () => {
    const outputs = ["a.tif", "b.tif"].map((name) => ({
      path: join(full, name),
      image: { ...info, data: new Uint16Array(300000) },
    }));
    const error = await failure(writeImages(fileStorage, outputs));
    expect(error.code).toBe("output.failed");
    expect(error.message).toMatch(
      /the disk has [\d.]+ (MB|kB) left and 1\.2 MB are needed for 2 files that belong together/,
    );
    expect(readdirSync(full)).toEqual([]);
    await writeImages(fileStorage, outputs.slice(0, 1));
    expect(readdirSync(full)).toEqual(["a.tif"]);
    empty();
    expect((await failure(checkRoomFor([{ path: join(full, "a"), size: 2e6 }]))).message).toContain("2 MB are needed");
  });

  test("a few bytes are not told as 0.0 MB", async () => {
    writeFileSync(join(full, "other"), new Uint8Array(2 ** 20));
    const error = await failure(writeFileAtomic(join(full, "a.txt"), "hello"));
    expect(error.message).toContain("the disk has 0 bytes left and 5 bytes are needed");
    empty();
  });

  test("a disk that fills up while the second is written", async () => {
    const work = withOutputSet({}, async (outputs) => {
      const small = { ...info, shape: [100, 600] };
      const first = await createImageWriter(fileStorage, join(full, "a.tif"), small, { outputs });
      const second = await createImageWriter(fileStorage, join(full, "b.tif"), info, { outputs });
      await first.writeRows({}, 0, new Float32Array(60000));
      await first.finish();
      writeFileSync(join(full, "other"), new Uint8Array(6e5));
      await second.writeRows({}, 0, new Float32Array(300000));
    });
    expect((await failure(work)).message).toContain("disk is full");
    expect(readdirSync(full)).toEqual(["other"]);
    empty();
  });

  test.each([
    ["fuse", ["fuse", "../stack.tif", "-o", "full/fused.tif"], 4e5],
    ["simulate", ["simulate", "beads", "--size", "64", "--planes", "5", "--beads", "3", "-o", "full/beads.tif"], 1e6],
    [
      "simulate to a folder",
      ["simulate", "beads", "--size", "64", "--planes", "5", "--beads", "3", "-o", "full/beads"],
      1e6,
    ],
  ] as const)("%s leaves none of its files", async (_name, args, taken) => {
    const random = new Random(1);
    const data = Uint16Array.from({ length: 5 * 300 * 300 }, () => 100 + random.integer(50));
    const calibration = { pixelSize: { y: 0.3, x: 0.3 }, zStep: 1 };
    const stack = { axes: "ZYX", shape: [5, 300, 300], dtype: "uint16", data, ...calibration } as const;
    await writeImage(fileStorage, join(folder, "stack.tif"), stack, { force: true });
    writeFileSync(join(full, "other"), new Uint8Array(taken));
    const command = args.map((arg) => (arg.startsWith("../") ? arg.slice(3) : arg));
    const run = await runCli(command, { cwd: folder });
    expect([run.code, run.stderr]).toEqual([1, expect.stringMatching(/could not be written: the disk/)]);
    const left = readdirSync(full, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(left.map(({ name }) => name)).toEqual(["other"]);
    empty();
  });
});

test("sizes in units that fit", () => {
  const said = [0, 1, 999, 1000, 1536, 123456, 999.7e3, 1e6, 34.56e6, 1.2345e9, 5e15].map(bytesAsText);
  const expected = "0 bytes|1 byte|999 bytes|1 kB|1.54 kB|123 kB|1 MB|1 MB|34.6 MB|1.23 GB|5000 TB";
  expect(said.join("|")).toBe(expected);
});
