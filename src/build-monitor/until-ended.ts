// Watches until the kaniko container has ended, or until there is no time left to wait for it.
import type { Logger } from '../ops/logger.ts';
import type { BuildJob } from './job.ts';
import { look, type Pod, type Seen } from './pod.ts';

export type WatchDeps = {
  watch: (signal: AbortSignal, failed: (thrown: unknown, failures: number) => void) => AsyncIterable<Pod>;
  job: BuildJob;
  seen: (now: Seen) => void;
  logger: Logger;
};

/** Kubernetes ends a sidecar after the containers it stands beside: their end is known, though it may not have arrived here yet. */
const endWatchAfter = (watching: AbortController, { job, logger }: WatchDeps, uid: () => string | undefined, waitMs: number) => {
  const timer = setTimeout(() => watching.abort(), waitMs);
  watching.signal.addEventListener('abort', () => clearTimeout(timer));
  job.state(uid(), watching.signal).then(
    (state) => {
      // The job knows already: nothing that the pod could still say matters.
      if (state === 'gone' || state === 'timeout') watching.abort();
    },
    (err: unknown) => logger.debug({ err }, 'the job could not be read'),
  );
};

/**
 * @param stopping fires with SIGTERM
 * @param waitMs how long the end is waited for after that
 * @returns the pod as it was last seen, `undefined` if it never was
 */
export const untilEnded = async (deps: WatchDeps, stopping: AbortSignal, waitMs: number): Promise<Seen | undefined> => {
  const watching = new AbortController();
  let last: Seen | undefined;
  const stop = (): void => endWatchAfter(watching, deps, () => last?.jobUid, waitMs);
  if (stopping.aborted) stop();
  else stopping.addEventListener('abort', stop);
  const failed = (err: unknown, failures: number): void =>
    deps.logger.warn({ err, failures }, 'the pod could not be watched; trying again');
  for await (const pod of deps.watch(watching.signal, failed)) {
    last = look(pod);
    deps.seen(last);
    if (last.kaniko.state === 'terminated') break;
  }
  stopping.removeEventListener('abort', stop);
  watching.abort();
  return last;
};
