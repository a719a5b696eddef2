/** One spelling of the micrometre per medium: "um" in text for terminals, programs and files, "µm" on pages and pictures. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { withMicroSign } from "../src/figures/micro-sign.ts";
import { pictureGrid } from "../src/figures/picture-grid.ts";
import { plotLines } from "../src/figures/plots.ts";
import { renderReport } from "../src/figures/report.ts";

test("units get their sign, names do not change", () => {
  expect(withMicroSign("from -3 to 4 um, z (um): 5um; cycles per um. um/pixel")).toBe(
    "from -3 to 4 µm, z (µm): 5µm; cycles per µm. µm/pixel",
  );
  const names = "z_um a/um/b.tif 3 um.tif --um um-1 forum umbra quantum";
  expect(withMicroSign(names)).toBe(names);
});

test("a page says µm everywhere, and leaves addresses as they are", () => {
  const text = "A plane at 3 um";
  const html = renderReport({
    title: text,
    subtitle: text,
    sections: [
      { kind: "heading", text },
      { kind: "paragraph", text },
      { kind: "warnings", items: [text] },
      { kind: "links", items: [{ text, href: "5 um/index.html" }] },
      { kind: "table", caption: text, columns: [text, text], rows: [[text, text]] },
      { kind: "picture", svg: "<svg/>", alt: text, caption: text },
      { kind: "configuration", caption: text, text },
    ],
  });
  expect(html.replace('href="5 um/index.html"', "")).not.toMatch(/\bum\b/);
  expect(html).toContain('href="5 um/index.html"');
  expect(html.match(/3 µm/g)?.length).toBeGreaterThanOrEqual(12);
});

test("so do charts and pictures", async () => {
  const line = {
    name: "at 3 um",
    points: [
      { x: 0, y: 1 },
      { x: 1, y: 2 },
    ],
  };
  const svg = await plotLines([line], { x: "z (um)", y: "counts" });
  expect(svg).toContain("z (µm)");
  expect(svg).not.toMatch(/\bum\b/);
  const plane = { data: new Float32Array(64 * 64), height: 64, width: 64 };
  const text = "3 um";
  const grid = pictureGrid([{ label: text, detail: text, cells: [{ plane, caption: text }] }], {
    title: text,
    columns: [text],
    note: text,
    pixelSize: 0.5,
  });
  expect(grid).not.toMatch(/\bum\b/);
  expect(grid.match(/3 µm/g)).toHaveLength(6);
});

test("no other text of the sources spells it with the sign: terminal, JSON and messages say um", () => {
  // What reads units, what OME-TIFF asks for, and the function that sets the sign.
  const allowed = ["image/units.ts", "image/ome-write.ts", "figures/micro-sign.ts"];
  const files = readdirSync("src", { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
  const found = files.filter(
    (name) => name.endsWith(".ts") && !allowed.includes(name) && /[µμ]m/.test(readFileSync(`src/${name}`, "utf8")),
  );
  expect(found).toEqual([]);
});
