// At most so many at once; the others wait in the order in which they came. What the server can't take it says itself (429); this
// keeps one process from asking everything at once.

export type Turns = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

export const createTurns = (max: number): Turns => {
  const waiting = new Set<() => void>();
  let taken = 0;

  const leave = (): void => {
    const [next] = waiting;
    if (next === undefined) taken--;
    else next();
  };

  const enter = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const begin = (): void => {
        waiting.delete(begin);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        waiting.delete(begin);
        reject(signal.reason as Error);
      };
      if (signal.aborted) giveUp();
      else if (taken < max) {
        taken++;
        resolve();
      } else {
        waiting.add(begin);
        signal.addEventListener('abort', giveUp, { once: true });
      }
    });

  return async (work, signal) => {
    await enter(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
};
