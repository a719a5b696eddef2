export interface Outcome {
  exitCode: number;
}
