/**
 * Does the work for all items, at most `count` of them at a time and begun in their order. When one fails, no other is begun; the error
 * is thrown when those under way have ended, so that nothing goes on behind it.
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
