/** One training at a time in a run's folder. */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockFolder } from "../src/image/folder-lock.node.ts";

let run: string;
beforeEach(async () => {
  run = await mkdtemp(join(tmpdir(), "parfocal-lock-"));
});
afterEach(() => rm(run, { recursive: true, force: true }));

const path = () => join(run, "training.lock");
const owner = (own: object) =>
  `${JSON.stringify({ pid: process.pid, host: hostname(), since: "2020-01-01T00:00:00.000Z", ...own })}\n`;
/** The number of a process that has ended. */
const deadPid = () => spawnSync(process.execPath, ["-e", ""]).pid;

describe("the lock of a run", () => {
  it("is there while it is held, with process, machine and time, and gone afterwards", async () => {
    const unlock = await lockFolder(run);
    expect(JSON.parse(await readFile(path(), "utf8"))).toMatchObject({
      pid: process.pid,
      host: hostname(),
      since: expect.stringMatching(/^20\d\d-/),
    });
    await expect(lockFolder(run)).rejects.toMatchObject({
      code: "training.failed",
      message: new RegExp(
        `^Another training is writing into ${run} \\(process ${process.pid} on ${hostname()}, since .*new run without .resume`,
      ),
    });
    await unlock();
    expect(await readdir(run)).toEqual([]);
    await (await lockFolder(run))();
  });

  it("of a process that has ended is taken over, with a note", async () => {
    const pid = deadPid();
    await writeFile(path(), owner({ pid }));
    const notes: string[] = [];
    const unlock = await lockFolder(run, (note) => notes.push(note));
    expect(notes).toEqual([expect.stringContaining(`did not end properly (process ${pid}, since 2020`)]);
    expect(JSON.parse(await readFile(path(), "utf8")).pid).toBe(process.pid);
    await unlock();
    expect(await readdir(run)).toEqual([]);
  });

  it.skipIf(process.platform !== "linux")("of an earlier process with the same number is taken over", async () => {
    await writeFile(path(), owner({ born: "another-boot 12" }));
    await (await lockFolder(run))();
  });

  it("of another machine is respected, with what to do", async () => {
    await writeFile(path(), owner({ pid: deadPid(), host: "microscope-pc" }));
    await expect(lockFolder(run)).rejects.toThrow(
      /If that process no longer runs on microscope-pc, delete .*training\.lock/,
    );
  });

  it("that cannot be read is respected", async () => {
    await writeFile(path(), "");
    await expect(lockFolder(run)).rejects.toThrow(/If that training no longer runs, delete .*training\.lock/);
    await rm(path());
    await mkdir(path());
    await expect(lockFolder(run)).rejects.toThrow(/delete .*training\.lock/);
  });

  it("cannot be made in a folder that is not there", async () => {
    await expect(lockFolder(join(run, "gone"))).rejects.toMatchObject({ code: "output.failed" });
  });

  it.skipIf(process.platform === "win32")("cannot be made in a folder that may not be written", async () => {
    await chmod(run, 0o555);
    const module = new URL("../dist/image/folder-lock.node.js", import.meta.url).href;
    // Root may write everywhere.
    const script =
      `import { lockFolder } from ${JSON.stringify(module)}; if (process.getuid() === 0) process.setuid(65534); ` +
      `await lockFolder(${JSON.stringify(run)}).catch(({ code, message }) => console.log(code, message));`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    await chmod(run, 0o755);
    expect(stdout).toMatch(
      /^output\.failed .*training\.lock could not be written: there is no permission to write there/,
    );
  });

  it("is had by one of many that ask at once, also where an old one lies there", async () => {
    for (const before of [undefined, owner({ pid: deadPid() })]) {
      if (before) await writeFile(path(), before);
      const asked = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(run)));
      const got = asked.filter((one) => one.status === "fulfilled");
      expect(got).toHaveLength(1);
      await got[0].value();
    }
  });

  it("goes with its process, and is left behind by kill -9 only", async () => {
    const module = new URL("../dist/image/folder-lock.node.js", import.meta.url).href;
    const hold = async (then: string): Promise<void> => {
      const script = `import { lockFolder } from ${JSON.stringify(module)}; await lockFolder(${JSON.stringify(run)}); ${then}`;
      const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "inherit" });
      await once(child, "exit");
    };
    await hold("process.exit(130)");
    expect(await readdir(run)).toEqual([]);
    await hold('process.kill(process.pid, "SIGKILL")');
    expect(await readdir(run)).toEqual(["training.lock"]);
    await (await lockFolder(run))();
  });
});
