/** What users get: the files of the package, and what a bundler makes of one name of it. Both are looked at in the last build. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { rolldown } from "rolldown";
import { describe, expect, test } from "vitest";

describe("the package", () => {
  test("holds no source map whose source it lacks, and nothing of the compiler's own", () => {
    const text = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
      shell: process.platform === "win32",
    });
    const files = (JSON.parse(text) as { files: { path: string }[] }[])[0].files.map(({ path }) => path);
    expect(files).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/cli/main.node.js"]));
    expect(files.filter((path) => /\.map$|tsbuildinfo/.test(path))).toEqual([]);
    expect(readFileSync("dist/index.js", "utf8")).not.toContain("sourceMappingURL");
  });
});

describe("a bundler", () => {
  /** Bytes, minified, of a program that uses one name of the package. */
  async function bundled(name: string, path: string): Promise<{ bytes: number; run: () => Promise<unknown> }> {
    const index = resolve("dist", path);
    const text = `export { ${name} } from ${JSON.stringify(index)};`;
    const entry = {
      name: "entry",
      resolveId: (id: string) => (id === "entry" ? id : null),
      load: (id: string) => (id === "entry" ? text : null),
    };
    const build = await rolldown({ input: "entry", platform: "browser", plugins: [entry] });
    const { output } = await build.generate({ minify: true, format: "esm" });
    const chunks = output.filter((one) => one.type === "chunk");
    expect(chunks).toHaveLength(1);
    const url = `data:text/javascript;base64,${Buffer.from(chunks[0].code).toString("base64")}`;
    return { bytes: chunks[0].code.length, run: async () => (await import(/* @vite-ignore */ url))[name] };
  }

  const entries = ["index.js", "metrics/index.js"];
  test.each(entries)("takes of one score what that score needs, and it works: %s", async (entry) => {
    const { bytes, run } = await bundled("ssim", entry);
    // 6.3 kB, a third of it the vector code; all of the package is half a megabyte.
    expect(bytes).toBeLessThan(8000);
    const ssim = (await run()) as typeof import("../src/metrics/ssim.ts").ssim;
    const picture = { data: Float32Array.from({ length: 400 }, (_, i) => (i * 7919) % 101), height: 20, width: 20 };
    const other = { ...picture, data: picture.data.map((value, i) => value + (i % 3)) };
    expect(ssim(picture, picture, 100)).toBeCloseTo(1, 12);
    expect(ssim(picture, other, 100)).toBeLessThan(0.9999);
  });
});
