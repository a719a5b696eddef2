/** Memory that is counted before it is taken: a clear error instead of a process that dies. */
import { ParfocalError } from "../errors.ts";

export interface MemoryNeed {
  /** What is to be made, with the sizes that make it large: "A PSF of 41 planes of 512 x 512 pixels". */
  what: string;
  /** At its highest, beside what is there already. */
  bytes: number;
  /** What to try, after "give". */
  advice: string;
  /** What makes it large, by its snake_case name. */
  option: string;
  /** Bytes that it may take; default {@link availableMemory}. */
  allowed?: number | undefined;
}

/** Below this nothing is asked: every machine has it. */
const little = 64 * 2 ** 20;

/** @throws `usage` with what is needed, what is allowed, and what makes it large */
export function requireMemory({ what, bytes, advice, option, allowed }: MemoryNeed): void {
  if (allowed === undefined && bytes <= little) return;
  const limit = allowed ?? availableMemory();
  if (bytes <= limit) return;
  const message = `${what} needs about ${gib(bytes)} GiB of memory, and ${gib(limit)} GiB are ${allowed === undefined ? "there" : "allowed"}; give ${advice}.`;
  const fields = { option, got: `${gib(bytes)} GiB`, expected: `at most ${gib(limit)} GiB` };
  throw new ParfocalError("usage", message, fields);
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toPrecision(3);

/** What a tab of a browser can have, which does not say. */
const unknown = 2 * 2 ** 30;

/**
 * Bytes that this process may still take of the machine's memory, a tenth of them left to others; 2 GiB where nobody
 * says.
 */
export function availableMemory(): number {
  const { process } = globalThis as { process?: { availableMemory?: () => number } };
  const free = process?.availableMemory?.();
  return free === undefined ? unknown : 0.9 * free;
}
