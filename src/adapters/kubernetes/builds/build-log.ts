// The log of a build, from its pod through the API. The API only knows a log from its beginning, so that a reader who comes back has
// what it knows already skipped here.
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { builderContainer } from '../../../core/build-progress.ts';
import { hasEnded, jobName } from '../../../core/build.ts';
import { CodedError } from '../../../core/errors.ts';
import { createLineCutter, type LineCutter } from '../../../core/log-lines.ts';
import { pauseAfter } from '../../../ops/until-done.ts';
import type { ImageBuilder, LogLine } from '../../../ports.ts';
import type { KubernetesClient } from '../client.ts';
import { unavailable } from '../errors.ts';
import { pathOf } from '../objects.ts';
import { get } from '../verbs.ts';
import { jobs, pods, type Job } from './objects.ts';
import { podOf } from './pod-facts.ts';
import { buildOf } from './read-job.ts';

const pauses = { first: 200, longest: 3_000 };

type Reading = { client: KubernetesClient; namespace: string; follow: boolean; signal: AbortSignal };

/** Undefined when there is no log yet, or none any more. */
const openLog = async ({ client, namespace, follow, signal }: Reading, job: Job): Promise<IncomingMessage | undefined> => {
  const pod = await podOf(client, namespace, job);
  if (pod === undefined) return undefined;
  const path = pathOf(pods, namespace, pod.metadata.name, 'log');
  const query = { container: builderContainer, follow };
  // 400: the container has not started. 404: the pod is gone.
  const opened = await client.open({ method: 'GET', path, query, accept: '*/*', signal });
  return opened.ok ? opened.response : undefined;
};

/** The log's bytes from an offset on, as far as they come now. */
async function* bytesFrom(reading: Reading, job: Job, offset: number): AsyncGenerator<Buffer, void, undefined> {
  const response = await openLog(reading, job);
  if (response === undefined) return;
  let toSkip = offset;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    const skipped = Math.min(toSkip, chunk.length);
    toSkip -= skipped;
    if (skipped < chunk.length) yield chunk.subarray(skipped);
  }
}

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

type Log = { cutter: LineCutter; position: number };

const logFrom = (offset: number): Log => {
  const cutter = createLineCutter(Math.max(0, Math.trunc(offset) || 0));
  return { cutter, position: cutter.from };
};

/** What has come since the last look. A follower waits for an API server or a kubelet that restarts; whoever takes a last look is told. */
async function* growth(reading: Reading, job: Job, log: Log, isLast: boolean): AsyncGenerator<LogLine, void, undefined> {
  try {
    for await (const chunk of bytesFrom(reading, job, log.position)) {
      log.position += chunk.length;
      yield* log.cutter.cut(chunk);
    }
  } catch (thrown) {
    if (isLast && !isAborted(reading.signal)) throw thrown instanceof CodedError ? thrown : unavailable(thrown);
  }
}

export const readBuildLog = (client: KubernetesClient, namespace: string): ImageBuilder['logs'] =>
  async function* (buildId, { follow, offset, signal }): AsyncGenerator<LogLine, void, undefined> {
    const log = logFrom(offset);
    let job = await get(client, jobs, { namespace, name: jobName(buildId) });
    if (job === undefined) throw new CodedError('BUILD_NOT_FOUND', `There is no build "${buildId.slice(0, 64)}"`);
    for (let quiet = 1; !isAborted(signal); quiet++) {
      // Looked at before the log is read: a build that has ended wrote its last line before.
      const isEnd = hasEnded(buildOf(job)?.status ?? 'cancelled');
      const before = log.position;
      yield* growth({ client, namespace, follow: follow && !isEnd, signal }, job, log, isEnd || !follow);
      if (isEnd) yield* log.cutter.rest();
      if (isEnd || !follow) return;
      if (log.position > before) quiet = 1;
      await sleep(pauseAfter(quiet, pauses), undefined, { signal }).catch(() => undefined);
      const now = await get(client, jobs, { namespace, name: jobName(buildId) });
      // Gone, with its pod: there is nothing more to come.
      if (now === undefined) return;
      job = now;
    }
  };
