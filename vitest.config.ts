import { existsSync } from "node:fs";
import { defineConfig } from "vitest/config";
import { fastTests } from "./test/fast-tests.ts";

for (const path of fastTests)
  if (!existsSync(path)) throw new Error(`test/fast-tests.ts names ${path}, which is missing`);

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // What tests start as a program of its own, such as the command line, is not counted.
    coverage: { include: ["src/**/*.ts"], reporter: ["text-summary", "html"] },
    projects: [
      { extends: true, test: { name: "fast", include: fastTests } },
      { extends: true, test: { name: "slow", include: ["test/**/*.test.ts"], exclude: fastTests } },
    ],
  },
});
