/** Measures drift between planes and shifts between channels, in the middle of the field. */
import { type Drift, measureChannelShift, measureDrift, type Planes, type Shift } from "../array/registration.ts";
import type { Warning } from "../warning.ts";

/** The shift of a channel from channel 0, in pixels. */
export interface ChannelShift extends Shift {
  channel: number;
  /** Whether a warning is due: the shift is larger than a pixel and significant. */
  unregistered: boolean;
}

export interface Alignment {
  /** Drift over the planes of one channel; undefined for a single plane. `path` has the planes that were used. */
  drift?: Drift;
  /** One shift for each channel except the first. */
  channelShifts: ChannelShift[];
}

/** At most the middle 1024 x 1024 pixels of 64 planes are used, which is enough to measure a shift. */
const side = 1024;
const maxPlanes = 64;

/** Takes planes as they are read, and keeps what registration needs. */
export interface AlignmentMeter {
  add(plane: { z: number; channel: number; data: Float32Array }): void;
  result(): Alignment;
}

export function createAlignmentMeter(size: {
  depth: number;
  height: number;
  width: number;
  channels: number;
  /** The channel whose drift is measured. */
  channel: number;
}): AlignmentMeter {
  const { depth, channels, channel } = size;
  const height = Math.min(size.height, side);
  const width = Math.min(size.width, side);
  const stride = Math.ceil(depth / maxPlanes);
  const kept: Planes = {
    depth: Math.ceil(depth / stride),
    height,
    width,
    data: new Float32Array(depth > 1 ? Math.ceil(depth / stride) * height * width : 0),
  };
  const brightest = Array.from({ length: channels > 1 ? channels : 0 }, () =>
    new Float32Array(height * width).fill(Number.NEGATIVE_INFINITY),
  );
  return {
    add(plane) {
      const middle = crop(plane.data, size, height, width);
      if (depth > 1 && plane.channel === channel && plane.z % stride === 0) {
        kept.data.set(middle, (plane.z / stride) * height * width);
      }
      const projection = brightest[plane.channel];
      if (projection) for (let i = 0; i < middle.length; i++) projection[i] = Math.max(projection[i], middle[i]);
    },
    result() {
      const [first, ...others] = brightest.map((data) => ({ data, depth: 1, height, width }));
      const channelShifts = others.map((other, i) => ({ channel: i + 1, ...measureChannelShift(first, other) }));
      return depth > 1 ? { drift: measureDrift(kept), channelShifts } : { channelShifts };
    },
  };
}

function crop(
  data: Float32Array,
  plane: { height: number; width: number },
  height: number,
  width: number,
): Float32Array {
  if (height === plane.height && width === plane.width) return data;
  const middle = new Float32Array(height * width);
  const top = Math.floor((plane.height - height) / 2);
  const left = Math.floor((plane.width - width) / 2);
  for (let y = 0; y < height; y++) {
    const from = (top + y) * plane.width + left;
    middle.set(data.subarray(from, from + width), y * width);
  }
  return middle;
}

/** Warnings about drift and about shifted channels. */
export function alignmentWarnings({ drift, channelShifts }: Alignment): Warning[] {
  const warnings: Warning[] = [];
  if (drift?.drifted) {
    warnings.push({
      code: "drift",
      text:
        `The planes drift sideways by ${drift.range.toFixed(1)} pixels (standard error ${drift.standardError.toFixed(1)}). Register the stack before you train on it ` +
        "(Fiji: Plugins > Registration > Linear Stack Alignment with SIFT).",
    });
  }
  for (const { channel, dy, dx, unregistered } of channelShifts) {
    if (!unregistered) continue;
    warnings.push({
      code: "channel_shift",
      text:
        `Channel ${channel} is unregistered: it is shifted by ${signed(dx)} pixels in x and ${signed(dy)} in y from channel 0. ` +
        "Shift it back before you compare the two.",
    });
  }
  return warnings;
}

function signed(value: number): string {
  return `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(1)}`;
}
