// How the build ended, agreed with its job and written on it: whoever gets the completion event looks at the job before believing it.
import { setTimeout as sleep } from 'node:timers/promises';
import { endOfContainer, type ContainerEnd } from '../core/build-progress.ts';
import type { EndedBuild } from '../core/emitted.ts';
import type { Logger } from '../ops/logger.ts';
import { untilDone } from '../ops/until-done.ts';
import type { Watched } from './config.ts';
import type { BuildJob, JobState, Progress } from './job.ts';
import type { ReadTail } from './log-tail.ts';
import type { Seen } from './pod.ts';

export type SettleDeps = { build: Watched; job: BuildJob; readTail: ReadTail; logger: Logger; now: () => number };

type Status = 'complete' | 'failed' | 'timeout';
type End = Partial<ContainerEnd> & { startedAt?: string; endedAt: string };

const quick = { first: 100, longest: 1_000 };

const endOf = (seen: Seen | undefined, now: number): End => {
  const endedNow = new Date(now).toISOString();
  if (seen?.kaniko.state !== 'terminated') {
    const startedAt = seen?.kaniko.state === 'running' ? seen.kaniko.startedAt : undefined;
    return { endedAt: endedNow, ...(startedAt === undefined ? {} : { startedAt }) };
  }
  const { startedAt, finishedAt } = seen.kaniko.end;
  return {
    ...endOfContainer(seen.kaniko.end),
    endedAt: finishedAt ?? endedNow,
    ...(startedAt === undefined ? {} : { startedAt }),
  };
};

/** Why it did not complete. What a container says that was ended by force is only that. */
const errorOf = (status: Status, end: End, seen: Seen | undefined): string | undefined => {
  if (status === 'timeout') return 'The build took longer than its deadline';
  if (status === 'complete') return undefined;
  return seen?.disruption === undefined ? end.errorMessage : `The build was stopped: ${seen.disruption}`;
};

const lastWord = (status: Status, end: End, error: string | undefined, logTail: string | undefined): Progress => ({
  phase: status,
  exitCode: end.exitCode === undefined ? null : String(end.exitCode),
  imageDigest: end.imageDigest ?? null,
  errorMessage: error ?? null,
  startedAt: end.startedAt ?? null,
  endedAt: end.endedAt,
  ...(logTail === undefined ? {} : { logTail }),
});

const endedBuild = (build: Watched, status: Status, end: End, error: string | undefined): EndedBuild => {
  const endedAt = Date.parse(end.endedAt);
  const startedAt = end.startedAt === undefined ? endedAt : Date.parse(end.startedAt);
  return {
    ...build,
    status,
    createdAt: startedAt,
    startedAt,
    endedAt,
    ...(end.imageDigest === undefined ? {} : { imageDigest: end.imageDigest }),
    ...(end.exitCode === undefined ? {} : { exitCode: end.exitCode }),
    ...(error === undefined ? {} : { errorMessage: error }),
  };
};

/** A pod that goes for another reason than its own build says nothing about the job: a deadline, a cancellation, a new pod elsewhere. */
const whatTheJobSays = async (
  { job, logger }: SettleDeps,
  uid: string | undefined,
  signal: AbortSignal,
): Promise<JobState | undefined> => {
  let state: JobState | undefined;
  while (!signal.aborted) {
    try {
      state = await job.state(uid, signal);
      if (state !== 'active') return state;
    } catch (err) {
      logger.debug({ err }, 'the job could not be read');
    }
    await sleep(250, undefined, { signal }).catch(() => undefined);
  }
  return state;
};

const statusOf = async (deps: SettleDeps, seen: Seen | undefined, signal: AbortSignal): Promise<Status | undefined> => {
  if (seen?.kaniko.state === 'terminated') {
    if (seen.kaniko.end.exitCode === 0) return 'complete';
    if (seen.disruption === undefined) return 'failed';
  }
  const state = await whatTheJobSays(deps, seen?.jobUid, signal);
  return state === 'timeout' || state === 'failed' ? state : undefined;
};

/**
 * @param patience fires when the job is to be asked and written no longer
 * @returns the build as it ended, `undefined` if there is nothing to tell: cancelled, or not for this pod to say
 */
export const settle = async (
  deps: SettleDeps,
  seen: Seen | undefined,
  patience: AbortSignal,
): Promise<EndedBuild | undefined> => {
  const { build, job, logger } = deps;
  const end = endOf(seen, deps.now());
  const status = await statusOf(deps, seen, patience);
  if (status === undefined) return undefined;
  const logTail = await deps.readTail(patience).catch(() => undefined);
  let state: JobState | undefined;
  const write = async (as: Status): Promise<Status> => {
    const failed = (err: unknown, tries: number): void => logger.warn({ err, tries }, 'the end could not be written on the job');
    const word = lastWord(as, end, errorOf(as, end, seen), logTail);
    await untilDone(async () => void (state = await job.write(word, seen?.jobUid, patience)), patience, failed, quick);
    return as;
  };
  let written = await write(status);
  // The deadline struck while the container ended by itself: the job's word counts.
  if (state === 'timeout' && written !== 'timeout') written = await write('timeout');
  if (state === 'gone') return undefined;
  return endedBuild(build, written, end, errorOf(written, end, seen));
};
