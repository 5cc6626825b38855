// The ImageBuilder of one machine: builds as child processes, images as folders, and a record on disk before anything is promised.
import { join } from 'node:path';
import { hasEnded } from '../../../core/build.ts';
import { CodedError } from '../../../core/errors.ts';
import type { ImageBuilder } from '../../../ports.ts';
import { buildFolders, type BuildFolders } from './build-folders.ts';
import { readLog } from './build-log-reader.ts';
import { openBuildProcess, type BuildProcess, type BuildProcessDeps, type BuildProcessOptions } from './build-process.ts';
import { clearLeftovers } from './build-recovery.ts';
import { isFolder } from './image-folder.ts';
import { imageFolder, readTag } from './image-tags.ts';

export type LocalImageBuilderDeps = BuildProcessDeps;
export type LocalImageBuilderOptions = Omit<BuildProcessOptions, 'logLimitBytes'> & { dataDir: string; logLimitBytes?: number };

export type LocalImageBuilder = ImageBuilder & {
  depth(): { queued: number; running: number };
  /** Ends what runs, without waiting for it to finish: the next start runs it again. */
  close(): Promise<void>;
};

const defaultLogLimitBytes = 10 * 2 ** 20;

/** Only one at a time may be open on a data directory. */
export const createLocalImageBuilder = async (
  deps: LocalImageBuilderDeps,
  options: LocalImageBuilderOptions,
): Promise<LocalImageBuilder> => {
  const folders = buildFolders(options.dataDir);
  await clearLeftovers(folders, deps.logger);
  const builds = await openBuildProcess(folders, deps, { logLimitBytes: defaultLogLimitBytes, ...options });
  const { records, moves, queue } = builds;
  return {
    submit: submitTo(builds),
    get: (buildId) => Promise.resolve(records.get(buildId)?.build),
    // In a promise's constructor, so that a refused cursor rejects and is not thrown.
    list: (filter, page) => new Promise((resolve) => resolve(records.list(filter, page))),
    logs: logsOf(builds, folders),
    cancel: async (buildId, reason) => {
      refuseWhenStopped(builds);
      return moves.cancel(buildId, reason);
    },
    findImage: async (image) => {
      const tag = await readTag(folders.tags, image);
      return tag !== undefined && (await isFolder(imageFolder(folders.images, tag.digest))) ? tag.digest : undefined;
    },
    admitNext: builds.admitNext,
    depth: queue.depth,
    close: builds.close,
  };
};

const refuseWhenStopped = ({ stopped }: BuildProcess): void => {
  if (stopped.aborted) throw new CodedError('STOPPING', 'The platform stops');
};

const submitTo =
  (builds: BuildProcess): ImageBuilder['submit'] =>
  async (request, knownEnd) => {
    refuseWhenStopped(builds);
    const entered = await builds.moves.enqueue(request, knownEnd);
    if (entered === 'entered') {
      await builds.queue.admitNext();
      await builds.begun(request.buildId);
    }
    const build = builds.records.get(request.buildId)?.build;
    if (build === undefined) throw new CodedError('INTERNAL', 'The build was not written down');
    return { outcome: entered === 'exists' ? entered : build.status === 'queued' ? 'queued' : 'started', build };
  };

const logsOf = (builds: BuildProcess, folders: BuildFolders): ImageBuilder['logs'] =>
  async function* (buildId, { follow, offset, signal }) {
    const { records, changes, stopped } = builds;
    if (records.get(buildId) === undefined)
      throw new CodedError('BUILD_NOT_FOUND', `There is no build "${buildId.slice(0, 64)}"`);
    const hasStopped = (): boolean => {
      const status = records.get(buildId)?.build.status;
      return stopped.aborted || status === undefined || hasEnded(status);
    };
    const listen = (listener: () => void): (() => void) => changes.listen(buildId, listener);
    yield* readLog({ path: join(folders.builds, `${buildId}.log`), offset, follow, signal, hasEnded: hasStopped, listen });
  };
