import { ParfocalError } from "../errors.ts";
import type { CommonConfig } from "./common-config.ts";

/**
 * Refuses `model_pixel_size` for a method that needs the original pixels of the camera.
 * @throws usage
 */
export function refuseResampling({ model_pixel_size: size }: CommonConfig, why: string): void {
  if (size === undefined) return;
  const advice = "leave it out and train on stacks with one pixel size";
  throw configError("model_pixel_size", `model_pixel_size: ${why}; ${advice}`);
}

/** An error of code `usage` about a key of a training configuration. */
export function configError(option: string, detail: string): ParfocalError {
  return new ParfocalError("usage", `Training configuration: ${detail}.`, { option });
}
