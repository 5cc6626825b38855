// No more than so many per second: each one's turn is a fixed time after the one before, so nothing is owed after a pause.
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when it is one's turn. */
export type Pace = (signal?: AbortSignal) => Promise<void>;

/** @param perSecond 0 for no limit */
export const createPace = (perSecond: number, clock: () => number = performance.now.bind(performance)): Pace => {
  if (perSecond === 0) return () => Promise.resolve();
  const stepMs = 1000 / perSecond;
  let next = 0;
  return async (signal) => {
    const now = clock();
    const turn = Math.max(next, now);
    next = turn + stepMs;
    // A timer is no finer than a millisecond; turns that are closer than that go at once.
    if (turn - now >= 1) await sleep(turn - now, undefined, signal === undefined ? {} : { signal });
    signal?.throwIfAborted();
  };
};
