/** The verbs on real and simulated data, as processes of their own. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeImage, type Image, Random } from "./helpers/images.ts";
import { python } from "./helpers/python.ts";
import { haveRealData, nucleus } from "./helpers/real-data.ts";
import { complaints, runCli, warningTexts } from "./helpers/run-cli.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "parfocal-cli-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const json = async (...args: string[]) => {
  const run = await runCli([...args, "--json"], { cwd: folder });
  expect({ code: run.code, stderr: complaints(run) }).toEqual({ code: 0, stderr: "" });
  return { ...JSON.parse(run.stdout), warnings: warningTexts(run) };
};

describe.skipIf(!haveRealData)("inspect a real nucleus, widefield beside confocal", () => {
  const data = new URL("../../shared/data/", import.meta.url).pathname;
  const path = `${data}nucleus_confocal_widefield/xyzc_16bit__dna_conf_wf.tif`;

  test("axes, calibration, focus and the shift of the channels", async () => {
    const found = await json("inspect", path, "--channel", "1");
    expect(found).toMatchObject({ axes: "ZCYX", shape: [45, 2, 130, 133], dtype: "uint16", channel: 1 });
    expect(found.z_step_um).toBeCloseTo(0.499, 3);
    expect(found.pixel_size_um).toBeGreaterThan(0);
    // A light distribution's second moment puts the focus at 19.3.
    expect([19, 20]).toContain(found.focus.best_plane);
    expect(found.focus.curve).toHaveLength(45);
    // Read without our reader and summed here: variance of a plane is another measure of the same focus.
    const { data: counts, height, width } = await nucleus(1);
    const size = height * width;
    const variance = Array.from({ length: 45 }, (_, z) => {
      const plane = counts.subarray(z * size, (z + 1) * size);
      const mean = plane.reduce((a, b) => a + b, 0) / size;
      return plane.reduce((a, b) => a + (b - mean) ** 2, 0) / size;
    });
    expect(Math.abs(variance.indexOf(Math.max(...variance)) - found.focus.best_plane)).toBeLessThanOrEqual(2);
    expect(found.channel_shifts[0].dx_px).toBeCloseTo(3.6, 0);
    expect(found.warnings.join("\n")).toMatch(/Channel 1 is unregistered: it is shifted by \+3\.\d pixels in x/);
    expect(found.drift.drifted).toBe(false);
  });

  test("what people read", async () => {
    const run = await runCli(["inspect", path, "--channel", "1"]);
    const { code, stdout } = run;
    expect({ code, stderr: complaints(run) }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/45 planes, 2 channels/);
    expect(stdout).toMatch(/z step +0\.4994 um/);
    expect(stdout).toMatch(/sharpest +plane 19/);
    expect(stdout).toMatch(/focus +[\u2581-\u2588]{45}$/m);
    // No line has blanks at its end, and the table's second column is set in one line.
    expect(stdout).not.toMatch(/ $/m);
  });

  test("overrides win over the file", async () => {
    const found = await json(
      "inspect",
      path,
      "--z-step",
      "0.25",
      "--pixel-size",
      "0.1",
      "--na",
      "1.2",
      "--wavelength",
      "0.6",
      "--refractive-index",
      "1.333",
    );
    expect(found).toMatchObject({ z_step_um: 0.25, pixel_size_um: 0.1, channel: 0 });
    expect(found.optics).toEqual({ na: 1.2, wavelength_um: 0.6, refractive_index: 1.333 });
  });
});

describe("simulate and evaluate", () => {
  const small = ["--size", "48", "--planes", "5", "--beads", "5", "--diameter", "0.5:2", "--seed", "7"];

  test("a stack with its truth, calibrated, in a folder", async () => {
    const made = await json("simulate", "beads", "--output", "sim", "--z-step", "0.75", ...small);
    expect(made).toMatchObject({
      output: join("sim", "beads.tif"),
      truth: join("sim", "truth.tif"),
      shape: [5, 48, 48],
      seed: 7,
    });
    expect(readdirSync(join(folder, "sim")).sort()).toEqual(["beads.tif", "objects.json", "truth.tif"]);
    const record = JSON.parse(readFileSync(join(folder, "sim", "objects.json"), "utf8"));
    expect(record.objects).toHaveLength(made.objects_in_field);
    expect(record.recipe).toMatchObject({ z_step: 0.75, specimen: { diameter: [0.5, 2] }, seed: 7 });
    expect(record.planes_um).toEqual([-1.5, -0.75, 0, 0.75, 1.5]);
    for (const bead of record.objects) expect(bead.diameter).toBeLessThanOrEqual(2);
    const found = await json("inspect", "sim/beads.tif");
    expect(found).toMatchObject({ axes: "ZYX", shape: [5, 48, 48], dtype: "uint16", z_step_um: 0.75 });
    expect(found.pixel_size_um).toBeCloseTo(0.325, 6);
  });

  test("the same seed gives the same bytes, another seed others", async () => {
    await json("simulate", "beads", "-o", "one.tif", ...small);
    await json("simulate", "beads", "-o", "two.tif", ...small);
    await json("simulate", "beads", "-o", "three.tif", ...small, "--seed", "8");
    const bytes = (name: string) => readFileSync(join(folder, name));
    expect(bytes("two.tif").equals(bytes("one.tif"))).toBe(true);
    expect(bytes("three.tif").equals(bytes("one.tif"))).toBe(false);
    expect(existsSync(join(folder, "one_truth.tif")) && existsSync(join(folder, "one_objects.json"))).toBe(true);
  });

  test("--force replaces; without it nothing is touched", async () => {
    await json("simulate", "beads", "-o", "kept.tif", ...small);
    const before = readFileSync(join(folder, "kept_objects.json"), "utf8");
    const refused = await runCli(["simulate", "beads", "-o", "kept.tif", ...small, "--seed", "9"], { cwd: folder });
    expect(refused.code).toBe(2);
    expect(readFileSync(join(folder, "kept_objects.json"), "utf8")).toBe(before);
    await json("simulate", "beads", "-o", "kept.tif", ...small, "--seed", "9", "--force");
    expect(readFileSync(join(folder, "kept_objects.json"), "utf8")).not.toBe(before);
  });

  test.skipIf(!python("skimage", "tifffile"))("scores equal scikit-image's", async () => {
    await json("simulate", "beads", "-o", "judged.tif", ...small);
    const found = await json(
      "evaluate",
      "judged.tif",
      "--truth",
      "judged_truth.tif",
      "--data-range",
      "4000",
      "--input",
      "judged.tif",
    );
    const script = [
      "import json, sys, numpy as np, tifffile",
      "from skimage.metrics import peak_signal_noise_ratio as psnr, structural_similarity as ssim, normalized_root_mse as nrmse",
      "a, b = (tifffile.imread(p).astype(float) for p in sys.argv[1:])",
      "s = dict(gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=4000)",
      "rows = [[psnr(y, x, data_range=4000), ssim(y, x, **s), nrmse(y, x), np.corrcoef(x.ravel(), y.ravel())[0, 1]] for x, y in zip(a, b)]",
      "print(json.dumps(rows))",
    ].join("\n");
    const rows: number[][] = JSON.parse(
      python("skimage", "tifffile")?.(script, [join(folder, "judged.tif"), join(folder, "judged_truth.tif")]) ?? "",
    );
    expect(found.planes).toHaveLength(5);
    for (const [z, [psnr, ssim, nrmse, pearson]] of rows.entries()) {
      const { output } = found.planes[z];
      expect(output.psnr).toBeCloseTo(psnr, 6);
      expect(output.ssim).toBeCloseTo(ssim, 6);
      expect(output.nrmse).toBeCloseTo(nrmse, 6);
      expect(output.pearson).toBeCloseTo(pearson, 6);
    }
    const mean = rows.reduce((sum, [psnr]) => sum + psnr, 0) / rows.length;
    expect(found.output.psnr).toBeCloseTo(mean, 6);
    expect(found.input).toEqual(found.output);
    expect(found).toMatchObject({ data_range: 4000, data_range_of: "given" });
    expect(found.ssim_window).toMatch(/11 x 11, sigma 1\.5, K1 0\.01, K2 0\.03/);
  });

  test("the data range is told, and by default that of the truth's signal", async () => {
    await json("simulate", "beads", "-o", "range.tif", ...small);
    const found = await json("evaluate", "range.tif", "--truth", "range_truth.tif");
    expect(found.data_range).toBeGreaterThan(500);
    expect(found.data_range).toBeLessThan(6500);
    expect(found.data_range_of).toMatch(/percentiles 0\.1 to 99\.9 of the ground truth/);
    const typed = await json("evaluate", "range_truth.tif", "--truth", "range.tif", "--data-range", "type");
    expect(typed).toMatchObject({ data_range: 65535, data_range_of: "the whole range of uint16" });
    expect(typed.output.psnr - found.output.psnr).toBeGreaterThan(15);
    const run = await runCli(["evaluate", "range.tif", "--truth", "range_truth.tif", "--input", "range.tif"], {
      cwd: folder,
    });
    expect({ code: run.code, stderr: complaints(run) }).toEqual({ code: 0, stderr: "" });
    const { stdout } = run;
    expect(stdout).toMatch(/Data range [\d.]+ counts \(percentiles/);
    expect(stdout).toMatch(/^ +0 +output.*\n +input/m);
  });

  test("a sheet to look at, the same bytes each time", async () => {
    await json("simulate", "beads", "-o", "seen.tif", ...small);
    const judge = ["evaluate", "seen.tif", "--truth", "seen_truth.tif", "--input", "seen.tif"];
    expect(await json(...judge, "--sheet", "seen.png")).toMatchObject({ sheet: "seen.png" });
    const png = decode(readFileSync(join(folder, "seen.png")));
    // Five rows of four panels of 48 pixels, each enlarged by a whole factor.
    expect(png.height).toBeGreaterThan(5 * 240);
    expect(png.width).toBeGreaterThan(4 * 240);
    expect((await runCli([...judge, "--sheet", "seen.png"], { cwd: folder })).code).toBe(2);
    const before = readFileSync(join(folder, "seen.png"));
    await json(...judge, "--sheet", "seen.png", "--force");
    expect(readFileSync(join(folder, "seen.png")).equals(before)).toBe(true);
  });

  test("the channel is chosen where there are several, and not asked of a result that has one", async () => {
    const random = new Random(5);
    const data = Uint16Array.from({ length: 2 * 20 * 24 }, () => random.integer(1000));
    const write = (name: string, image: Image) => writeFileSync(join(folder, name), encodeImage(name, image));
    write("both.tif", { axes: "CYX", shape: [2, 20, 24], dtype: "uint16", data });
    write("second.tif", { axes: "YX", shape: [20, 24], dtype: "uint16", data: data.slice(480) });
    const same = await json("evaluate", "second.tif", "--truth", "both.tif", "--channel", "1");
    // Identical: infinite, which JSON cannot say.
    expect(same.output).toMatchObject({ psnr: null, nrmse: 0, ssim: 1 });
    const other = await json("evaluate", "second.tif", "--truth", "both.tif", "--channel", "0");
    expect(Math.abs(other.output.pearson)).toBeLessThan(0.2);
    const neither = await runCli(["evaluate", "second.tif", "--truth", "second.tif", "--channel", "1"], {
      cwd: folder,
    });
    expect(neither.code).toBe(2);
  });
});
