/** A sentence that a user should know before trusting a result. Programs go by the code, people by the text. */
export interface Warning {
  /** What kind it is: "distance_range", "clipped". It stays when the sentence is worded better. */
  code: string;
  /** One or two sentences; options are named in backquotes, in snake_case. */
  text: string;
}

/** Names what warnings are about, such as a stack, before each text. */
export const warningsAbout = (name: string, warnings: readonly Warning[]): Warning[] =>
  warnings.map(({ code, text }) => ({ code, text: `${name}: ${text}` }));

/** Gives sentences of one kind their code. */
export const warningsOf = (code: string, sentences: readonly string[]): Warning[] =>
  sentences.map((text) => ({ code, text }));
