// A long list, a few items at a time.

/**
 * Each item goes through `work`, at most so many at once. When one fails no further one is begun; those under way are waited for, then the
 * first failure is thrown.
 * @param items a generator's: it is asked for several items at once, and answers them one after the other
 */
export const eachAtOnce = async <T>(items: AsyncIterable<T>, most: number, work: (item: T) => Promise<void>): Promise<void> => {
  const iterator = items[Symbol.asyncIterator]();
  const failures: unknown[] = [];
  const goThrough = async (): Promise<void> => {
    while (failures.length === 0) {
      const item = await iterator.next();
      if (item.done === true) return;
      await work(item.value);
    }
  };
  const noted = (thrown: unknown): void => void failures.push(thrown);
  await Promise.all(Array.from({ length: most }, () => goThrough().catch(noted)));
  await iterator.return?.();
  if (failures.length > 0) throw failures[0];
};
