/**
 * Makes PNG files small enough for the repository, in place: for pictures that a run has made, such as docs/demo.png.
 *
 *     npm run figures:shrink -- FILE...
 */
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "../src/image/atomic-file.node.ts";
import { smallPng } from "./small-png.ts";

for (const path of process.argv.slice(2)) {
  const before = await readFile(path);
  const after = smallPng(before);
  await writeFileAtomic(path, after, { force: true });
  console.log(`${path}: ${before.length} bytes before, ${after.length} after`);
}
