// The queue of builds with many replicas at once: the limits hold, and nothing that was promised is lost or run twice.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { annotations } from '../../src/adapters/kubernetes/builds/job-labels.ts';
import { jobs, type Job } from '../../src/adapters/kubernetes/builds/objects.ts';
import { buildOf } from '../../src/adapters/kubernetes/builds/read-job.ts';
import { listAll } from '../../src/adapters/kubernetes/list.ts';
import { watch } from '../../src/adapters/kubernetes/watch.ts';
import type { BuildRequest } from '../../src/core/build.ts';
import { CodedError } from '../../src/core/errors.ts';
import { waitUntil } from '../contract/wait-until.ts';
import { openBuildSite, type BuildSite } from './support/image-builder.ts';
import { findCluster } from './support/kubernetes.ts';
import { describeWith } from './support/service.ts';

/** How many builds ran at once, at most, by what the API server told of the jobs. */
const observeRunning = (site: BuildSite): { most: () => number; close: () => Promise<void> } => {
  const running = new Set<string>();
  let most = 0;
  const leave = new AbortController();
  const see = (job: Job): void => {
    const uid = job.metadata.uid ?? '';
    if (buildOf(job)?.status === 'running') running.add(uid);
    else running.delete(uid);
    most = Math.max(most, running.size);
  };
  const watching = (async () => {
    for await (const change of watch(site.client, jobs, { namespace: site.namespace, signal: leave.signal })) {
      if (change.type === 'listed') change.objects.forEach(see);
      else if (change.type === 'changed') see(change.object);
      else running.delete(change.object.metadata.uid ?? '');
    }
  })();
  return {
    most: () => most,
    close: async () => {
      leave.abort();
      await watching;
    },
  };
};

const codeOf = (thrown: unknown): string => (thrown instanceof CodedError ? thrown.code : String(thrown));

describeWith(await findCluster(), 'the queue of builds of many replicas', (cluster) => {
  let site: BuildSite;
  let running: ReturnType<typeof observeRunning>;
  beforeEach(async () => {
    site = await openBuildSite(cluster);
    running = observeRunning(site);
  });
  afterEach(async () => {
    await running.close();
    await site.close();
  });

  const statuses = async (): Promise<Record<string, number>> => {
    const counts: Record<string, number> = {};
    for (const job of (await listAll(site.client, jobs, { namespace: site.namespace })).items) {
      const status = buildOf(job)?.status ?? 'none';
      counts[status] = (counts[status] ?? 0) + 1;
    }
    return counts;
  };

  test('never runs more than may run, nor keeps more than may wait, when fifty replicas submit at once', async () => {
    const limits = { maxRunning: 5, maxQueued: 20 };
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, async () => {
        const request = site.request('waits');
        const outcome = await site
          .replica({}, limits)
          .submit(request)
          .then((submitted) => submitted.outcome, codeOf);
        return { outcome, buildId: request.buildId };
      }),
    );
    const count = (outcome: string): number => outcomes.filter((one) => one.outcome === outcome).length;
    expect(count('started')).toBe(5);
    expect(count('queued')).toBe(20);
    expect(count('QUEUE_FULL')).toBe(25);
    expect(await statuses()).toEqual({ running: 5, queued: 20 });
    const kinds = Object.groupBy(site.requests, (request) => request);
    const counted = Object.entries(kinds).map(([kind, all = []]) => `${kind}: ${all.length}`);
    console.log(`${site.requests.length} requests for 50 submissions by 50 replicas at once: ${counted.sort().join(', ')}`);
    site.release();
    await waitUntil(() => site.published.length >= 25, 'their completions', 60_000);
    await waitUntil(async () => (await statuses()).complete === 25, 'all that were accepted', 60_000);
    expect(running.most()).toBeLessThanOrEqual(5);
    const refused = new Set(outcomes.filter(({ outcome }) => outcome === 'QUEUE_FULL').map(({ buildId }) => buildId));
    const ended = site.published.map(({ data }) => (data as { json: { build_id: string } }).json.build_id);
    expect(ended.filter((buildId) => refused.has(buildId))).toEqual([]);
    expect(new Set(ended).size).toBe(25);
  }, 120_000);

  test('submits one build once when fifty replicas are told of it at once', async () => {
    const request = site.request('succeeds');
    const replicas = Array.from({ length: 50 }, () => site.replica());
    const outcomes = await Promise.all(replicas.map(async (replica) => (await replica.submit(request)).outcome));
    expect(outcomes.filter((outcome) => outcome === 'started')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'exists')).toHaveLength(49);
    await waitUntil(() => site.published.length > 0, 'its end');
    expect(site.published).toHaveLength(1);
  });

  test('keeps the rate of starts across replicas, and starts the rest when it allows', async () => {
    const limits = { maxRunning: 50, maxQueued: 50, startsPerMinute: 60, startsBurst: 3 };
    const begun = Date.now();
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, async () => (await site.replica({}, limits).submit(site.request('waits'))).outcome),
    );
    expect(outcomes.filter((outcome) => outcome === 'started').length).toBeLessThanOrEqual(
      3 + Math.floor((Date.now() - begun) / 1_000),
    );
    await waitUntil(async () => (await statuses()).running === 6, 'the last start');
    expect(Date.now() - begun).toBeGreaterThanOrEqual(3_000);
  });

  test('costs few requests: create, place, let go', async () => {
    const replica = site.replica();
    await replica.submit(site.request('waits'));
    site.requests.length = 0;
    await replica.submit(site.request('waits'));
    expect(site.requests).toEqual(['POST jobs 201', 'PUT configmaps 200', 'PATCH jobs 200']);
    site.requests.length = 0;
    await replica.submit(site.request('waits'));
    expect(site.requests.slice(0, 2)).toEqual(['POST jobs 201', 'PUT configmaps 200']);
  });

  const broken = (fails: (method: string, path: string) => boolean) => ({
    ...site.client,
    call: <T>(call: Parameters<typeof site.client.call>[0]) =>
      fails(call.method, call.path)
        ? Promise.reject(new CodedError('CLUSTER_UNAVAILABLE', 'The process died here'))
        : site.client.call<T>(call),
  });

  test('starts a build whose replica died after it had given it its turn', async () => {
    const request = site.request('succeeds');
    const dying = site.replica({ client: broken((method, path) => method === 'PATCH' && path.includes('/jobs/')) });
    expect((await dying.submit(request)).outcome).toBe('queued');
    expect(await statuses()).toEqual({ queued: 1 });
    await site.replica().admitNext();
    await waitUntil(async () => (await statuses()).complete === 1, 'the build');
  });

  test('gives a place to a build whose replica died before it had one, by the sweep or by the same event again', async () => {
    const dying = site.replica({ client: broken((_method, path) => path.includes('/configmaps')) });
    const [swept, sent] = [site.request('succeeds'), site.request('succeeds')];
    for (const request of [swept, sent])
      await expect(dying.submit(request)).rejects.toMatchObject({ code: 'CLUSTER_UNAVAILABLE' });
    expect(await statuses()).toEqual({ queued: 2 });
    expect((await site.replica().submit(sent)).outcome).toBe('exists');
    await site.replica().admitNext();
    await waitUntil(async () => (await statuses()).complete === 2, 'both builds');
  });

  test('keeps what is known of an ended build when its next attempt finds the queue full', async () => {
    const limits = { maxRunning: 1, maxQueued: 1 };
    const request = site.request('fails');
    // It saw the queue before that was filled by others.
    const replica = site.replica({}, limits);
    await replica.submit(request, 0);
    await waitUntil(async () => (await replica.get(request.buildId))?.status === 'failed', 'the end');
    for (let n = 0; n < 2; n++) await site.replica({}, limits).submit(site.request('waits'));
    await expect(replica.submit(request, 1)).rejects.toMatchObject({ code: 'QUEUE_FULL' });
    expect(await replica.get(request.buildId)).toMatchObject({ status: 'failed', attempt: 1 });
  });

  test('frees the place of a build whose end nobody told of', async () => {
    const [lost, next] = [site.request('waits'), site.request('succeeds')];
    const replica = site.replica({}, { maxRunning: 1 });
    await replica.submit(lost);
    expect((await replica.submit(next)).outcome).toBe('queued');
    await site.client.call({
      method: 'DELETE',
      path: `/apis/batch/v1/namespaces/${site.namespace}/jobs/build-${lost.buildId}`,
      body: { propagationPolicy: 'Background' },
    });
    await site.replica({}, { maxRunning: 1 }).admitNext();
    await waitUntil(async () => (await replica.get(next.buildId))?.status === 'complete', 'the next build');
  });

  test.each(['deleted', 'overwritten'])(
    'knows who waits and who runs by the jobs themselves when the places are %s',
    async (how) => {
      const requests: BuildRequest[] = Array.from({ length: 4 }, () => site.request('waits'));
      for (const request of requests) await site.replica().submit(request);
      const path = `/api/v1/namespaces/${site.namespace}/configmaps/admission`;
      if (how === 'deleted') await site.client.call({ method: 'DELETE', path });
      else
        await site.client.call({
          method: 'PATCH',
          path,
          contentType: 'application/merge-patch+json',
          body: { data: { queued: '{"hostile":true}\n', starts: 'many' } },
        });
      const replica = site.replica();
      await replica.admitNext();
      expect(await replica.depth()).toEqual({ queued: 2, running: 2 });
      await replica.submit(site.request('waits'));
      await replica.submit(site.request('waits'));
      await expect(replica.submit(site.request('waits'))).rejects.toMatchObject({ code: 'QUEUE_FULL' });
      expect(await statuses()).toEqual({ queued: 4, running: 2 });
    },
  );

  test('counts a build that somebody has let go by hand', async () => {
    const requests = Array.from({ length: 3 }, () => site.request('waits'));
    for (const request of requests) await site.replica().submit(request);
    const third = `/apis/batch/v1/namespaces/${site.namespace}/jobs/build-${requests[2]?.buildId ?? ''}`;
    await site.client.call({
      method: 'PATCH',
      path: third,
      contentType: 'application/merge-patch+json',
      body: { spec: { suspend: false } },
    });
    const replica = site.replica();
    await replica.admitNext();
    expect(await replica.depth()).toEqual({ queued: 0, running: 3 });
    expect((await replica.submit(site.request('waits'))).outcome).toBe('queued');
  });

  test('leaves nothing of a cancelled build whose replica died in the middle, and tells of it once', async () => {
    const request = site.request('waits');
    const later = () => Date.now() + 120_000;
    const dying = site.replica({
      completed: () => Promise.reject(new CodedError('BROKER_UNAVAILABLE', 'The process died here')),
    });
    await dying.submit(request);
    await expect(dying.cancel(request.buildId, 'no')).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    expect(await dying.get(request.buildId)).toMatchObject({ status: 'cancelled', errorMessage: 'no' });
    await site.replica({}, { now: later }).admitNext();
    expect(await statuses()).toEqual({});
    const { items } = await listAll(
      site.client,
      { apiVersion: 'v1', kind: 'Pod', plural: 'pods' },
      { namespace: site.namespace },
    );
    expect(items).toEqual([]);
    expect(site.published.map(({ type }) => type)).toEqual(['network.notifi.lambda.build.cancelled']);
    expect(await site.replica().depth()).toMatchObject({ running: 0 });
  });

  test('does not touch a job of that name which is none of its own', async () => {
    const request = site.request('waits');
    const body = {
      ...foreignJob,
      metadata: { name: `build-${request.buildId}`, annotations: { [annotations.buildId]: 'another' } },
    };
    await site.client.call({ method: 'POST', path: `/apis/batch/v1/namespaces/${site.namespace}/jobs`, body });
    await expect(site.replica().submit(request)).rejects.toMatchObject({ code: 'NAME_CONFLICT' });
    expect(await site.replica().get(request.buildId)).toBeUndefined();
    expect(await site.replica().cancel(request.buildId, 'mine')).toBe('absent');
    expect(await statuses()).toEqual({ none: 1 });
  });
});

const foreignJob = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  spec: { suspend: true, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i' }] } } },
};
