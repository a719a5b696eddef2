/**
 * Superposition on several threads, each of which images some of the planes. The spectra of the slices are shared if
 * the platform allows it, and copied otherwise; OTFs are copied once to each thread. Planes are computed independently,
 * so the result does not depend on the number of threads.
 */
import { breatheThrough } from "../../array/breathe.ts";
import type { RealFft2 } from "../../array/fft.ts";
import { ParfocalError } from "../../errors.ts";
import type { Otf, OtfBank } from "../psf/otf.ts";
import { otfsOfSteps, planesTogether, type SliceSpectra } from "./superpose.ts";
import type { SuperposeReply, SuperposeTask } from "./superpose-task.ts";

/** One thread: a worker of a browser or of Node, or anything else that answers tasks. */
export interface SuperposeThread {
  post(task: SuperposeTask): void;
  /** Called once. The thread calls `reply` with each answer, and `broken` if it fails. */
  listen(reply: (reply: SuperposeReply) => void, broken: (why: string) => void): void;
  close(): void | Promise<void>;
}

export interface SuperposePool {
  readonly threads: number;
  /**
   * As {@link superpose}, but each image is an array of its own.
   * @throws `runtime.failed` when a thread breaks; `interrupted` when the signal is aborted
   */
  superpose(
    plan: RealFft2,
    slices: SliceSpectra,
    planes: readonly number[],
    bank: OtfBank,
    signal?: AbortSignal,
  ): AsyncGenerator<Float32Array, void, void>;
  /** Ends the threads; running superpositions fail. */
  close(): Promise<void>;
}

/** Maximum size of the OTFs that a thread caches, in numbers: 256 MiB. */
const mostKept = 2 ** 26;

export function createSuperposePool(threads: readonly SuperposeThread[]): SuperposePool {
  const numbers = new WeakMap<Otf, number>();
  let numbered = 0;
  const numberOf = (otf: Otf) => {
    const number = numbers.get(otf) ?? numbered++;
    numbers.set(otf, number);
    return number;
  };
  const askers = threads.map(createAsker);
  const ask = (asker: Asker, plan: RealFft2, slices: SliceSpectra, otfs: Otf[][]) => {
    const fresh = new Map<number, Otf>();
    const all = otfs.map((list) =>
      list.map((otf) => {
        const number = numberOf(otf);
        fresh.set(number, otf);
        return number;
      }),
    );
    let size = 0;
    for (const [number, otf] of fresh) if (!asker.known.has(number)) size += otf.real.length + (otf.imag?.length ?? 0);
    const forget = asker.kept + size > mostKept;
    if (forget) {
      asker.known.clear();
      asker.kept = 0;
    }
    const unknown = [...fresh].filter(([number]) => !asker.known.has(number));
    for (const [number, otf] of unknown) {
      asker.known.add(number);
      asker.kept += otf.real.length + (otf.imag?.length ?? 0);
    }
    return asker.ask({ height: plan.height, width: plan.width, slices, otfs: unknown, forget, planes: all });
  };
  return {
    threads: threads.length,
    async *superpose(plan, slices, planes, bank, signal) {
      const share = Math.min(planesTogether, Math.ceil(planes.length / threads.length));
      const chunks: Promise<Float32Array[]>[] = [];
      for (let first = 0, i = 0; first < planes.length; first += share, i++) {
        const mine = planes.slice(first, first + share);
        const otfs = await breatheThrough(otfsOfSteps(slices, mine, bank), signal);
        const images = ask(askers[i % askers.length], plan, slices, otfs);
        // Marks the rejection as handled while an earlier chunk is still awaited.
        images.catch(() => {});
        chunks.push(images);
      }
      for (const chunk of chunks) yield* await chunk;
    },
    async close() {
      for (const asker of askers) asker.end("the pool was closed");
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Asker {
  ask(task: Omit<SuperposeTask, "id">): Promise<Float32Array[]>;
  /** Fails all running and later tasks. */
  end(why: string): void;
  /** Identifiers of the OTFs that the thread holds, and their size. */
  known: Set<number>;
  kept: number;
}

function createAsker(thread: SuperposeThread): Asker {
  const waiting = new Map<number, { resolve: (images: Float32Array[]) => void; reject: (error: Error) => void }>();
  let asked = 0;
  let gone: string | undefined;
  const failed = (why: string) =>
    new ParfocalError("runtime.failed", `Simulation: a thread failed: ${why}; try fewer threads.`, {
      runtime: "threads",
      detail: why,
    });
  const end = (why: string) => {
    gone ??= why;
    for (const { reject } of waiting.values()) reject(failed(gone));
    waiting.clear();
  };
  thread.listen((reply) => {
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ("failure" in reply) caller?.reject(failed(reply.failure));
    else caller?.resolve(reply.images);
  }, end);
  return {
    known: new Set(),
    kept: 0,
    end,
    ask: (task) =>
      new Promise((resolve, reject) => {
        if (gone !== undefined) return reject(failed(gone));
        const id = asked++;
        waiting.set(id, { resolve, reject });
        thread.post({ ...task, id });
      }),
  };
}
