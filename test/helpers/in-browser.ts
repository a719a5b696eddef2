/** Pages in a headless browser: Debian's Chromium. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const chromium = "/usr/bin/chromium";

/** Whether there is a browser; where there is none, a line says what is skipped. */
export function browserFor(what: string): boolean {
  const present = existsSync(chromium);
  if (!present) console.warn(`Skipping ${what}: ${chromium} is not there.`);
  return present;
}

export interface Site {
  /** What lies at a path, "/" included; undefined where nothing does. */
  read(path: string): { type: string; body: string | Uint8Array } | undefined;
  /** Whether pages may share memory between threads. */
  isolated?: boolean;
  seconds?: number;
}

/**
 * Opens the page "/" of a site, and waits until it posts bytes to "/result".
 * @throws what it posts to "/failure" instead; an error where it posts nothing in time
 */
export async function inBrowser({ read, isolated = false, seconds = 50 }: Site): Promise<Buffer> {
  const profile = mkdtempSync(join(tmpdir(), "parfocal-chromium-"));
  let browser: ChildProcess | undefined;
  let answer: (bytes: Buffer) => void = () => {};
  let refuse: (error: Error) => void = () => {};
  const sent = new Promise<Buffer>((resolve, reject) => {
    answer = resolve;
    refuse = reject;
  });
  const server = createServer((request, response) => {
    const path = request.url ?? "/";
    if (isolated) {
      response.setHeader("Cross-Origin-Opener-Policy", "same-origin");
      response.setHeader("Cross-Origin-Embedder-Policy", "require-corp");
    }
    if (request.method === "POST") {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        response.end();
        const body = Buffer.concat(parts);
        if (path === "/result") answer(body);
        else refuse(new Error(`In the browser: ${body}`));
      });
      return;
    }
    const found = path.includes("..") ? undefined : read(path);
    if (found) response.setHeader("Content-Type", found.type).end(found.body);
    else response.writeHead(404).end();
  });
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
    browser = spawn(chromium, [...flags, address], { stdio: "ignore", detached: true });
    const late = new Promise<never>((_, reject) => {
      const message = `The browser did not answer in ${seconds} s.`;
      setTimeout(() => reject(new Error(message)), 1000 * seconds).unref();
    });
    return await Promise.race([sent, late]);
  } finally {
    const ended = new Promise((resolve) => browser?.once("exit", resolve));
    // With its helpers, which would write into the profile a little longer.
    if (browser?.pid !== undefined) process.kill(-browser.pid, "SIGKILL");
    await ended;
    server.closeAllConnections();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
