/**
 * Every error that Parfocal throws on purpose: a code, the fields that a program can act on, and one sentence for a
 * person (what, where, got, expected, what to try).
 */
export interface ErrorFields {
  /**
   * A command, function or configuration was used wrongly: the option, its value, and what is expected. Exit code 2.
   */
  usage: { option?: string; got?: unknown; expected?: string };
  /** A file or folder that does not exist, may not be read, or is empty. */
  "file.missing": { path: string };
  /**
   * A file that ends early, contradicts itself or does not fit its checksum: truncated, corrupt, impossible offsets.
   */
  "file.corrupt": { path: string; detail: string };
  /** A kind of file, compression or sample layout that Parfocal does not read, or a pipe, socket or device. */
  "file.unsupported": { path: string; detail: string };
  /** An output that exists already. Exit code 2. */
  "output.exists": { path: string };
  /** An output that could not be written: full disk, no permission. */
  "output.failed": { path: string; detail: string };
  /**
   * Pixels or axes that the task cannot use: RGB, NaN, constant, a single plane; duplicated or missing files of a
   * folder.
   */
  "image.unfit": { path?: string; detail: string };
  /** Calibration that is needed but not known: pixel size, z step, NA. Exit code 2. */
  "calibration.missing": { path?: string; what: string; option: string };
  /** A model that does not fit the input (other input planes, other task) or whose folder is broken. */
  "model.unfit": { path?: string; detail: string };
  /** A graph that cannot be built: shapes that do not match, an attribute out of range. This is a bug in the caller. */
  "graph.invalid": { op: string; detail: string };
  /** A runtime or device that this machine does not have, or that failed. */
  "runtime.unavailable": { runtime: string; detail: string };
  "runtime.failed": { runtime: string; detail: string };
  /**
   * Training that cannot continue: loss not finite, nothing to resume, a checkpoint of another configuration, a run in
   * use.
   */
  "training.failed": { detail: string; run?: string };
  /** Stopped by the user (Ctrl-C, SIGTERM, a closed terminal, or an AbortSignal). Exit code 130. */
  interrupted: { checkpoint?: string };
}

export type ErrorCode = keyof ErrorFields;

/** An error with a sentence for a person and fields for a program. */
export class ParfocalError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly fields: ErrorFields[C];

  /**
   * @param code one of {@link ErrorFields}
   * @param message one sentence: what, where, got, expected, what to try
   * @param fields what a program needs to act on it
   */
  constructor(code: C, message: string, fields: ErrorFields[C], options?: { cause?: unknown }) {
    super(message, options);
    this.name = "ParfocalError";
    this.code = code;
    this.fields = fields;
  }

  /** The exit code of the command line: 1 failed, 2 used wrongly, 130 interrupted. */
  get exitCode(): 1 | 2 | 130 {
    if (this.code === "interrupted") return 130;
    return this.code === "usage" || this.code === "output.exists" || this.code === "calibration.missing" ? 2 : 1;
  }
}

/** Throws `interrupted` when the signal has been aborted; call it between units of long work. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new ParfocalError("interrupted", "Stopped on request.", {});
}
