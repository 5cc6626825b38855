// Tells of each ended attempt until it is heard: the record owes the completion before it is published, and until after it is.
import { setTimeout as sleep } from 'node:timers/promises';
import type { CloudEvent } from '../../../core/cloudevent.ts';
import { completionOf } from '../../../core/emitted.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { KeyedMutex } from '../keyed-mutex.ts';
import type { BuildRecords, EndedBuild } from './build-records.ts';
import { untilDone } from '../../../ops/until-done.ts';

export type BuildCompletions = {
  /** Publishes what the build's record owes, oldest first, in the background. */
  publishOwed(buildId: string): void;
  /** Resolves when nothing is being published; what is still owed is so on disk. */
  close(): Promise<void>;
};

/** For what is being published when the platform stops. */
const lastWordsMs = 2_000;

const failing =
  (logger: Logger, { buildId, attempt }: EndedBuild) =>
  (message: string) =>
  (err: unknown, tries: number) => {
    logger.warn({ err, build_id: buildId, attempt, tries }, message);
  };

export const createBuildCompletions = (
  deps: { records: BuildRecords; mutex: KeyedMutex; completed: (event: CloudEvent) => Promise<void>; logger: Logger },
  stopped: AbortSignal,
): BuildCompletions => {
  const { records, mutex, completed, logger } = deps;
  const publishing = new Map<string, Promise<void>>();

  const publish = async (ended: EndedBuild): Promise<boolean> => {
    const event = completionOf(ended);
    const failed = failing(logger, ended);
    // Not published twice because its record could not be written: only the step that failed is done again.
    if (
      !(await untilDone(
        () => completed(event),
        stopped,
        failed('the completion of a build could not be published; trying again'),
      ))
    )
      return false;
    return untilDone(() => settle(ended), stopped, failed('a completion could not be written down as published; trying again'));
  };

  const settle = (published: EndedBuild): Promise<void> =>
    mutex.run(published.buildId, async () => {
      const record = records.get(published.buildId);
      if (record === undefined) return;
      await records.put({ ...record, owed: record.owed.filter(({ attempt }) => attempt !== published.attempt) });
    });

  const publishAll = async (buildId: string): Promise<void> => {
    while (!stopped.aborted) {
      const [next] = records.get(buildId)?.owed ?? [];
      if (next === undefined || !(await publish(next))) return;
    }
  };

  const publishOwed = (buildId: string): void => {
    if (stopped.aborted || publishing.has(buildId)) return;
    const done = publishAll(buildId).finally(() => {
      publishing.delete(buildId);
      // Something may have come to be owed after the last look.
      if ((records.get(buildId)?.owed.length ?? 0) > 0) publishOwed(buildId);
    });
    publishing.set(buildId, done);
  };

  return {
    publishOwed,
    close: async () => {
      // A broker that does not answer holds nobody up: what it may not have heard is still owed.
      await Promise.race([Promise.all(publishing.values()), sleep(lastWordsMs, undefined, { ref: false })]);
    },
  };
};
