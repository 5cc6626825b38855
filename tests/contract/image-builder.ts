// What every ImageBuilder does, whatever carries it out. A fixture says how a context is made that builds in a certain way.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { Build, BuildRequest } from '../../src/core/build.ts';
import { checkCompletion, hasEnded } from '../../src/core/build.ts';
import type { CloudEvent } from '../../src/core/cloudevent.ts';
import { parseEvent } from '../../src/core/events.ts';
import type { ImageBuilder, LogLine } from '../../src/ports.ts';
import { waitUntil } from './wait-until.ts';

/**
 * `succeeds` prints "building" and ends; `fails` prints "the reason" last and ends with code 3; `waits` prints "waiting" and goes on,
 * with a child of its own, until it is released.
 */
export type Behaviour = 'succeeds' | 'fails' | 'waits';

export type ImageBuilderFixture = {
  /** At most two builds run, at most four are queued. */
  readonly builder: ImageBuilder;
  /** Whether a cancelled build can still be asked for, and the log of an attempt after the next has begun. */
  readonly keepsEndedAttempts: boolean;
  /** A request for a context that behaves so; without fields a build of its own. */
  request(behaviour: Behaviour, fields?: Partial<BuildRequest>): Promise<BuildRequest>;
  /** What was published, in order. */
  readonly published: CloudEvent[];
  /** Every build that waits, now and later, ends with success. */
  release(): Promise<void>;
  /** How many processes (or containers) of the build run. */
  processesOf(buildId: string): Promise<number>;
  /** Ends everything and fails if something was left. */
  close(): Promise<void>;
};

const collect = async (lines: AsyncIterable<LogLine>): Promise<LogLine[]> => {
  const all: LogLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
};

/** @param open a new, empty builder */
export const describeImageBuilder = (open: () => Promise<ImageBuilderFixture>): void => {
  let fixture: ImageBuilderFixture;
  const never = new AbortController().signal;

  beforeEach(async () => {
    fixture = await open();
  });
  afterEach(() => fixture.close());

  const statusOf = async (buildId: string): Promise<string | undefined> => (await fixture.builder.get(buildId))?.status;
  const ended = async (buildId: string): Promise<Build> => {
    await waitUntil(async () => {
      const build = await fixture.builder.get(buildId);
      return build !== undefined && hasEnded(build.status);
    }, `the end of ${buildId}`);
    const build = await fixture.builder.get(buildId);
    if (build === undefined) throw new Error(`${buildId} is gone`);
    return build;
  };
  const textOf = async (buildId: string, follow = false): Promise<string[]> =>
    (await collect(fixture.builder.logs(buildId, { follow, offset: 0, signal: never }))).map(({ text }) => text);
  const submitAll = async (...requests: BuildRequest[]): Promise<void> => {
    for (const request of requests) await fixture.builder.submit(request);
  };
  const completionOfBuild = async (buildId: string): Promise<CloudEvent> => {
    const find = (): CloudEvent | undefined =>
      fixture.published.find(
        (event) =>
          event.data !== undefined && 'json' in event.data && (event.data.json as { build_id: string }).build_id === buildId,
      );
    await waitUntil(() => find() !== undefined, `the completion of ${buildId}`);
    return find() as CloudEvent;
  };

  test('turns a context into an image that its name stands for, and says so in an event that the platform believes', async () => {
    const request = await fixture.request('succeeds');
    expect(await fixture.builder.findImage(request.image)).toBeUndefined();
    const { outcome, build } = await fixture.builder.submit(request);
    expect(outcome).toBe('started');
    expect(build).toMatchObject({ ...request, status: 'running', attempt: 1, jobName: `build-${request.buildId}` });
    const done = await ended(request.buildId);
    expect(done).toMatchObject({ status: 'complete', attempt: 1 });
    expect(done.imageDigest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await fixture.builder.findImage(request.image)).toBe(done.imageDigest);
    const event = parseEvent(await completionOfBuild(request.buildId));
    expect(event).toMatchObject({ name: 'build.complete', ref: request.ref, data: { image_digest: done.imageDigest } });
    checkCompletion(done, event.ref, event.data as { build_id: string });
    expect(event.cloudEvent.extensions).toMatchObject({ correlationid: request.correlationId, causationid: request.cause.id });
    expect(await fixture.processesOf(request.buildId)).toBe(0);
  });

  test('builds once when one build id is submitted many times at once', async () => {
    const request = await fixture.request('waits');
    const outcomes = await Promise.all(Array.from({ length: 6 }, async () => (await fixture.builder.submit(request)).outcome));
    expect(outcomes.toSorted()).toEqual(['exists', 'exists', 'exists', 'exists', 'exists', 'started']);
    await fixture.release();
    expect(await ended(request.buildId)).toMatchObject({ status: 'complete', attempt: 1 });
    expect((await textOf(request.buildId)).filter((line) => line === 'waiting')).toHaveLength(1);
  });

  test('reports how a failing build failed: status, exit code, the last lines of its log, and an event', async () => {
    const request = await fixture.request('fails');
    await fixture.builder.submit(request);
    const build = await ended(request.buildId);
    expect(build).toMatchObject({ status: 'failed', exitCode: 3 });
    expect(build.errorMessage?.split('\n').at(-1)).toBe('the reason');
    expect(await textOf(request.buildId)).toContain('the reason');
    expect(parseEvent(await completionOfBuild(request.buildId))).toMatchObject({ name: 'build.failed', data: { exit_code: 3 } });
    expect(await fixture.builder.findImage(request.image)).toBeUndefined();
  });

  test('runs a build that has ended again as its next attempt, and its log tells the attempts apart', async () => {
    const request = await fixture.request('fails');
    await fixture.builder.submit(request);
    await ended(request.buildId);
    const second = await fixture.builder.submit(request);
    expect(second).toMatchObject({ outcome: 'started', build: { attempt: 2 } });
    expect(second.build).not.toHaveProperty('errorMessage');
    expect(await ended(request.buildId)).toMatchObject({ status: 'failed', attempt: 2 });
    if (fixture.keepsEndedAttempts) {
      const headers = (await textOf(request.buildId)).filter((line) => line.startsWith('=== attempt'));
      expect(headers.map((line) => line.slice(0, 13))).toEqual(['=== attempt 1', '=== attempt 2']);
    }
    await waitUntil(() => fixture.published.length === 2, 'the second completion');
    expect(new Set(fixture.published.map(({ id }) => id)).size).toBe(2);
  });

  test('does not run a build again that has ended since its caller looked, and does when the caller knows of the end', async () => {
    const request = await fixture.request('succeeds');
    await fixture.builder.submit(request, 0);
    const done = await ended(request.buildId);
    expect(await fixture.builder.submit(request, 0)).toMatchObject({
      outcome: 'exists',
      build: { status: 'complete', attempt: 1 },
    });
    expect((await fixture.builder.get(request.buildId))?.endedAt).toBe(done.endedAt);
    expect(await fixture.builder.submit(request, 1)).toMatchObject({ outcome: 'started', build: { attempt: 2 } });
    expect(await ended(request.buildId)).toMatchObject({ status: 'complete', attempt: 2 });
    await waitUntil(() => fixture.published.length === 2, 'the second completion');
  });

  test('queues beyond what may run, refuses beyond what may wait, and says when to come back', async () => {
    const requests = await Promise.all(Array.from({ length: 7 }, () => fixture.request('waits')));
    const outcomes: string[] = [];
    for (const request of requests.slice(0, 6)) outcomes.push((await fixture.builder.submit(request)).outcome);
    expect(outcomes).toEqual(['started', 'started', 'queued', 'queued', 'queued', 'queued']);
    const refused = fixture.builder.submit(requests[6] as BuildRequest);
    await expect(refused).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    await refused.catch((error: unknown) =>
      expect((error as { details: { retryAfterSeconds: number } }).details.retryAfterSeconds).toBeGreaterThan(0),
    );
    expect(await statusOf((requests[6] as BuildRequest).buildId)).toBeUndefined();
    await fixture.release();
    for (const request of requests.slice(0, 6)) expect(await ended(request.buildId)).toMatchObject({ status: 'complete' });
  });

  test('starts by priority, then by how few the tenant has running, then by age, and never more than may run', async () => {
    const of = (tenant: string, name: string, priority: number): Promise<BuildRequest> =>
      fixture.request('waits', { ref: { tenant, function: name }, priority });
    const blockers = [await of('busy', 'one', 5), await of('busy', 'two', 5)] as const;
    const waiting = [
      await of('busy', 'old', 5),
      await of('calm', 'new', 5),
      await of('busy', 'urgent', 1),
      await of('calm', 'late', 9),
    ] as const;
    await submitAll(...blockers, ...waiting);
    const names = async (status: 'running' | 'queued'): Promise<string[]> =>
      (await fixture.builder.list({ status }, { limit: 100 })).items.map(({ ref }) => ref.function).sort();
    const cancelAndAdmit = async ({ buildId }: BuildRequest): Promise<void> => {
      await fixture.builder.cancel(buildId, 'to see who is next');
      await fixture.builder.admitNext();
    };
    expect(await names('running')).toEqual(['one', 'two']);
    await cancelAndAdmit(blockers[0]);
    await waitUntil(async () => (await names('running')).length === 2, 'the first to be admitted');
    expect(await names('running')).toEqual(['two', 'urgent']);
    await cancelAndAdmit(blockers[1]);
    await waitUntil(async () => (await names('running')).length === 2, 'the second to be admitted');
    expect(await names('running')).toEqual(['new', 'urgent']);
    await cancelAndAdmit(waiting[2]);
    await waitUntil(async () => (await names('running')).length === 2, 'the third to be admitted');
    expect(await names('running')).toEqual(['new', 'old']);
    expect(await names('queued')).toEqual(['late']);
  });

  test('cancels a running build: when it resolves no process is left, and the event says so', async () => {
    const request = await fixture.request('waits');
    await fixture.builder.submit(request);
    await waitUntil(async () => (await textOf(request.buildId)).includes('waiting'), 'the build to run');
    await waitUntil(async () => (await fixture.processesOf(request.buildId)) > 1, 'the child of the build');
    expect(await fixture.builder.cancel(request.buildId, 'changed my mind')).toBe('cancelled');
    expect(await fixture.processesOf(request.buildId)).toBe(0);
    const left = await fixture.builder.get(request.buildId);
    if (fixture.keepsEndedAttempts) expect(left).toMatchObject({ status: 'cancelled', errorMessage: 'changed my mind' });
    else expect(left).toBeUndefined();
    const event = await completionOfBuild(request.buildId);
    expect(event.type).toBe('network.notifi.lambda.build.cancelled');
    expect(event.data).toMatchObject({ json: { error_message: 'changed my mind' } });
    expect(await fixture.builder.cancel(request.buildId, 'again')).toBe(fixture.keepsEndedAttempts ? 'ended' : 'absent');
    expect(await fixture.builder.cancel('0000000000000000', 'nobody')).toBe('absent');
  });

  test('cancels a queued build without running it', async () => {
    const requests = await Promise.all(
      ['waits', 'waits', 'succeeds'].map((behaviour) => fixture.request(behaviour as Behaviour)),
    );
    await submitAll(...requests);
    const { buildId } = requests[2] as BuildRequest;
    expect(await statusOf(buildId)).toBe('queued');
    expect(await fixture.builder.cancel(buildId, 'no longer wanted')).toBe('cancelled');
    await fixture.release();
    await ended((requests[0] as BuildRequest).buildId);
    expect(await statusOf(buildId)).toBe(fixture.keepsEndedAttempts ? 'cancelled' : undefined);
    if (fixture.keepsEndedAttempts) expect(await textOf(buildId)).toEqual([]);
    expect((await completionOfBuild(buildId)).type).toBe('network.notifi.lambda.build.cancelled');
  });

  test('follows a log while it grows and ends with the build; a byte offset resumes it', async () => {
    const request = await fixture.request('waits');
    await fixture.builder.submit(request);
    const seen: LogLine[] = [];
    const following = (async () => {
      for await (const line of fixture.builder.logs(request.buildId, { follow: true, offset: 0, signal: never })) seen.push(line);
    })();
    await waitUntil(() => seen.some(({ text }) => text === 'waiting'), 'the line to arrive');
    expect(await statusOf(request.buildId)).toBe('running');
    await fixture.release();
    await following;
    expect(hasEnded((await ended(request.buildId)).status)).toBe(true);
    const all = await collect(fixture.builder.logs(request.buildId, { follow: false, offset: 0, signal: never }));
    expect(seen).toEqual(all);
    const from = (offset: number): Promise<LogLine[]> =>
      collect(fixture.builder.logs(request.buildId, { follow: true, offset, signal: never }));
    for (const [place, { offset, next }] of all.entries()) {
      expect(await from(offset)).toEqual(all.slice(place));
      expect(await from(next)).toEqual(all.slice(place + 1));
    }
  });

  test('follows a queued build from before it starts', async () => {
    const requests = await Promise.all(
      ['waits', 'waits', 'succeeds'].map((behaviour) => fixture.request(behaviour as Behaviour)),
    );
    await submitAll(...requests);
    const following = textOf((requests[2] as BuildRequest).buildId, true);
    await fixture.release();
    expect(await following).toContain('building');
  });

  test('stops following when the signal fires, and knows no log of a build that is not there', async () => {
    const request = await fixture.request('waits');
    await fixture.builder.submit(request);
    const leave = new AbortController();
    const texts: string[] = [];
    const follow = async (): Promise<void> => {
      const lines = fixture.builder.logs(request.buildId, { follow: true, offset: 0, signal: leave.signal });
      for await (const { text } of lines) texts.push(text);
    };
    const following = follow();
    await waitUntil(() => texts.includes('waiting'), 'the build to run');
    leave.abort();
    await following;
    expect(await statusOf(request.buildId)).toBe('running');
    await expect(textOf('0000000000000000')).rejects.toMatchObject({ code: 'BUILD_NOT_FOUND' });
  });

  test('lists the newest first, page by page, filtered, with cursors that hold while builds come', async () => {
    const requests: BuildRequest[] = [];
    for (let i = 0; i < 5; i++) {
      const request = await fixture.request('succeeds', { ref: { tenant: i % 2 === 0 ? 'even' : 'odd', function: `f${i}` } });
      requests.push(request);
      await fixture.builder.submit(request);
      await ended(request.buildId);
    }
    const newestFirst = requests.map(({ buildId }) => buildId).reverse();
    const first = await fixture.builder.list({}, { limit: 2 });
    expect(first.items.map(({ buildId }) => buildId)).toEqual(newestFirst.slice(0, 2));
    await submitAll(await fixture.request('succeeds'));
    const second = await fixture.builder.list({}, { limit: 2, cursor: first.cursor as string });
    expect(second.items.map(({ buildId }) => buildId)).toEqual(newestFirst.slice(2, 4));
    const third = await fixture.builder.list({}, { limit: 2, cursor: second.cursor as string });
    expect(third.items.map(({ buildId }) => buildId)).toEqual(newestFirst.slice(4));
    expect(third).not.toHaveProperty('cursor');
    const odd = await fixture.builder.list({ tenant: 'odd', status: 'complete' }, { limit: 2 });
    expect(odd.items.map(({ ref }) => ref.function)).toEqual(['f3', 'f1']);
    expect(odd).not.toHaveProperty('cursor');
    expect((await fixture.builder.list({ function: 'f4' }, { limit: 9 })).items).toHaveLength(1);
    expect((await fixture.builder.list({ contentHash: 'f'.repeat(64) }, { limit: 9 })).items).toEqual([]);
    await expect(fixture.builder.list({}, { limit: 2, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'INVALID_QUERY' });
  });
};
