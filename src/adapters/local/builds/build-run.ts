// One run of one build: from its packed context to an image that its name stands for. Whatever happens, it ends in an outcome.
import { randomUUID } from 'node:crypto';
import { mkdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Build } from '../../../core/build.ts';
import { CodedError } from '../../../core/errors.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { ObjectStore } from '../../../ports.ts';
import type { Toolchain } from './build-environment.ts';
import { unfinished, type BuildFolders } from './build-folders.ts';
import { systemCode } from '../durable-file.ts';
import type { BuildLog } from './build-log.ts';
import { runScript } from './build-script.ts';
import { contentHashOf } from './image-digest.ts';
import { isFolder, removeFolder, settleFolder } from './image-folder.ts';
import { layerKeyOf, type Layers } from './image-layers.ts';
import { imageFolder, readTag, writeTag } from './image-tags.ts';
import { unpackContext } from './image-unpack.ts';

/** `interrupted`: the platform stops, and the next start runs it again. */
export type StopReason = { status: 'cancelled' | 'timeout' | 'interrupted'; message: string };

export type Outcome =
  | { status: 'complete'; imageDigest: string }
  | { status: 'failed'; exitCode?: number; errorMessage: string }
  | { status: StopReason['status']; errorMessage: string };

export type RunDeps = {
  contexts: ObjectStore;
  layers: Layers;
  toolchain: Toolchain;
  folders: BuildFolders;
  logger: Logger;
  now: () => number;
};

/** As long as a completion event carries it. */
const maxMessage = 4_096;

type Run = { build: Build; log: BuildLog; signal: AbortSignal; root: string; temporary: string };

/** @param signal its reason is a StopReason */
export const runBuild = async (deps: RunDeps, build: Build, log: BuildLog, signal: AbortSignal): Promise<Outcome> => {
  const name = `${unfinished}${randomUUID()}`;
  const run: Run = { build, log, signal, root: join(deps.folders.images, name), temporary: join(deps.folders.temporary, name) };
  try {
    const outcome = (await finishedBefore(deps, run)) ?? (await produce(deps, run));
    log.note(`=== ${outcome.status}${outcome.status === 'complete' ? `: ${outcome.imageDigest}` : ''}`);
    return outcome;
  } catch (thrown) {
    const outcome = signal.aborted ? stopped(signal.reason as StopReason, log) : broken(deps.logger, thrown);
    log.note(`=== ${outcome.status}: ${outcome.errorMessage}`);
    return outcome;
  } finally {
    await Promise.all([removeFolder(run.root), removeFolder(run.temporary)]).catch((err: unknown) => {
      deps.logger.warn({ err }, 'the folders of a build could not be removed; the next start tries again');
    });
  }
};

const stopped = ({ status, message }: StopReason, log: BuildLog): Outcome & { errorMessage: string } => {
  const last = status === 'timeout' ? log.lastOutput(maxMessage - message.length - 1) : '';
  return { status, errorMessage: last === '' ? message.slice(0, maxMessage) : `${message}\n${last}` };
};

/** For the sender: no path of this machine, no text of another system. */
const broken = (logger: Logger, thrown: unknown): Outcome & { errorMessage: string } => {
  if (thrown instanceof CodedError) return { status: 'failed', errorMessage: thrown.message.slice(0, maxMessage) };
  logger.error({ err: thrown }, 'a build could not be run');
  const code = systemCode(thrown);
  return { status: 'failed', errorMessage: `The build could not be run${code === undefined ? '' : ` (${code})`}` };
};

/** A platform that was killed between naming the image and writing the record: what was made need not be made again. */
const finishedBefore = async ({ folders }: RunDeps, { build }: Run): Promise<Outcome | undefined> => {
  const tag = await readTag(folders.tags, build.image);
  if (tag?.buildId !== build.buildId || tag.attempt !== build.attempt) return undefined;
  return (await isFolder(imageFolder(folders.images, tag.digest))) ? { status: 'complete', imageDigest: tag.digest } : undefined;
};

const produce = async (deps: RunDeps, run: Run): Promise<Outcome> => {
  const { build, log, signal, root } = run;
  const { description } = await deps.toolchain.interpreterOf(build.runtime);
  log.note(`=== ${build.runtime} with ${description}`);
  await Promise.all([mkdir(root, { recursive: true }), mkdir(run.temporary, { recursive: true })]);
  await unpackContext(await deps.contexts.read(build.contextKey), root, signal);
  await Promise.all(['manifest', 'build'].map((folder) => mkdir(join(root, folder), { recursive: true })));

  const key = await layerKeyOf(root, build.runtime, description);
  const installed = await provideLayer(deps, run, key);
  if (installed !== 0) return failed(log, 'build/install.sh', installed);
  await symlink(join('..', '..', 'layers', key), join(root, 'dependencies'));
  // What only the installation and an image's build need is no part of the image.
  await Promise.all(['manifest', 'Dockerfile'].map((name) => rm(join(root, name), { recursive: true, force: true })));

  log.note('=== build/compile.sh');
  const compiled = await script(deps, run, ['build/compile.sh', '.']);
  if (compiled !== 0) return failed(log, 'build/compile.sh', compiled);
  return { status: 'complete', imageDigest: await keepImage(deps, run) };
};

const provideLayer = ({ layers, ...deps }: RunDeps, run: Run, key: string): Promise<number> =>
  layers.provide(key, {
    signal: run.signal,
    reused: () => run.log.note(`=== layer ${key} is there already: not installing`),
    waiting: () => run.log.note(`=== layer ${key} is being installed by another build: waiting`),
    install: (folder) => {
      run.log.note(`=== build/install.sh, into layer ${key}`);
      return script({ layers, ...deps }, run, ['build/install.sh', 'manifest', folder], [folder, 'dependencies']);
    },
  });

/** @param alias a folder that has another name once the build is done, and that name */
const script = async (deps: RunDeps, run: Run, command: string[], alias?: [folder: string, name: string]): Promise<number> => {
  // The log is for the function's owner: where things lie on this machine is not.
  const names = [
    ...(alias === undefined ? [] : [alias]),
    [run.root, '.'],
    [run.temporary, '$TMPDIR'],
    [deps.folders.home, '~'],
  ] as const;
  const shown = (text: string): string => names.reduce((line, [path, name]) => line.replaceAll(path, name), text);
  return runScript({
    processes: deps.folders.processes,
    command,
    cwd: run.root,
    env: await deps.toolchain.environmentOf(run.build.runtime, { TMPDIR: run.temporary }),
    signal: run.signal,
    line: (text) => run.log.output(shown(text)),
  });
};

const failed = (log: BuildLog, step: string, exitCode: number): Outcome => {
  const message = `${step} ended with exit code ${exitCode}`;
  const last = log.lastOutput(maxMessage - message.length - 1);
  return { status: 'failed', exitCode, errorMessage: last === '' ? message : `${message}\n${last}` };
};

/** From here on nothing stops the build: the name is written last, and with it the image is finished. */
const keepImage = async ({ folders, now }: RunDeps, { build, root, signal }: Run): Promise<string> => {
  const digest = `sha256:${await contentHashOf(root, signal)}`;
  await settleFolder(root, imageFolder(folders.images, digest));
  await writeTag(folders.tags, { image: build.image, digest, buildId: build.buildId, attempt: build.attempt, builtAt: now() });
  return digest;
};
