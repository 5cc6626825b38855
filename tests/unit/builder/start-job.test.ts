// job.start, and what becomes of it when an answer of the platform is lost. The ports are hand-made; their real ones are held by tests/contract.
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createStartJob } from '../../../src/builder/start-job.ts';
import type { Build, BuildRequest } from '../../../src/core/build.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import type { EventSink, ImageBuilder, ObjectStore } from '../../../src/ports.ts';
import { buildWith } from '../core/builds.ts';

describe('job.start', () => {
  const failed = buildWith({ status: 'failed', endedAt: 3_000 });
  const { buildId, ref } = failed;
  let there: Build;
  let found: () => Build;
  let told: CloudEvent[];
  /** What the answer to a submission says: the first one may have been lost, and the client has tried again. */
  let answer: 'queued' | 'exists';
  beforeEach(() => {
    [there, told, answer, found] = [failed, [], 'queued', () => there];
  });

  const submit = (request: BuildRequest, knownEnd = Infinity) => {
    if (there.attempt > knownEnd) return Promise.resolve({ outcome: 'exists', build: there } as const);
    there = { ...request, status: 'queued', jobName: failed.jobName, attempt: there.attempt + 1, createdAt: 4_000 };
    return Promise.resolve({ outcome: answer, build: there });
  };

  const send = (id: string, priority?: number) => {
    const source = 'network.notifi.tenant';
    const startJob = createStartJob({
      builds: { submit, get: () => Promise.resolve(found()) } as unknown as ImageBuilder,
      temp: {
        head: (key: string) => Promise.resolve({ key, size: 1, version: '1', modifiedAt: 0 }),
      } as unknown as ObjectStore,
      events: { publish: (event) => Promise.resolve(told.push(event)).then(() => 'owed') } satisfies EventSink,
      now: () => 4_000,
    });
    const cloudEvent = { specversion: '1.0', id, source, type: 'network.notifi.lambda.job.start', extensions: {} } as const;
    const origin = { cause: { source, id }, correlationId: id, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-01` };
    const data = { build_id: buildId, ...(priority === undefined ? {} : { priority }) };
    return startJob({ name: 'job.start', ref, data, cloudEvent }, origin);
  };
  const types = () => told.map(({ type }) => type.replace('network.notifi.lambda.', ''));

  it('tells of the build that it began, also when the answer of the platform was lost and the build found to exist', async () => {
    answer = 'exists';
    expect(await send('one', 2)).toMatchObject({
      status: 'queued',
      buildId,
      message: 'Attempt 2 of the build waits for its turn',
    });
    expect(there).toMatchObject({ attempt: 2, priority: 2, requestedAt: 4_000, cause: { id: 'one' } });
    expect(types()).toEqual(['build.queued']);
  });

  it('tells again when it comes again, with the same id; another event has nothing to tell', async () => {
    await send('one');
    await send('one');
    expect(types()).toEqual(['build.queued', 'build.queued']);
    expect(told[0]).toEqual(told[1]);
    expect(await send('two')).toMatchObject({ status: 'skipped', message: 'This build is queued already' });
    expect(told).toHaveLength(2);
  });

  it('does not run again what it has run to its end', async () => {
    await send('one');
    there = { ...there, status: 'timeout' };
    expect(await send('one')).toMatchObject({ status: 'skipped' });
    expect(there.attempt).toBe(2);
  });

  it('tells nothing of a build that somebody else has run to its end since it was looked for', async () => {
    found = () => {
      [there, found] = [{ ...failed, attempt: 2 }, () => there];
      return failed;
    };
    expect(await send('one')).toMatchObject({
      status: 'skipped',
      message: 'This build was run meanwhile; it has ended as "failed"',
    });
    expect(told).toEqual([]);
  });
});
