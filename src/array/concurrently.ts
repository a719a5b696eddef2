/**
 * Does the work for all items, at most `count` of them at a time and begun in their order. If one fails, no other is
 * begun. The error is thrown when those in progress have ended, so that no work continues in the background.
 */
export async function concurrently<T>(
  items: Iterable<T>,
  count: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failure: { error: unknown } | undefined;
  const lane = async () => {
    try {
      for (let next = iterator.next(); !next.done && !failure; next = iterator.next()) await work(next.value);
    } catch (error) {
      failure ??= { error };
    }
  };
  await Promise.all(Array.from({ length: count }, lane));
  if (failure) throw (failure as { error: unknown }).error;
}
