// Tells of each ended attempt until it is heard: the record owes the completion before it is published, and until after it is.
import type { CloudEvent } from '../../core/cloudevent.ts';
import { completionOf } from '../../core/emitted.ts';
import type { Logger } from '../../ops/logger.ts';
import type { KeyedMutex } from './build-mutex.ts';
import type { BuildRecords, EndedBuild } from './build-records.ts';
import { untilDone } from './build-retry.ts';

export type BuildCompletions = {
  /** Publishes what the build's record owes, oldest first, in the background. */
  publishOwed(buildId: string): void;
  /** Resolves when nothing is being published; what is still owed is so on disk. */
  close(): Promise<void>;
};

export const createBuildCompletions = (
  deps: { records: BuildRecords; mutex: KeyedMutex; completed: (event: CloudEvent) => Promise<void>; logger: Logger },
  stopped: AbortSignal,
): BuildCompletions => {
  const { records, mutex, completed, logger } = deps;
  const publishing = new Map<string, Promise<void>>();

  const publish = async (ended: EndedBuild): Promise<boolean> => {
    const event = completionOf(ended);
    // Not published twice because its record could not be written: only the step that failed is done again.
    const published = await untilDone(
      () => completed(event),
      stopped,
      (err, tries) => {
        logger.warn({ err, build_id: ended.buildId, tries }, 'the completion of a build could not be published; trying again');
      },
    );
    return (
      published &&
      untilDone(
        () => settle(ended),
        stopped,
        (err, tries) => {
          logger.error({ err, build_id: ended.buildId, tries }, 'the record of a build could not be written; trying again');
        },
      )
    );
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

  return {
    publishOwed: (buildId) => {
      if (publishing.has(buildId)) return;
      publishing.set(
        buildId,
        publishAll(buildId).finally(() => publishing.delete(buildId)),
      );
    },
    close: async () => {
      await Promise.all(publishing.values());
    },
  };
};
