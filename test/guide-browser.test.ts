/** The guide to Parfocal in a browser: its page, built by Vite, opened in Chromium and used as a user would. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodeImage } from "../src/image/encode-image.ts";
import { memoryStorage } from "../src/image/memory-storage.ts";
import { readImage } from "../src/image/open-stored-image.ts";
import { saveModel } from "../src/models/model-folder.ts";
import { nodeContext } from "../src/tasks/node-context.node.ts";
import { runTask } from "../src/tasks/run-task.ts";
import { followGuide } from "./helpers/guide.ts";
import { browserFor, inBrowser } from "./helpers/in-browser.ts";
import { tinyModel } from "./helpers/tiny-model.ts";

const types: Record<string, string> = {
  ".html": "text/html",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};

/** Presses the button, chooses the files, and sends the two results, with the length of the first before them. */
const user = `<script type="module">
  addEventListener("error", ({ message }) => fetch("/failure", { method: "POST", body: message }));
  addEventListener("unhandledrejection", ({ reason }) =>
    fetch("/failure", { method: "POST", body: String(reason?.stack ?? reason) }));
  const results = document.getElementById("results");
  const result = (name) => new Promise((found) => {
    const look = () => {
      const link = results.querySelector("a[download='" + name + "']");
      if (link) fetch(link.href).then((answer) => answer.arrayBuffer()).then(found);
      else setTimeout(look, 50);
    };
    look();
  });
  document.getElementById("simulate").click();
  const beads = await result("beads.tif");
  const chosen = new DataTransfer();
  for (const name of ["model.yaml", "model.onnx"])
    chosen.items.add(new File([await (await fetch("/model/" + name)).arrayBuffer()], name));
  chosen.items.add(new File([await (await fetch("/plane.tif")).arrayBuffer()], "plane.tif"));
  const input = document.getElementById("files");
  input.files = chosen.files;
  input.dispatchEvent(new Event("change"));
  const refocused = await result("refocused.tif");
  await fetch("/result", { method: "POST", body: new Blob([new Uint32Array([beads.byteLength]), beads, refocused]) });
</script>`;

describe.skipIf(!browserFor("the guide to Parfocal in a browser"))("the page of the guide", () => {
  const root = mkdtempSync(join(tmpdir(), "parfocal-page-"));
  const storage = memoryStorage();
  beforeAll(async () => {
    followGuide(readFileSync("docs/guides/in-a-browser.md", "utf8"), root);
    mkdirSync(join(root, "node_modules"));
    symlinkSync(resolve("."), join(root, "node_modules", "parfocal"), "junction");
    writeFileSync(join(root, "package.json"), '{ "type": "module" }');
    const { build } = await import("vite");
    await build({ root, logLevel: "error", configFile: false, build: { target: "esnext", minify: false } });
    const { info, onnx } = tinyModel();
    await saveModel(storage, "model", info, onnx);
    // The same in Node.
    const caller = { ...nodeContext, storage };
    await runTask("simulate", { recipe: "beads", output: "node.tif", size: 128, planes: 9, seed: 3 }, caller);
    const { data, shape, ...beads } = await readImage(storage, "node.tif");
    const [, height, width] = shape;
    const plane = {
      ...beads,
      axes: "YX",
      shape: [height, width],
      data: data.slice(4 * height * width, 5 * height * width),
    };
    storage.put("plane.tif", encodeImage("plane.tif", plane));
    const refocus = { image: "plane.tif", model: "model", z: [-1, 0, 1], output: "node-refocused.tif" };
    await runTask("refocus", refocus, caller);
  });
  afterAll(() => rmSync(root, { recursive: true }));

  test.each([
    ["shares memory between its threads", true],
    ["copies memory between its threads", false],
  ])("simulates and refocuses, and %s", { timeout: 120_000 }, async (_, isolated) => {
    const requested: string[] = [];
    const bytes = await inBrowser({
      isolated,
      seconds: 100,
      read(path) {
        requested.push(path);
        const file = storage.files.get(path.slice(1));
        if (file) return { type: "application/octet-stream", body: file };
        const built = join(root, "dist", path === "/" ? "index.html" : path);
        if (!existsSync(built)) return undefined;
        const body = readFileSync(built);
        const text = path === "/" ? body.toString().replace("</ul>", `</ul>${user}`) : body;
        return { type: types[extname(built)] ?? "application/octet-stream", body: text };
      },
    });
    expect(requested.filter((path) => path.includes("superpose-worker")).length).toBeGreaterThan(0);
    const length = bytes.readUInt32LE(0);
    storage.put("browser.tif", bytes.subarray(4, 4 + length));
    storage.put("browser-refocused.tif", bytes.subarray(4 + length));

    for (const [path, other] of [
      ["browser.tif", "node.tif"],
      ["browser-refocused.tif", "node-refocused.tif"],
    ]) {
      const [found, expected] = await Promise.all([readImage(storage, path), readImage(storage, other)]);
      expect([found.axes, found.shape]).toEqual([expected.axes, expected.shape]);
      let [largest, difference] = [0, 0];
      for (const [i, value] of expected.data.entries()) {
        largest = Math.max(largest, value);
        difference = Math.max(difference, Math.abs(value - found.data[i]));
      }
      expect(largest).toBeGreaterThan(0);
      // Measured: the same counts for the simulated stack, and one count of 8071 for the refocused one.
      expect(difference / largest).toBeLessThan(5e-4);
    }
  });
});
