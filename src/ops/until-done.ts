// What must happen in the end is tried until it does, or until the process stops and another takes it over.
import { setTimeout as sleep } from 'node:timers/promises';

/** In milliseconds; each pause is twice the one before. */
export type Pauses = { first: number; longest: number };

const patient: Pauses = { first: 250, longest: 30_000 };

/** @param failures in a row, 1 or more */
export const pauseAfter = (failures: number, { first, longest }: Pauses): number =>
  Math.min(first * 2 ** Math.min(failures - 1, 30), longest);

/**
 * Tries at least once.
 * @param failed called for each failure, with the number of the try
 * @returns whether it was done; `false` when the signal fired first
 */
export const untilDone = async (
  work: () => Promise<void>,
  signal: AbortSignal,
  failed: (thrown: unknown, tries: number) => void,
  pauses = patient,
): Promise<boolean> => {
  for (let tries = 1; ; tries++) {
    try {
      await work();
      return true;
    } catch (thrown) {
      failed(thrown, tries);
    }
    await sleep(pauseAfter(tries, pauses), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return false;
  }
};
