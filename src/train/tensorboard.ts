import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/**
 * TensorBoard event files: TFRecords (length, masked CRC-32C of it, data, masked CRC-32C of it) of Event messages
 * (tensorflow/core/util/event.proto: wall_time 1, step 2, file_version 3, summary 5 with value 1 of tag 1 and
 * simple_value 2).
 */
export function versionRecord(wallTime: number): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(wallTime);
  event.tag(3, WireType.LengthDelimited).string("brain.Event:2");
  return record(event.finish());
}

/** One event with several scalars. */
export function scalarsRecord(wallTime: number, step: number, scalars: Record<string, number>): Uint8Array {
  const event = new BinaryWriter();
  event.tag(1, WireType.Bit64).double(wallTime);
  event.tag(2, WireType.Varint).int64(step);
  event.tag(5, WireType.LengthDelimited).fork();
  for (const [tag, value] of Object.entries(scalars)) {
    event.tag(1, WireType.LengthDelimited).fork();
    event.tag(1, WireType.LengthDelimited).string(tag);
    event.tag(2, WireType.Bit32).float(value);
    event.join();
  }
  event.join();
  return record(event.finish());
}

function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(data), true);
  return bytes;
}

/** CRC-32C (Castagnoli), rotated and shifted as TFRecord asks. */
function maskedCrc(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}
