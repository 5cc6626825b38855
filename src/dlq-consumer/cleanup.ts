// The cleanup: what is older than the retention, and the oldest beyond the number that is kept, goes to the archive. Daily, and whenever
// there are far too many: the index takes memory for each, and every start reads them all.
import type { Logger } from '../ops/logger.ts';
import type { DeadLetterQueue } from '../ports.ts';

type Cleaned = { archived_for_age: number; archived_for_number: number; kept: number };
export type Cleanup = () => Promise<Cleaned>;

type Deps = {
  queue: Pick<DeadLetterQueue, 'matching'>;
  archive: (ids: readonly string[]) => Promise<number>;
  retentionMs: number;
  maxLetters: number;
  now: () => number;
};

/** One at a time: who asks while it runs is answered by the one that runs. */
export const createCleanup = ({ queue, archive, retentionMs, maxLetters, now }: Deps): Cleanup => {
  let running: Promise<Cleaned> | undefined;
  const run = async (): Promise<Cleaned> => {
    const forAge = await archive(await queue.matching({ failedBefore: now() - retentionMs }));
    const rest = await queue.matching({});
    const forNumber = await archive(rest.slice(0, Math.max(0, rest.length - maxLetters)));
    return { archived_for_age: forAge, archived_for_number: forNumber, kept: rest.length - forNumber };
  };
  return () =>
    (running ??= run().finally(() => {
      running = undefined;
    }));
};

/** Beyond both a day's storm would not fit into the memory that the process is given; fewer are no trouble, and wait for the night. */
const tolerance = 1.1;
const fewLetters = 1_000;

/** To be called now and then. Never throws: the next call tries again. @param parked undefined while it is not known */
export const createSurplusCleanup =
  (deps: { cleanup: Cleanup; parked: () => number | undefined; maxLetters: number; logger: Logger }) =>
  async (): Promise<void> => {
    const parked = deps.parked() ?? 0;
    if (parked <= Math.max(tolerance * deps.maxLetters, deps.maxLetters + fewLetters)) return;
    try {
      deps.logger.warn({ parked, ...(await deps.cleanup()) }, 'too many letters were parked: cleanup done before its time');
    } catch (error) {
      deps.logger.warn({ err: error, parked }, 'too many letters are parked, and they could not be archived; trying again');
    }
  };
