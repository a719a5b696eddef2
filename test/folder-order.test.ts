/** Names of planes: which number is z, channel and time, in which order, and where that would be a guess. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ParfocalError } from "../src/errors.ts";
import { spacingOf } from "../src/image/even-spacing.ts";
import { type FolderOptions, type FolderOrder, orderFolder } from "../src/image/folder-order.ts";

const range = (from: number, to: number, step = 1) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, i) => from + i * step);
const padded = (value: number, digits: number) => String(value).padStart(digits, "0");
const signed = (value: number, digits = 1) => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(digits)}`;
const heights = range(-4, 4).map((k) => k / 2);

interface Scheme {
  /** Names in the order of time, channel, z. */
  names: string[];
  axes?: string;
  zStep?: number;
  values?: (number | undefined)[];
  channelNames?: string[];
  missing?: number[];
  warns?: RegExp;
}

const grid = (...axes: number[][]): number[][] =>
  axes.reduce<number[][]>((rows, axis) => rows.flatMap((row) => axis.map((value) => [...row, value])), [[]]);

const schemes: Record<string, Scheme> = {
  "plain numbers": { names: range(1, 12).map((z) => `${z}.tif`), values: range(1, 12) },
  "a word and a number": { names: range(8, 11).map((z) => `scan ${z}.png`) },
  "hyphens before padded numbers": { names: range(1, 11).map((z) => `scan-${padded(z, 3)}.tif`), values: range(1, 11) },
  "hyphens after z": { names: range(1, 11).map((z) => `z-${padded(z, 3)}.tif`), values: range(1, 11) },
  "hyphens before single digits": { names: range(0, 12).map((z) => `img-${z}.tif`), values: range(0, 12) },
  "a date and a scan": { names: range(1, 3).map((z) => `2024-01-05_scan-2_z${z}.tif`), values: [1, 2, 3] },
  "minus and nothing": { names: range(-4, 4).map((z) => `z${z}.tif`), values: range(-4, 4) },
  "minus at the start": { names: range(-9, 9).map((z) => `${z}.png`), values: range(-9, 9) },
  "only minus, at the start": { names: range(-9, -1).map((z) => `${z}.png`), values: range(-9, -1) },
  "only minus, behind a separator": { names: range(-3, -1).map((z) => `z_${z}.tif`), values: range(-3, -1) },
  "minus and plus, padded": {
    names: range(-3, 3).map((z) => `z${signed(z, 0).replace(/(\d)/, "0$1")}.tif`),
    values: range(-3, 3),
  },
  "minus and plus with a unit": { names: heights.map((z) => `img_z${signed(z)}um.tif`), values: heights, zStep: 0.5 },
  "a true minus sign": {
    names: heights.map((z) => `z ${z.toFixed(2).replace("-", "\u2212")} µm.tif`),
    values: heights,
    zStep: 0.5,
  },
  "a hyphen and a minus": { names: range(-3, 2).map((z) => `z-${z}.tif`), values: range(-3, 2) },
  nanometres: { names: range(0, 1000, 250).map((z) => `z${z}nm.tif`), zStep: 0.25, values: range(0, 1000, 250) },
  "rounded thirds": { names: ["0.00", "0.33", "0.67", "1.00"].map((z) => `z${z}um.tif`), zStep: 0.333333333 },
  "decimal points": { names: range(0, 3, 0.25).map((z) => `z_${z}.tif`), values: range(0, 3, 0.25) },
  "decimal commas": {
    names: range(0, 3, 0.25).map((z) => `z_${String(z).replace(".", ",")}.tif`),
    values: range(0, 3, 0.25),
  },
  "decimal commas alone": {
    names: range(0, 2, 0.5).map((z) => `a_${z.toFixed(2).replace(".", ",")}.tif`),
    values: range(0, 2, 0.5),
  },
  "p for the point": {
    names: range(0, 3, 0.25).map((z) => `z${String(z).replace(".", "p")}.tif`),
    values: range(0, 3, 0.25),
  },
  "M and P for minus and plus": {
    names: [...range(-7, -1), ...range(1, 7)].map((k) => `${k < 0 ? "M" : "P"}0p${Math.abs(k)}.tif`),
    values: [...range(-7, -1), ...range(1, 7)].map((k) => k / 10),
    missing: [0],
    warns: /A plane is missing: 0, where the names go from -0\.7 to 0\.7 in steps of 0\.1/,
  },
  "offsets of a galvanometer": {
    names: range(-3, 3).map((k) => `cell2G2Dz0p3umOff${k < 0 ? "M" : "P"}0p${Math.abs(k)}um.tif`),
    values: range(-3, 3).map((k) => k / 10),
    zStep: 0.1,
  },
  "zm and zp": {
    names: range(-2, 2).map((z) => `z${z < 0 ? "m" : z > 0 ? "p" : ""}${Math.abs(z)}.tif`),
    values: range(-2, 2),
  },
  "minus as a word": {
    names: range(-2, 2).map((z) => `z_${z < 0 ? "minus" : "plus"}${Math.abs(z)}.tif`),
    values: range(-2, 2),
  },
  "versions are no decimals": { names: range(1, 11).map((z) => `v1.${z}.tif`), values: range(1, 11) },
  "words for z": { names: range(1, 10).map((z) => `Focal Plane ${z}.tif`), values: range(1, 10) },
  "OME-TIFF": { names: range(1, 3).map((z) => `slice${padded(z, 4)}.ome.tif`), values: [1, 2, 3] },
  "letters in both cases, endings of both kinds": {
    names: ["Z1.TIF", "z2.tif", "Z3.tiff", "z4.png"],
    values: [1, 2, 3, 4],
  },
  "a gap": {
    names: [1, 2, 3, 5, 6].map((z) => `z${z}.tif`),
    missing: [4],
    warns: /A plane is missing: 4,.*1 to 6 in steps of 1/,
  },
  "gaps in um": {
    names: [0, 0.5, 1, 2.5, 3].map((z) => `z${z}um.tif`),
    missing: [1.5, 2],
    zStep: 0.5,
    warns: /2 planes are missing: 1\.5, 2 um/,
  },
  "uneven heights": {
    names: [0, 0.5, 1.7, 2].map((z) => `z${z}um.tif`),
    warns: /not evenly spaced.*0, 0\.5, 1\.7, 2 um.*no z step/,
  },
  "an index and a height": {
    names: heights.map((z, i) => `plane${i}_z${signed(z)}um.tif`),
    values: heights,
    zStep: 0.5,
  },
  "an index and a time of day": {
    names: range(1, 5).map((z) => `scan_${z}_${20240101 + 37 * z * z}.tif`),
    values: range(1, 5),
    warns: /also differ/,
  },
  "Micro-Manager 2, one channel": {
    names: range(0, 10).map((z) => `img_channel000_position000_time000000000_z${padded(z, 3)}.tif`),
    values: range(0, 10),
  },
  "Micro-Manager 2, two channels": {
    names: grid([0, 1], range(0, 3)).map(([c, z]) => `img_channel00${c}_position000_time000000000_z00${z}.tif`),
    axes: "CZYX",
  },
  "Micro-Manager 1.4": {
    names: grid([0, 1, 2], [0, 1], range(0, 4)).map(([t, c, z]) => `img_00000000${t}_${["Cy5", "DAPI"][c]}_00${z}.tif`),
    axes: "TCZYX",
    channelNames: ["Cy5", "DAPI"],
  },
  "Micro-Manager 1.4, unusual names of channels": {
    names: grid([0, 1], range(0, 4)).map(([c, z]) => `img_000000000_${["1-my lamp_2", "the other"][c]}_00${z}.tif`),
    axes: "CZYX",
    channelNames: ["1-my lamp_2", "the other"],
  },
  MetaMorph: {
    names: grid([1, 2], [1, 2]).map(([t, w]) => `exp_w${w}${["DAPI", "FITC 5"][w - 1]}_s1_t${t}.TIF`),
    axes: "TCYX",
    channelNames: ["DAPI", "FITC 5"],
  },
  "NIS-Elements": {
    names: grid([1, 2], [1, 2], range(1, 11)).map(([t, c, z]) =>
      `at${padded(t, 3)}xy1z${padded(z, 2)}c${c}.tif`.replace("at", "t"),
    ),
    axes: "TCZYX",
  },
  Leica: {
    names: grid([0, 1], [0, 1], range(0, 10)).map(
      ([t, c, z]) => `Series004_t${padded(t, 2)}_z${padded(z, 2)}_ch${padded(c, 2)}.tif`,
    ),
    axes: "TCZYX",
  },
  ZEN: { names: grid([1, 2], range(1, 10)).map(([c, z]) => `Image 3_z${padded(z, 2)}c${c}_ORG.tif`), axes: "CZYX" },
  CellVoyager: {
    names: grid([1, 2], range(1, 3)).map(([c, z]) => `AssayPlate_#655090_A03_T0001F001L01A0${c}Z0${z}C0${c}.tif`),
    axes: "CZYX",
  },
  "CellVoyager, short": { names: grid([1, 2], range(1, 3)).map(([c, z]) => `A01Z0${z}C0${c}.tif`), axes: "CZYX" },
  ImageXpress: { names: grid([1, 2], range(1, 12)).map(([w, z]) => `A01_s1_w${w}_z${z}.tif`), axes: "CZYX" },
  "Opera: p is the plane": {
    names: grid([1, 2], range(1, 12)).map(([c, p]) => `r01c02f03p${padded(p, 2)}-ch${c}sk1fk1fl1.tiff`),
    axes: "CZYX",
  },
  Acquifer: {
    names: grid([3, 5], range(1, 4)).map(
      ([c, z]) =>
        `-B012--PO01--LO002--CO${c}--SL00${z}--PX32500--PW0080--IN0020--TM281--X014580--Y011262--Z21${z}710--T0000257564--WE00013.tif`,
    ),
    axes: "CZYX",
  },
  "t, z and c of ImageJ": {
    names: grid([1, 2], [1, 2], range(1, 3)).map(([t, c, z]) => `stack_t00${t}_z00${z}_c00${c}.tif`),
    axes: "TCZYX",
  },
  dyes: {
    names: grid([0, 1, 2], range(1, 10)).map(([c, z]) => `${["Cy5", "DAPI", "FITC"][c]}_z${z}.tif`),
    axes: "CZYX",
    channelNames: ["Cy5", "DAPI", "FITC"],
  },
  "dyes, and plain numbers": {
    names: grid([0, 1], range(1, 10)).map(([c, z]) => `cell ${z} ${["GFP", "mCherry"][c]}.tif`),
    axes: "CZYX",
    channelNames: ["GFP", "mCherry"],
  },
  "dyes with numbers": {
    names: grid([3, 5], range(1, 4)).map(([c, z]) => `Cy${c}_z${z}.tif`),
    axes: "CZYX",
    channelNames: ["Cy3", "Cy5"],
  },
  wavelengths: {
    names: grid([488, 561], range(0, 3)).map(([c, z]) => `img_${c}nm_z${z}.tif`),
    axes: "CZYX",
    channelNames: ["488 nm", "561 nm"],
  },
  "channels only": { names: ["DAPI.tif", "FITC.tif"], axes: "CYX", channelNames: ["DAPI", "FITC"] },
  "times only": { names: range(0, 11).map((t) => `cell_t${t}.tif`), axes: "TYX" },
  "words after planes that are known": {
    names: ["z1_a1f.tif", "z2_77c.tif", "z3_e.tif"],
    values: [1, 2, 3],
    warns: /also differ in the words/,
  },
};

const shuffled = (names: string[], seed: number) =>
  fc.sample(fc.shuffledSubarray(names, { minLength: names.length }), { numRuns: 1, seed })[0];
const axesOf = ({ sizes }: FolderOrder) => `${(["T", "C", "Z"] as const).filter((axis) => sizes[axis] > 1).join("")}YX`;

describe("schemes of names", () => {
  test.each(Object.entries(schemes))(
    "%s",
    (_, { names, axes = "ZYX", zStep, values, channelNames, missing = [], warns }) => {
      for (let seed = 1; seed <= 5; seed++) {
        const order = orderFolder(shuffled(names, seed), "folder");
        expect(order.planes.map(({ file }) => file)).toEqual(names);
        expect(axesOf(order)).toBe(axes);
        if (values)
          expect(order.planes.map(({ value }) => value)).toEqual(values.map((value) => expect.closeTo(value ?? 0, 9)));
        expect(order.zStep).toEqual(zStep === undefined ? undefined : expect.closeTo(zStep, 6));
        expect(order.channelNames).toEqual(channelNames);
        expect(order.missing).toEqual(missing);
        if (warns) expect(order.warnings.join("\n")).toMatch(warns);
        else expect(order.warnings).toEqual([]);
        // Indices are those of the order, with z fastest.
        const { T, C, Z } = order.sizes;
        expect(order.planes.map(({ time, channel, z }) => [time, channel, z])).toEqual(
          grid(range(0, T - 1), range(0, C - 1), range(0, Z - 1)),
        );
      }
    },
  );

  test("any height that a program may write, in any notation, at any place, is read back in order", () => {
    const notations: ((z: number) => string)[] = [
      (z) => `z${z.toFixed(2)}um.tif`,
      (z) => `img_z=${z.toFixed(2)}.tif`,
      (z) => `img 7 z ${signed(z, 2)} um c1.tif`,
      (z) => `z${z.toFixed(2).replace(".", ",")}um.tif`,
      (z) => `z${z < 0 ? "m" : "p"}${Math.abs(z).toFixed(2).replace(".", "p")}.tif`,
      (z) => `${z < 0 ? "M" : "P"}${Math.abs(z).toFixed(2).replace(".", "p")}um_t001.tif`,
    ];
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: -2000, max: 2000 }), { minLength: 3, maxLength: 30 }),
        fc.nat(notations.length - 1),
        (hundredths, which) => {
          fc.pre(hundredths.some((z) => z < 0) && hundredths.some((z) => z > 0));
          const rising = [...hundredths].sort((a, b) => a - b).map((z) => z / 100);
          const names = rising.map(notations[which]);
          const order = orderFolder(
            hundredths.map((z) => notations[which](z / 100)),
            "folder",
          );
          expect(order.planes.map(({ file }) => file)).toEqual(names);
          expect(order.planes.map(({ value }) => value)).toEqual(rising);
        },
      ),
      { seed: 4, numRuns: 300 },
    );
  });

  test("ten thousand names take seconds at most", () => {
    const names = grid([0, 1], range(0, 4999)).map(([c, z]) => `img_c${c}_z${z}.tif`);
    const start = performance.now();
    const order = orderFolder(shuffled(names, 1), "folder");
    expect(order.sizes).toEqual({ T: 1, C: 2, Z: 5000 });
    expect(performance.now() - start).toBeLessThan(5000);
  });
});

function failure(names: string[], options: FolderOptions = {}): ParfocalError {
  try {
    const order = orderFolder(names, "folder", options);
    throw new Error(`no error, but ${order.rule}`);
  } catch (error) {
    expect(error).toBeInstanceOf(ParfocalError);
    return error as ParfocalError;
  }
}

describe("what would be a guess is an error", () => {
  test.each<[string, string[], RegExp]>([
    [
      "two numbers that nothing explains",
      grid([1, 2], [1, 2]).map(([a, b]) => `scan${a}_${b}.tif`),
      /"scan" \(2 values\).*"_" \(2 values\)/,
    ],
    ["a time and a plain number", grid([1, 2], [1, 2]).map(([a, b]) => `t${a}_${b}.tif`), /guess/],
    ["a known z and another number", grid([1, 2], [1, 2]).map(([a, b]) => `cell${a}_z${b}.tif`), /"cell"/],
    ["a grid of tiles", grid([1, 2], [1, 2]).map(([a, b]) => `tile_${a},${b}.tif`), /guess|positions/],
    ["words that are no channels", ["cellA_1.tif", "cellA_2.tif", "cellB_1.tif", "cellB_2.tif"], /"cellA", "cellB"/],
    ["no number at all", ["left.tif", "right.tif"], /"left", "right"/],
    [
      "one name that does not fit",
      ["z1.tif", "z2.tif", "z3.tif", "overview.tif"],
      /most names are like z1\.tif, but not overview\.tif/,
    ],
    ["a copy of a plane", ["z1.tif", "z2.tif", "z2 (1).tif"], /but not z2 \(1\)\.tif/],
    ["s, which is a slice or a position", range(1, 4).map((s) => `a_s${s}.tif`), /"s" may count planes or positions/],
    ["M and P without decimals", grid([0, 1], [1, 2]).map(([s, k]) => `${"MP"[s]}${k}.tif`), /"M", "P"/],
    ["a minus or a hyphen", ["z-0.5um.tif", "z-1.0um.tif", "z-1.5um.tif"], /minus or a hyphen/],
    [
      "two heights that disagree",
      grid([1, 2], [1, 2]).map(([a, b]) => `plane${a}_z${b}.tif`),
      /"z" and .*"plane"|"plane" and .*"z"/,
    ],
  ])("%s", (_, names, says) => {
    const error = failure(names);
    expect(error.message).toMatch(says);
    expect(error.message).toContain("`pattern <");
    expect([error.code, error.fields]).toEqual(["usage", expect.objectContaining({ option: "pattern" })]);
  });

  test("the same plane twice", () => {
    for (const names of [
      ["z1.tif", "z01.tif", "z2.tif"],
      ["z1.tif", "z1.png", "z2.tif"],
      ["z-0.0.tif", "z+0.0.tif", "z+1.0.tif"],
    ]) {
      const error = failure(names);
      expect(error.code).toBe("image.unfit");
      expect(error.message).toMatch(/are the same plane/);
      for (const name of names.slice(0, 2)) expect(error.message).toContain(name);
    }
    expect(failure(["z1.tif", "z1.png"]).message).toMatch(/no number distinguishes z1\.png from z1\.tif/);
  });

  test("a channel or a time that lacks planes", () => {
    const names = grid([0, 1], range(1, 4)).map(([c, z]) => `${["DAPI", "FITC"][c]}_z${z}.tif`);
    const error = failure(names.filter((name) => name !== "FITC_z3.tif"));
    expect([error.code, error.message]).toEqual([
      "image.unfit",
      expect.stringMatching(/2 channels x 4 planes need 8 files, but there are 7: no file for channel FITC plane 3;/),
    ]);
    const times = grid(range(0, 9), range(0, 9)).map(([t, z]) => `t${t}_z${z}.tif`);
    expect(failure(times.slice(0, 80).concat(times.slice(90, 93))).message).toMatch(
      /time 8 plane 0;.*and 2 more|9 time points/,
    );
  });

  test("several positions, and how to choose one", () => {
    const names = grid([0, 1, 2], range(0, 3)).map(
      ([p, z]) => `img_channel000_position00${p}_time000000000_z00${z}.tif`,
    );
    const error = failure(names);
    expect([error.code, error.message]).toEqual([
      "usage",
      expect.stringMatching(/3 positions by the number after "position": 0, 1, 2;/),
    ]);
    const chosen = orderFolder(names, "folder", { pattern: "img_channel000_position001_time{*}_z{z}.tif" });
    expect(chosen.planes.map(({ file }) => file)).toEqual(names.slice(4, 8));
    expect(failure(grid([1, 2], [1, 2]).map(([s, z]) => `a_s${s}_z${z}.tif`)).message).toMatch(
      /2 positions.*"s": 1, 2/,
    );
    const opera = grid([1, 2], [1, 2]).map(([f, p]) => `r01c02f0${f}p0${p}-ch1sk1fk1fl1.tiff`);
    expect(failure(opera).message).toMatch(/2 positions.*r01c02f01, r01c02f02/);
  });
});

describe("said by hand", () => {
  const names = grid([1, 2], range(1, 3)).map(([a, b]) => `scan${a}_${b}.tif`);

  test("a pattern names what varies, and chooses files", () => {
    const byPattern = (pattern: string, list = names) => orderFolder(list, "folder", { pattern });
    expect(byPattern("scan{c}_{z}.tif").sizes).toEqual({ T: 1, C: 2, Z: 3 });
    expect(byPattern("scan{z}_{t}.tif").sizes).toEqual({ T: 3, C: 1, Z: 2 });
    expect(byPattern("scan2_{z}.tif").planes.map(({ file }) => file)).toEqual(names.slice(3));
    expect(byPattern("scan2_{z}.tif").rule).toBe("Planes are ordered by {z} of the pattern, 1 to 3.");
    const heights = ["a M0p2um.tif", "a M0p1um.tif", "a P0p1um.tif", "notes.tif"];
    const order = byPattern("a {z}um.tif", heights);
    expect([order.planes.map(({ file }) => file), order.missing]).toEqual([heights.slice(0, 3), [0]]);
    const words = byPattern("{c}-{z}.tif", ["red-1.tif", "red-2.tif", "dark-1.tif", "dark-2.tif"]);
    expect([words.channelNames, words.sizes.Z]).toEqual([["dark", "red"], 2]);
    expect(byPattern("z-{z}um.tif", ["z-0.5um.tif", "z-1.0um.tif"]).planes.map(({ value }) => value)).toEqual([0.5, 1]);
    expect(byPattern("z{z}um.tif", ["z-0.5um.tif", "z-1.0um.tif"]).planes.map(({ value }) => value)).toEqual([
      -1, -0.5,
    ]);
    // Characters that regular expressions use are themselves.
    expect(byPattern("a(b)[+].{z}.tif", ["a(b)[+].2.tif", "a(b)[+].1.tif"]).planes.map(({ value }) => value)).toEqual([
      1, 2,
    ]);
  });

  test("patterns that are wrong", () => {
    expect(failure(names, { pattern: "img{z}.tif" }).message).toMatch(
      /none of its 6 image files matches the pattern "img\{z\}\.tif"; the first is "scan1_1\.tif"/,
    );
    expect(failure(names, { pattern: "scan{q}_{z}.tif" }).message).toMatch(/has \{q\}, which is not known/);
    expect(failure(names, { pattern: "scan{z}_{z}.tif" }).message).toMatch(/\{z\} twice/);
    expect(failure(names, { pattern: "{*}.tif" }).message).toMatch(/has no \{z\}/);
    expect(failure(names, { pattern: "scan{*}_{z}.tif" }).message).toMatch(/are the same plane/);
  });

  test("axes name the numbers in the order of the names", () => {
    expect(orderFolder(names, "folder", { axes: "CZYX" }).sizes).toEqual({ T: 1, C: 2, Z: 3 });
    expect(orderFolder(names, "folder", { axes: "ZTYX" }).sizes).toEqual({ T: 3, C: 1, Z: 2 });
    const frames = range(1, 3).map((t) => `frame${t}.tif`);
    expect(orderFolder(frames, "folder").sizes.T).toBe(3);
    expect(orderFolder(frames, "folder", { axes: "ZYX" }).sizes).toEqual({ T: 1, C: 1, Z: 3 });
    const error = failure(names, { axes: "ZYX" });
    expect([error.code, error.message]).toEqual([
      "usage",
      expect.stringMatching(/has letters for 1 parts.*2 parts vary: the number after "scan", the number after "_"/),
    ]);
  });

  test("the rule is a sentence for each axis", () => {
    expect(
      orderFolder(
        range(-4, 4).map((z) => `z${z}.tif`),
        "a",
      ).rule,
    ).toBe('Planes are ordered by the number after "z", -4 to 4.');
    expect(orderFolder(schemes.Leica.names, "a").rule).toBe(
      'Planes are ordered by the number after "z", 0 to 10. Channels are given by the number after "ch", 0 to 1. Time points are given by the number after "t", 0 to 1.',
    );
    expect(orderFolder(["scan 1.tif", "scan 2.tif"], "a").rule).toBe(
      'Planes are ordered by the only number that varies (after "scan"), 1 to 2.',
    );
    expect(orderFolder(["a.tif"], "a").rule).toBe("There is one file.");
  });
});

test("spacing: even, rounded, with gaps, uneven", () => {
  expect(spacingOf([1, 2, 3])).toEqual({ step: 1, missing: [], missingCount: 0 });
  expect(spacingOf([0, 0.33, 0.67, 1]).step).toBeCloseTo(1 / 3, 6);
  expect(spacingOf([0.1, 0.2, 0.4, 0.5])).toEqual({ step: 0.1, missing: [0.3], missingCount: 1 });
  expect(spacingOf([1, 2, 4, 8]).step).toBeUndefined();
  expect(spacingOf([0, 1, 2, 1e9])).toMatchObject({ step: 1, missingCount: 1e9 - 3, missing: { length: 1000 } });
});
