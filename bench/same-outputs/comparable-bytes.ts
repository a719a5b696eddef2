import { basename } from "node:path";

/**
 * The bytes of a written file that must not depend on when and where it was written. Left out are:
 * - in JSON: the keys `seconds` and `created`
 * - in YAML and pages (`.html`): lines of the key `created`; in pages also dates, and the training times of models
 * - in `metrics.csv`: the column `seconds`
 * - in TensorBoard events: the wall time of each event, the value of `seconds`, and the checksum, which depends on both
 * - in checkpoints: `seconds`, and the checksum, which depends on it
 * - in all text: the path of the folder in which the commands were run
 *
 * All other files (images, networks, pictures) are compared as they are.
 * @param folder in which the commands were run, an absolute path
 */
export function comparableBytes(name: string, bytes: Buffer, folder: string): Buffer {
  if (/\.tfevents/.test(name)) return eventsWithoutTimes(bytes);
  if (name.endsWith(".safetensors")) return checkpointWithoutTimes(bytes);
  if (!/\.(json|csv|html|yaml|txt)$/.test(name)) return bytes;
  const text = bytes.toString("utf8").replaceAll(folder, "");
  if (name.endsWith(".json")) return Buffer.from(withoutTimes(text));
  if (basename(name) === "metrics.csv") return Buffer.from(withoutColumn(text, "seconds"));
  const undated = text.replace(/^ *created: .*\n/gm, "");
  if (!name.endsWith(".html")) return Buffer.from(undated);
  const untimed = undated.replace(/(<td class="number">)\d+(<\/td><td>runs\/)/g, "$1$2").replace(/ for \d+ s \(/g, "");
  return Buffer.from(untimed.replace(/\b20\d\d-\d\d-\d\d\b/g, ""));
}

/** JSON with the order of its keys kept. Text that is no JSON, such as the empty output of a failed command, stays as it is. */
function withoutTimes(text: string): string {
  try {
    const left = (key: string, value: unknown) => (key === "seconds" || key === "created" ? undefined : value);
    return JSON.stringify(JSON.parse(text, left));
  } catch {
    return text;
  }
}

function withoutColumn(text: string, column: string): string {
  const rows = text.split("\n").map((line) => line.split(","));
  const place = rows[0].indexOf(column);
  return rows.map((row) => row.filter((_, i) => i !== place).join(",")).join("\n");
}

/** A safetensors file is the length of its header (8 bytes), the header in JSON, and the tensors. */
function checkpointWithoutTimes(bytes: Buffer): Buffer {
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start));
  const { seconds: _, crc32: __, ...metadata } = header.__metadata__ ?? {};
  return Buffer.concat([Buffer.from(JSON.stringify({ ...header, __metadata__: metadata })), bytes.subarray(start)]);
}

/**
 * A record of a TFRecord file is a length (8 bytes), its checksum (4), the event, and the checksum of the event (4). An event of
 * TensorBoard begins with its wall time: the tag 9 and 8 bytes. A scalar is its name, the tag 21 and 4 bytes.
 */
function eventsWithoutTimes(bytes: Buffer): Buffer {
  const changed = Buffer.from(bytes);
  const scalar = Buffer.from("seconds\x15");
  for (let at = 0; at + 16 <= changed.length; ) {
    const length = Number(changed.readBigUInt64LE(at));
    const end = at + 12 + length;
    if (changed[at + 12] === 9) changed.fill(0, at + 13, at + 21);
    const seconds = changed.subarray(0, end).indexOf(scalar, at);
    if (seconds >= 0) changed.fill(0, seconds + scalar.length, seconds + scalar.length + 4);
    changed.fill(0, end, end + 4);
    at = end + 4;
  }
  return changed;
}
