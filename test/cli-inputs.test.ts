/** Bad input and wrong use: one clear sentence, the right exit code, and nothing half-written. */
// cspell:ignore cuont inspct xyzzy
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeImage, type Image, Random } from "./helpers/images.ts";
import { complaints, runCli, warningTexts } from "./helpers/run-cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-cli-"));
  const random = new Random(1);
  const noise = (length: number) => Uint16Array.from({ length }, () => 100 + random.integer(4000));
  const write = (name: string, image: Image) => writeFileSync(join(folder, name), encodeImage(name, image));
  const stack: Image = { axes: "ZYX", shape: [3, 24, 20], dtype: "uint16", data: noise(1440) };
  const calibrated = { pixelSize: { y: 0.2, x: 0.2 }, zStep: 0.5 };
  write("stack.tif", { ...stack, ...calibrated });
  write("bare.tif", stack);
  write("two.tif", { ...calibrated, axes: "CYX", shape: [2, 24, 30], dtype: "uint16", data: noise(1440) });
  write("wide.tif", { ...calibrated, axes: "ZYX", shape: [3, 20, 24], dtype: "uint16", data: noise(1440) });
  write("plane.tif", { ...calibrated, axes: "YX", shape: [24, 20], dtype: "uint16", data: noise(480) });
  write("small.tif", { ...calibrated, axes: "YX", shape: [2, 2], dtype: "uint16", data: noise(4) });
  write("constant.tif", { ...stack, ...calibrated, data: new Uint16Array(1440).fill(7) });
  write("nan.tif", {
    ...calibrated,
    axes: "YX",
    shape: [24, 20],
    dtype: "float32",
    data: Float32Array.from(noise(480)).fill(Number.NaN, 30, 35),
  });
  const values = Float32Array.from(noise(480));
  write("float.tif", { ...calibrated, axes: "YX", shape: [24, 20], dtype: "float32", data: values });
  const bytes = readFileSync(join(folder, "stack.tif"));
  writeFileSync(join(folder, "truncated.tif"), bytes.subarray(0, bytes.length - 700));
  writeFileSync(join(folder, "empty.tif"), "");
  writeFileSync(join(folder, "text.tif"), "this is no picture");
  writeFileSync(join(folder, "scan.czi"), "ZISRAWFILE and so on");
  mkdirSync(join(folder, "nothing"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const rgb = resolve("test/fixtures/image/tiffs/rgb.tif");

/** Arguments, exit code, error code, and what the sentence must say. */
const refused: [string[], number, string, RegExp][] = [
  // Files
  [["inspect", "absent.tif"], 1, "file.missing", /absent\.tif/],
  [["inspect", "nothing"], 1, "file.missing", /folder without TIFF or PNG/],
  [["inspect", "empty.tif"], 1, "file.missing", /empty/],
  [["inspect", "truncated.tif"], 1, "file.corrupt", /truncated\.tif/],
  [["inspect", "text.tif"], 1, "file.unsupported", /not a TIFF or PNG/],
  [["inspect", "scan.czi"], 1, "file.unsupported", /CZI.*bioformats2raw/],
  [["evaluate", rgb, "--truth", rgb], 1, "image.unfit", /colour.*Split Channels/],
  [["evaluate", "nan.tif", "--truth", "plane.tif"], 1, "image.unfit", /nan\.tif: pixel x 10, y 1 is NaN/],
  [
    ["evaluate", "plane.tif", "--truth", "constant.tif"],
    1,
    "image.unfit",
    /has 1 plane of 24 x 20 pixels and the ground truth 3 planes/,
  ],
  [["evaluate", "stack.tif", "--truth", "constant.tif"], 1, "image.unfit", /no contrast/],
  [["evaluate", "stack.tif", "--truth", "wide.tif"], 1, "image.unfit", /24 x 20.*20 x 24/],
  [["evaluate", "small.tif", "--truth", "small.tif"], 1, "image.unfit", /11 x 11/],
  // Choices
  [["inspect", "stack.tif", "--channel", "1"], 2, "usage", /1 channel, number 0; got --channel 1/],
  [["evaluate", "two.tif", "--truth", "two.tif"], 2, "usage", /2 channels.*--channel 0 to 1/],
  [["inspect", "stack.tif", "--na", "1.2", "--refractive-index", "1"], 2, "usage", /--refractive-index/],
  [
    ["evaluate", "float.tif", "--truth", "float.tif", "--data-range", "type"],
    2,
    "usage",
    /float32.*--data-range signal/,
  ],
  [["simulate", "beads", "--output", "new", "--na", "1.2"], 2, "usage", /below the refractive index/],
  [["simulate", "beads", "--output", "new", "--size", "4096", "--planes", "200"], 2, "usage", /GiB/],
  [["simulate", "beads", "--output", "new.png"], 2, "usage", /\.tif/],
  [["simulate", "beads", "--output", "new.jpg"], 2, "usage", /\.tif/],
  [["simulate", "beads", "--output", "stack.tif"], 2, "output.exists", /--force/],
  [["evaluate", "stack.tif", "--truth", "stack.tif", "--sheet", "new.png"], 2, "usage", /--input/],
  [
    ["evaluate", "stack.tif", "--truth", "stack.tif", "--input", "stack.tif", "--sheet", "new.tif"],
    2,
    "usage",
    /\.png/,
  ],
  // Options
  [["inspect", "stack.tif", "--chanel", "1"], 2, "usage", /'--chanel'; did you mean --channel\?/],
  [["inspect", "stack.tif", "--zstep", "1"], 2, "usage", /did you mean --z-step\?/],
  [["inspect", "stack.tif", "--xyzzy"], 2, "usage", /'--xyzzy'.*--help/],
  [["inspct", "stack.tif"], 2, "usage", /did you mean inspect\?/],
  [["inspect"], 2, "usage", /argument 'image'/],
  [["inspect", "stack.tif", "more.tif"], 2, "usage", /[Tt]oo many arguments/],
  [["evaluate", "stack.tif"], 2, "usage", /--truth/],
  [["inspect", "stack.tif", "--channel", "one"], 2, "usage", /'--channel <n>'.*whole number/],
  [["inspect", "stack.tif", "--channel", "-1"], 2, "usage", /whole number/],
  [["inspect", "stack.tif", "--z-step", "0"], 2, "usage", /above 0/],
  [["inspect", "stack.tif", "--measure", "beauty"], 2, "usage", /tenengrad/],
  [["refocus", "stack.tif", "--device", "abacus"], 2, "usage", /auto, cpu, webgpu or cuda/],
  [["evaluate", "stack.tif", "--truth", "stack.tif", "--data-range", "0"], 2, "usage", /above 0/],
  [["simulate", "worms"], 2, "usage", /did you mean worm\? Expected a \.yaml file or one of/],
  [
    ["simulate", "beads", "--set", "specimen.cuont=3"],
    2,
    "usage",
    /no key specimen\.cuont\. The known keys are kind, beads/,
  ],
  [["simulate", "beads", "--set", "size"], 2, "usage", /Expected key=value/],
  [["simulate", "missing.yaml"], 1, "file.missing", /missing\.yaml does not exist/],
  [["simulate", "stack", "--set", "specimen.file=absent.tif"], 1, "file.missing", /absent\.tif/],
  [["simulate", "cross-objective", "--na", "0.5"], 2, "usage", /na would have no effect/],
  [["train", "beads", "stack.tif"], 2, "usage", /beads is a recipe; give it alone/],
  [["train", "stack.tif", "--set", "size=64"], 2, "usage", /--set changes a recipe/],
  [["train", "cross-objective"], 2, "usage", /a model has one pixel size/],
  [["simulate", "beads", "--photons", "many"], 2, "usage", /Expected a number/],
  [["simulate", "beads", "--bead-kinds", "solid,hollow"], 2, "usage", /--bead-kinds.*solid, shell or textured/],
];

describe.concurrent("refused", () => {
  test.each(refused)("%j", async (args, code, error, sentence) => {
    const before = readdirSync(folder).sort();
    const run = await runCli([...args, "--json"], { cwd: folder });
    expect({ code: run.code, lines: run.stderr.trim().split("\n").length }).toEqual({ code, lines: 1 });
    expect(run.stderr).toMatch(sentence);
    expect(run.stderr).toMatch(/^parfocal: \S.*[.?]\n$/);
    const { error: found } = JSON.parse(run.stdout);
    expect(found.code).toBe(error);
    expect(`parfocal: ${found.message}\n`).toBe(run.stderr);
    expect(found.fields).toBeTypeOf("object");
    expect(readdirSync(folder).sort()).toEqual(before);
  });
});

/** Arguments, and warnings that an inspection must give. */
const warned: [string[], RegExp[]][] = [
  [
    ["inspect", "bare.tif"],
    [/pixel size.*--pixel-size/, /3 planes but no z step\. Give --z-step/],
  ],
  [["inspect", "bare.tif", "--z-step", "0.5", "--pixel-size", "0.2"], []],
  [
    ["inspect", "constant.tif"],
    [/every pixel has the value 7/, /same value, so it has no focus/],
  ],
  [["inspect", "nan.tif"], [/NaN/]],
  [
    ["inspect", rgb],
    [/pixel size/, /colour image.*Split Channels/],
  ],
  [["inspect", "small.tif"], []],
];

describe.concurrent("inspected all the same", () => {
  test.each(warned)("%j", async (args, expected) => {
    const run = await runCli([...args, "--json"], { cwd: folder });
    expect({ code: run.code, stderr: complaints(run) }).toEqual({ code: 0, stderr: "" });
    const { focus } = JSON.parse(run.stdout);
    // Noise has no focus; what is said about it is not the matter here.
    const said = warningTexts(run).filter((warning) => !/sharp/.test(warning));
    for (const sentence of expected) expect(said.join("\n")).toMatch(sentence);
    expect(said).toHaveLength(expected.length);
    if (/constant|nan|rgb|small/.test(args[1])) expect(focus?.best_plane ?? null).toBeNull();
  });
});
