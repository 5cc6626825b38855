// What a platform that died left behind: processes end, half-made things go, and every promise is taken up again.
import { mkdir } from 'node:fs/promises';
import type { Logger } from '../../../ops/logger.ts';
import type { BuildCompletions } from './build-completions.ts';
import type { BuildFolders } from './build-folders.ts';
import { candidateOf, type BuildMoves } from './build-moves.ts';
import type { BuildQueue } from './build-queue.ts';
import type { BuildRecords } from './build-records.ts';
import { removeHalfWritten } from '../durable-file.ts';
import { removeFolder, removeUnfinished } from './image-folder.ts';
import { endLeftovers } from '../process-group.ts';

/** Before anything else is done there: what is still running could write into what is removed. */
export const clearLeftovers = async (folders: BuildFolders, logger: Logger): Promise<void> => {
  const ended = await endLeftovers(folders.processes);
  if (ended > 0) logger.warn({ processes: ended }, 'builds that outlived their platform were ended');
  await removeFolder(folders.temporary);
  await removeUnfinished(folders.images);
  await removeUnfinished(folders.layers);
  await removeHalfWritten(folders.tags);
  await removeHalfWritten(folders.interpreters);
  for (const folder of [folders.builds, folders.tags, folders.home]) await mkdir(folder, { recursive: true });
};

/** What ran runs again before anything new starts; what waited waits in the same order; what was not heard of is told again. */
export const takeUp = async (builds: {
  records: BuildRecords;
  queue: BuildQueue;
  moves: BuildMoves;
  completions: BuildCompletions;
  runAgain: (buildId: string) => void;
}): Promise<void> => {
  for (const { build, owed } of builds.records.all()) {
    if (owed.length > 0) builds.completions.publishOwed(build.buildId);
    if (build.status === 'queued') builds.queue.enterAgain(candidateOf(build));
    if (build.status !== 'running') continue;
    if (builds.queue.resume(candidateOf(build))) builds.runAgain(build.buildId);
    // Fewer may run now than did before.
    else await builds.moves.requeue(build.buildId);
  }
};
