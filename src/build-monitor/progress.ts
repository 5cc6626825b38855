// Tells of the build while it runs: written on the job when it changed, and never more often than the interval.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../ops/logger.ts';
import type { BuildJob, Progress } from './job.ts';
import { phaseIn, type ReadTail } from './log-tail.ts';
import type { Seen } from './pod.ts';

export type ProgressReports = {
  seen(now: Seen): void;
  /** Resolves when no report is under way: one that arrived after the last word would take it back. */
  close(): Promise<void>;
};

type Deps = { job: BuildJob; readTail: ReadTail; logger: Logger };

const progressOf = async ({ kaniko }: Seen, readTail: ReadTail, signal: AbortSignal): Promise<Progress> => {
  if (kaniko.state !== 'running') {
    const trouble = kaniko.state === 'waiting' ? kaniko.trouble : undefined;
    return { phase: 'waiting', errorMessage: trouble ?? null };
  }
  // Without the log it is still known that the build runs.
  const logTail = await readTail(signal).catch(() => undefined);
  return {
    phase: phaseIn(logTail ?? ''),
    errorMessage: null,
    ...(logTail === undefined ? {} : { logTail }),
    ...(kaniko.startedAt === undefined ? {} : { startedAt: kaniko.startedAt }),
  };
};

export const createProgressReports = ({ job, readTail, logger }: Deps, everyMs: number): ProgressReports => {
  const closing = new AbortController();
  let latest: Seen | undefined;
  let written = '';
  let reporting: Promise<void> | undefined;

  const report = async (seen: Seen): Promise<void> => {
    const progress = await progressOf(seen, readTail, closing.signal);
    const text = JSON.stringify(progress);
    if (text === written || closing.signal.aborted) return;
    // Not ended by closing: nobody would know whether it was written.
    await job.write(progress, seen.jobUid, new AbortController().signal);
    written = text;
  };

  const reportAgainAndAgain = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      if (latest !== undefined)
        await report(latest).catch((err: unknown) => logger.debug({ err }, 'progress could not be written'));
      await sleep(everyMs, undefined, { signal: closing.signal }).catch(() => undefined);
    }
  };

  return {
    seen: (now) => {
      latest = now;
      if (now.kaniko.state !== 'terminated') reporting ??= reportAgainAndAgain();
    },
    close: async () => {
      closing.abort();
      await reporting;
    },
  };
};
