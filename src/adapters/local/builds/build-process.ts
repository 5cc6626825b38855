// All that moves builds, put together; and what the last process left undone, taken up.
import type { CloudEvent } from '../../../core/cloudevent.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { ObjectStore } from '../../../ports.ts';
import { createBuildCompletions } from './build-completions.ts';
import { createToolchain } from './build-environment.ts';
import type { BuildFolders } from './build-folders.ts';
import { createChanges, type Changes } from './build-log-reader.ts';
import { createBuildMoves, type BuildMoves } from './build-moves.ts';
import { createKeyedMutex } from '../keyed-mutex.ts';
import { createBuildQueue, type BuildQueue, type StartLimit } from './build-queue.ts';
import { openBuildRecords, type BuildRecords, type EndedBuild } from './build-records.ts';
import { takeUp } from './build-recovery.ts';
import { createBuildRunner } from './build-runner.ts';
import { createLayers } from './image-layers.ts';

export type BuildProcessDeps = {
  contexts: ObjectStore;
  /** Publishes a completion event; called again, with the same event, until it resolves. */
  completed: (event: CloudEvent) => Promise<void>;
  logger: Logger;
  startLimit?: StartLimit;
  /** For metrics: each attempt that ended, once. */
  onBuildEnded?: (build: EndedBuild) => void;
};

export type BuildProcessOptions = {
  maxRunning: number;
  maxQueued: number;
  /** From the start of a run to its forced end. */
  deadlineMs: number;
  /** Where the children's PATH, proxies and certificates come from; nothing else of it is handed on. */
  environment: Readonly<Record<string, string | undefined>>;
  now: () => number;
  /** Of a build's output that is kept. */
  logLimitBytes: number;
};

export type BuildProcess = {
  readonly records: BuildRecords;
  readonly changes: Changes;
  readonly queue: BuildQueue;
  readonly moves: BuildMoves;
  /** Fires when the platform stops. */
  readonly stopped: AbortSignal;
  /** Resolves when the build has left the queue, if its turn has come. */
  begun: (buildId: string) => Promise<void>;
  /** Starts what may start now, and resolves when it runs. */
  admitNext: () => Promise<void>;
  close: () => Promise<void>;
};

export const openBuildProcess = async (
  folders: BuildFolders,
  deps: BuildProcessDeps,
  options: BuildProcessOptions,
): Promise<BuildProcess> => {
  const { logger } = deps;
  const { now } = options;
  const records = await openBuildRecords(folders.builds);
  const stopping = new AbortController();
  const mutex = createKeyedMutex();
  const changes = createChanges();
  const shared = { records, mutex, changes, logger, now, stopped: stopping.signal };
  const ended = (build: EndedBuild): void => deps.onBuildEnded?.(build);
  const moves = createBuildMoves({
    ...shared,
    onBuildEnded: ended,
    queue: () => queue,
    runner: () => runner,
    completions: () => completions,
  });

  const beginning = new Map<string, Promise<void>>();
  const start = (buildId: string, again = false): void => {
    const begun = moves.begin(buildId, again).finally(() => beginning.delete(buildId));
    beginning.set(buildId, begun);
  };
  const failed = (err: unknown): void => logger.error({ err }, 'the rate of build starts could not be asked');
  const queue = createBuildQueue({ ...options, ...(deps.startLimit && { startLimit: deps.startLimit }), start, failed });
  const toolchain = createToolchain(options.environment, folders);
  const run = { contexts: deps.contexts, folders, logger, now, toolchain, layers: createLayers(folders.layers) };
  const runner = createBuildRunner({ ...run, changes, finish: moves.finish }, options);
  const completions = createBuildCompletions({ ...shared, completed: deps.completed }, stopping.signal);

  const admitNext = async (): Promise<void> => {
    await queue.admitNext();
    await Promise.all(beginning.values());
  };

  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    stopping.abort();
    queue.close();
    await mutex.idle();
    await runner.close();
    await completions.close();
    await mutex.idle();
    for (const { build } of records.all()) changes.ring(build.buildId);
  };

  await takeUp({ records, queue, moves, completions, runAgain: (buildId) => start(buildId, true) });
  await admitNext();

  return {
    ...{ records, changes, queue, moves, stopped: stopping.signal, admitNext },
    begun: async (buildId) => beginning.get(buildId),
    close: () => (closing ??= closeAll()),
  };
};
