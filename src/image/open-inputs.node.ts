/** The files that this process is reading. An output must not replace one of them. */

const open = new Map<string, number>();
const keyOf = ({ dev, ino }: { dev: number; ino: number }): string => `${dev}:${ino}`;

/** @param file as `stat` describes it @returns a function to call when the file is closed */
export function noteInput(file: { dev: number; ino: number }): () => void {
  const key = keyOf(file);
  open.set(key, (open.get(key) ?? 0) + 1);
  let closed = false;
  return () => {
    if (closed) return;
    closed = true;
    const left = (open.get(key) ?? 1) - 1;
    if (left > 0) open.set(key, left);
    else open.delete(key);
  };
}

/** Whether a file, by whatever name or link, is being read. */
export const isInput = (file: { dev: number; ino: number }): boolean => open.has(keyOf(file));
