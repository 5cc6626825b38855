// What must happen in the end is tried until it does, or until the platform stops and the next start takes it over.
import { setTimeout as sleep } from 'node:timers/promises';

const firstPauseMs = 250;
const longestPauseMs = 30_000;

/**
 * Tries at least once.
 * @param failed called for each failure, with the number of the try
 * @returns whether it was done; `false` when the signal fired first
 */
export const untilDone = async (
  work: () => Promise<void>,
  signal: AbortSignal,
  failed: (thrown: unknown, tries: number) => void,
): Promise<boolean> => {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return true;
    } catch (thrown) {
      failed(thrown, tries);
    }
    const pause = Math.min(firstPauseMs * 2 ** (tries - 1), longestPauseMs);
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
  }
};
