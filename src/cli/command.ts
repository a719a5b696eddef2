/** Terms with a description each, in two columns. */
interface NoteList {
  title: string;
  rows: readonly (readonly [term: string, description: string])[];
}

/** What a command is beside its task: its help, and how its result is shown to people. */
export interface CommandText<Result = never, Options = Record<string, unknown>> {
  /** Paragraphs and lists for the help, below the options. */
  notes?: readonly (string | NoteList)[];
  /** Whole commands; the tests run those that need no file of the user's. */
  examples: readonly string[];
  /** The result as lines, without a newline at the end. */
  text(result: Result, options: Options): string;
  /** 3 where the work was done and what it made is of no use, such as a model that is not better than its input. */
  exitCode?(result: Result): 0 | 3;
}
