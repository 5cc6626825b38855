// How a build moves: queued → running → ended, and from ended to queued again. Each move is written down before it is acted on.
import { hasEnded, jobName, type Build, type BuildRequest } from '../../../core/build.ts';
import type { Queued } from '../../../core/admission.ts';
import { CodedError } from '../../../core/errors.ts';
import { plainText } from '../../../core/plain-text.ts';
import type { Logger } from '../../../ops/logger.ts';
import type { BuildCompletions } from './build-completions.ts';
import type { Changes } from './build-log-reader.ts';
import type { KeyedMutex } from '../keyed-mutex.ts';
import type { BuildQueue } from './build-queue.ts';
import type { BuildRecords, EndedBuild } from './build-records.ts';
import { untilDone } from '../../../ops/until-done.ts';
import type { Outcome } from './build-run.ts';
import type { BuildRunner } from './build-runner.ts';

export type MoveDeps = {
  records: BuildRecords;
  mutex: KeyedMutex;
  changes: Changes;
  logger: Logger;
  now: () => number;
  onBuildEnded: (build: EndedBuild) => void;
  /** Fires when the platform stops. */
  stopped: AbortSignal;
  // The three below move builds themselves, so they are there only once the moves are.
  queue: () => BuildQueue;
  runner: () => BuildRunner;
  completions: () => BuildCompletions;
};

export type BuildMoves = {
  /** `exists` while it is queued or running, or has ended in a later attempt than `knownEnd`. @throws CodedError QUEUE_FULL */
  enqueue: (request: BuildRequest, knownEnd?: number) => Promise<'entered' | 'exists'>;
  /** From the queue to running. @param again it ran before, as the same attempt */
  begin: (buildId: string, again?: boolean) => Promise<void>;
  finish: (build: Build, outcome: Outcome) => Promise<EndedBuild | undefined>;
  cancel: (buildId: string, reason: string) => Promise<'cancelled' | 'ended' | 'absent'>;
  /** Back to the queue: of the builds that ran, more than may run now. */
  requeue: (buildId: string) => Promise<void>;
};

export const candidateOf = ({ buildId, ref, priority, createdAt }: Build): Queued => ({
  buildId,
  tenant: ref.tenant,
  priority,
  createdAt,
});

const isEnded = (build: Build): build is EndedBuild => hasEnded(build.status);

const maxReason = 4_096;

const unwritten = (logger: Logger, buildId: string) => (err: unknown, tries: number) => {
  logger.error({ err, build_id: buildId, tries }, 'the record of a build could not be written; trying again');
};

const put = async ({ records, changes }: MoveDeps, build: Build): Promise<void> => {
  const owed = records.get(build.buildId)?.owed ?? [];
  await records.put({ build, owed: isEnded(build) ? [...owed, build] : owed });
  changes.ring(build.buildId);
};

/** After the record: the place is free, and whoever waits for the end is told. */
const tellOfEnd = (deps: MoveDeps, build: EndedBuild): void => {
  deps.queue().leave(build.buildId);
  deps.logger.info({ build_id: build.buildId, status: build.status, attempt: build.attempt }, 'build ended');
  try {
    deps.onBuildEnded(build);
  } catch (err) {
    // Counting must not keep the next build from starting.
    deps.logger.error({ err, build_id: build.buildId }, 'an ended build could not be counted');
  }
  deps.completions().publishOwed(build.buildId);
  void deps.queue().admitNext();
};

const enqueue = async (deps: MoveDeps, request: BuildRequest, knownEnd = Infinity): Promise<'entered' | 'exists'> => {
  const before = deps.records.get(request.buildId)?.build;
  if (before !== undefined && (!hasEnded(before.status) || before.attempt > knownEnd)) return 'exists';
  const attempt = (before?.attempt ?? 0) + 1;
  const build: Build = { ...request, status: 'queued', jobName: jobName(request.buildId), attempt, createdAt: deps.now() };
  deps.queue().enter(candidateOf(build));
  try {
    await put(deps, build);
  } catch (cause) {
    deps.queue().leave(build.buildId);
    throw new CodedError('CLUSTER_UNAVAILABLE', 'The build could not be written down', { cause });
  }
  return 'entered';
};

const begin = async (deps: MoveDeps, buildId: string, again: boolean): Promise<void> => {
  const build = deps.records.get(buildId)?.build;
  if (build === undefined || build.status !== (again ? 'running' : 'queued')) {
    // Cancelled, or never written, while it waited for its turn.
    deps.queue().leave(buildId);
    return;
  }
  const running: Build = { ...build, status: 'running', startedAt: deps.now() };
  if (await untilDone(() => put(deps, running), deps.stopped, unwritten(deps.logger, buildId)))
    deps.runner().start(running, again);
};

const finish = async (deps: MoveDeps, build: Build, outcome: Outcome): Promise<EndedBuild | undefined> => {
  if (outcome.status === 'interrupted') return undefined;
  const end: EndedBuild = { ...build, ...outcome, status: outcome.status, endedAt: deps.now() };
  const write = (): Promise<void> => deps.mutex.run(build.buildId, () => put(deps, end));
  if (!(await untilDone(write, deps.stopped, unwritten(deps.logger, build.buildId)))) return undefined;
  tellOfEnd(deps, end);
  return end;
};

const cancelUnlessRunning = async (
  deps: MoveDeps,
  buildId: string,
  reason: string,
): Promise<'running' | 'cancelled' | 'ended' | 'absent'> => {
  const build = deps.records.get(buildId)?.build;
  if (build === undefined) return 'absent';
  if (build.status === 'running') return 'running';
  if (hasEnded(build.status)) return 'ended';
  const end: EndedBuild = { ...build, status: 'cancelled', errorMessage: reason, endedAt: deps.now() };
  await put(deps, end);
  tellOfEnd(deps, end);
  return 'cancelled';
};

const requeue = async (deps: MoveDeps, buildId: string): Promise<void> => {
  const build = deps.records.get(buildId)?.build;
  if (build === undefined) return;
  await put(deps, { ...build, status: 'queued' });
  deps.queue().enterAgain(candidateOf(build));
};

export const createBuildMoves = (deps: MoveDeps): BuildMoves => ({
  enqueue: (request, knownEnd) => deps.mutex.run(request.buildId, () => enqueue(deps, request, knownEnd)),
  begin: (buildId, again = false) => deps.mutex.run(buildId, () => begin(deps, buildId, again)),
  finish: (build, outcome) => finish(deps, build, outcome),
  cancel: async (buildId, given) => {
    // It becomes a line of the log.
    const reason = plainText(given, maxReason);
    const found = await deps.mutex.run(buildId, () => cancelUnlessRunning(deps, buildId, reason));
    if (found !== 'running') return found;
    // Not in the mutex: the end of the run needs it.
    const end = await deps.runner().stop(buildId, { status: 'cancelled', message: reason });
    if (end === undefined) throw new CodedError('STOPPING', 'The platform stops; the build goes on at the next start');
    return end.status === 'cancelled' ? 'cancelled' : 'ended';
  },
  requeue: (buildId) => deps.mutex.run(buildId, () => requeue(deps, buildId)),
});
