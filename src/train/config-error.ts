import { ParfocalError } from "../errors.ts";

/** `usage`, naming the key of a training's configuration. */
export function configError(option: string, detail: string): ParfocalError {
  return new ParfocalError("usage", `Training configuration: ${detail}.`, { option });
}
