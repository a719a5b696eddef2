import type { Device } from "./runtime.ts";

export interface RuntimeOptions {
  /**
   * Default "auto", which is the CPU: whether a GPU would be faster cannot be told from outside (it may be a software
   * driver), so that a GPU must be asked for.
   */
  device?: "auto" | Device | undefined;
  threads?: number | undefined;
  /** Told when the fast runtime is missing and a slower one takes its place. */
  onWarning?: ((message: string) => void) | undefined;
}
