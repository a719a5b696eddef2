import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Random } from "../src/array/random.ts";
import { cameraOptions } from "../src/optics/camera/camera-options.ts";
import { createSensor, exposeSensor } from "../src/optics/camera/sensor.ts";
import { imageVolume } from "../src/optics/imaging/image-volume.ts";
import { browserFor, inBrowser } from "./helpers/in-browser.ts";

const present = browserFor("the simulator in a browser");

const planes = [-2, 0, 1.5];
const pupil = { na: 0.8, wavelength: 0.5, refractiveIndex: 1 };
const camera = cameraOptions.parse({
  photons: 1000,
  background: 10,
  hot_pixels: 0.01,
  gain_spread: 0.02,
  vignetting: 0.3,
});

const page = (isolated: boolean) => `<!doctype html><script type="module">
  try {
    const { Random } = await import("/dist/array/random.js");
    const { createSensor, exposeSensor } = await import("/dist/optics/camera/sensor.js");
    const { imageVolume } = await import("/dist/optics/imaging/image-volume.js");
    const { openSuperposePoolWeb } = await import("/dist/optics/imaging/superpose-pool-web.js");
    if (crossOriginIsolated !== ${isolated}) throw new Error("isolated: " + crossOriginIsolated);
    const random = new Random(3);
    const data = Float32Array.from({ length: 5 * 40 * 48 }, () => (random.uniform() < 0.01 ? random.uniform() : 0));
    const volume = { data, depth: 5, height: 40, width: 48, pixelSize: 0.2, sliceStep: 0.5, bottom: -1 };
    const images = await imageVolume(volume, ${JSON.stringify(pupil)}, ${JSON.stringify(planes)});
    const pool = openSuperposePoolWeb(2);
    const shared = await imageVolume(volume, ${JSON.stringify(pupil)}, ${JSON.stringify(planes)}, { pool });
    await pool.close();
    const counts = new Float32Array(images.length);
    const sensor = createSensor(${JSON.stringify(camera)}, { height: 40, width: 48 });
    exposeSensor(sensor, images.map((value) => 120 + 1000 * Math.max(0, value)), counts, new Random(4));
    await fetch("/result", { method: "POST", body: new Blob([images, shared, counts]) });
  } catch (error) {
    await fetch("/failure", { method: "POST", body: String(error.stack) });
  }
</script>`;

/** What the page sends. The library comes from dist/, as a page would load it. */
async function sentBy(isolated: boolean): Promise<Float32Array> {
  const root = fileURLToPath(new URL("..", import.meta.url));
  const bytes = await inBrowser({
    isolated,
    read(path) {
      if (path === "/") return { type: "text/html", body: page(isolated) };
      if (!/^\/dist\/[\w/.-]+\.js$/.test(path) || !existsSync(join(root, path))) return undefined;
      return { type: "text/javascript", body: readFileSync(join(root, path)) };
    },
  });
  return new Float32Array(new Uint8Array(bytes).buffer);
}

describe.skipIf(!present)("the simulator in a browser", () => {
  it.each([
    ["shared memory", true],
    ["copies", false],
  ])("makes the same field as in Node, alone and on threads with %s", { timeout: 60_000 }, async (_, isolated) => {
    const random = new Random(3);
    const data = Float32Array.from({ length: 5 * 40 * 48 }, () => (random.uniform() < 0.01 ? random.uniform() : 0));
    const volume = { data, depth: 5, height: 40, width: 48, pixelSize: 0.2, sliceStep: 0.5, bottom: -1 };
    const images = await imageVolume(volume, pupil, planes);
    const counts = new Float32Array(images.length);
    exposeSensor(
      createSensor(camera, { height: 40, width: 48 }),
      images.map((value) => 120 + 1000 * Math.max(0, value)),
      counts,
      new Random(4),
    );
    const found = await sentBy(isolated);
    const { length } = images;
    expect(found).toHaveLength(3 * length);
    // On threads as alone: to the byte.
    expect(found.subarray(length, 2 * length)).toEqual(found.subarray(0, length));
    // As in Node: measured, to the byte as well, but another engine may round sines and logarithms in another way.
    let largest = 0;
    for (const value of images) largest = Math.max(largest, value);
    const off = images.map((value, i) => Math.abs(value - found[i]) / largest);
    const differing = counts.filter((value, i) => value !== found[2 * length + i]).length;
    expect(Math.max(...off)).toBeLessThan(1e-6);
    expect(differing).toBeLessThan(0.01 * length);
  });
});
