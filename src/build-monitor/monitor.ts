// The monitor's whole life: watch the build, agree with its job on how it ended, tell the broker once.
import type { CloudEvent } from '../core/cloudevent.ts';
import { completionOf } from '../core/emitted.ts';
import type { Logger } from '../ops/logger.ts';
import { untilDone } from '../ops/until-done.ts';
import type { EventSink } from '../ports.ts';
import type { ApiServer } from './api-server.ts';
import type { Watched } from './config.ts';
import { createBuildJob } from './job.ts';
import { createReadTail } from './log-tail.ts';
import { createProgressReports } from './progress.ts';
import { settle } from './settle.ts';
import { untilEnded } from './until-ended.ts';
import { watchPath, watchPod } from './watch-pod.ts';

export type MonitorDeps = {
  api: ApiServer;
  broker: EventSink;
  logger: Logger;
  now: () => number;
  /** Fires with SIGTERM. */
  stopping: AbortSignal;
};

export type MonitorOptions = {
  build: Watched;
  namespace: string;
  pod: string;
  progressMs: number;
  /** From the end of the build, or SIGTERM, until the process ends. */
  tellMs: number;
};

/** `untold`: the broker did not take it in time; the job's own event, or the sweep, is the second witness. */
export type MonitorOutcome = 'told' | 'nothing-to-tell' | 'untold';

const pauses = { first: 200, longest: 5_000 };

/** Of the time to tell: what the watch gets to bring the end after SIGTERM, and until when the job is asked and written. */
const shareOfWatch = 0.3;
const shareOfJob = 0.6;

const publish = async (broker: EventSink, event: CloudEvent): Promise<void> => {
  await broker.publish(event);
};

export const monitorBuild = async (deps: MonitorDeps, options: MonitorOptions): Promise<MonitorOutcome> => {
  const { api, broker, now, stopping } = deps;
  const { build, namespace, pod, tellMs } = options;
  const logger = deps.logger.child({ build_id: build.buildId, attempt: build.attempt, correlation_id: build.correlationId });
  const job = createBuildJob(api, namespace, build.jobName);
  const readTail = createReadTail(api, namespace, pod);
  const progress = createProgressReports({ job, readTail, logger }, options.progressMs);
  const clock = startedBy(stopping);
  const path = watchPath(namespace, pod);
  const seen = await untilEnded(
    { watch: (signal, failed) => watchPod(api, path, signal, failed), job, seen: (now) => progress.seen(now), logger },
    stopping,
    tellMs * shareOfWatch,
  );
  clock.start();
  await progress.close();
  const ended = await settle({ build, job, readTail, logger, now }, seen, clock.after(tellMs * shareOfJob));
  if (ended === undefined) {
    logger.info({ disruption: seen?.disruption }, 'there is nothing to tell of this build');
    return 'nothing-to-tell';
  }
  const event = completionOf(ended);
  const failed = (err: unknown, tries: number): void =>
    logger.warn({ err, tries }, 'the completion could not be published; trying again');
  const told = await untilDone(() => publish(broker, event), clock.after(tellMs), failed, pauses);
  if (!told) {
    logger.error({ status: ended.status }, 'the completion was not published');
    return 'untold';
  }
  logger.info({ status: ended.status, event_id: event.id }, 'told of the end');
  return 'told';
};

/** A clock that starts with the signal, or earlier. */
const startedBy = (signal: AbortSignal) => {
  let startedAt: number | undefined;
  const start = (): void => void (startedAt ??= performance.now());
  if (signal.aborted) start();
  signal.addEventListener('abort', start);
  return {
    start,
    after: (ms: number): AbortSignal =>
      AbortSignal.timeout(Math.max(0, Math.round((startedAt ?? performance.now()) + ms - performance.now()))),
  };
};
