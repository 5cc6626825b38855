// The daily cleanup: what is older than the retention, and the oldest beyond the number that is kept, goes to the archive.
import type { DeadLetterQueue } from '../ports.ts';

export type Cleanup = () => Promise<{ archived_for_age: number; archived_for_number: number; kept: number }>;

type Deps = {
  queue: DeadLetterQueue;
  archive: (ids: readonly string[]) => Promise<number>;
  retentionMs: number;
  maxLetters: number;
  now: () => number;
};

export const createCleanup =
  ({ queue, archive, retentionMs, maxLetters, now }: Deps): Cleanup =>
  async () => {
    const forAge = await archive(await queue.matching({ failedBefore: now() - retentionMs }));
    const rest = await queue.matching({});
    const forNumber = await archive(rest.slice(0, Math.max(0, rest.length - maxLetters)));
    return { archived_for_age: forAge, archived_for_number: forNumber, kept: rest.length - forNumber };
  };
