/** A sentence that a user should know before trusting a result. Programs go by the code, people by the text. */
export interface Warning {
  /** What kind it is: "distance_range", "clipped". It stays when the sentence is worded better. */
  code: string;
  /** One or two sentences; options are named in backquotes, in snake_case. */
  text: string;
}
