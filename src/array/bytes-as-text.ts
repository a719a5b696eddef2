/** A size as text with two or three digits: "512 bytes", "1.5 kB", "34 MB", "1.23 GB"; 1 kB is 1000 bytes. */
export function bytesAsText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} ${Math.round(bytes) === 1 ? "byte" : "bytes"}`;
  const units = ["kB", "MB", "GB", "TB"];
  // 999.9 kB is written as 1 MB, not as 1000 kB.
  const digits = Number(bytes.toPrecision(3));
  const unit = Math.min(units.length, Math.floor(Math.log10(digits) / 3));
  return `${Number((digits / 1000 ** unit).toPrecision(3))} ${units[unit - 1]}`;
}
