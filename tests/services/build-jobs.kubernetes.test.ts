// What a real API server, its job controller and its garbage collector make of the jobs of builds.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { jobs, pods, type Job } from '../../src/adapters/kubernetes/builds/objects.ts';
import { kanikoJob } from '../../src/adapters/kubernetes/builds/kaniko-job.ts';
import type { KanikoJobSettings } from '../../src/adapters/kubernetes/builds/job-settings.ts';
import { listAll } from '../../src/adapters/kubernetes/list.ts';
import { create, get } from '../../src/adapters/kubernetes/verbs.ts';
import { checkCompletion } from '../../src/core/build.ts';
import { waitUntil } from '../contract/wait-until.ts';
import { baseImages, openBuildSite, settingsFor, type BuildSite } from './support/image-builder.ts';
import { findCluster } from './support/kubernetes.ts';
import { describeWith } from './support/service.ts';

describeWith(await findCluster(), 'the jobs of builds on a cluster', (cluster) => {
  let site: BuildSite;
  beforeEach(async () => {
    site = await openBuildSite(cluster);
  });
  afterEach(() => site.close());

  const jobOf = (buildId: string): Promise<Job | undefined> =>
    get(site.client, jobs, { namespace: site.namespace, name: `build-${buildId}` });
  const podsThere = async (): Promise<number> => (await listAll(site.client, pods, { namespace: site.namespace })).items.length;
  const withSettings = (settings: Partial<KanikoJobSettings>) =>
    site.replica({}, { job: { ...settingsFor(site.namespace), ...settings } });

  test.each<[string, Partial<KanikoJobSettings>]>([
    ['as they are by default', {}],
    [
      'with secrets and a cache of their own',
      { registrySecret: 'registry', storageSecret: 'storage', cacheRepository: 'registry.local/cache' },
    ],
    ['on plain S3', { s3: { pathStyle: false } }],
    ['for Kueue', { kueueQueue: 'builds' }],
  ])('are understood to the last field, %s', async (_how, settings) => {
    const request = site.request('succeeds', { handler: 'lib/parse.run' });
    const all = { ...settingsFor(site.namespace), ...settings };
    const created = await create(
      site.client,
      jobs,
      site.namespace,
      kanikoJob(request, { attempt: 1, createdAt: 1 }, baseImages, all),
    );
    expect(created).toMatchObject({ metadata: { name: `build-${request.buildId}` }, spec: { suspend: true } });
  });

  test('make pods that Pod Security admits at the level of the build namespace, and whose build container has no token', async () => {
    const request = site.request('waits');
    await site.replica().submit(request);
    await waitUntil(async () => (await podsThere()) === 1, 'the pod');
    const [pod] = (await listAll(site.client, pods, { namespace: site.namespace })).items as unknown as {
      spec: { containers: { name: string; volumeMounts?: unknown }[]; initContainers: { name: string; restartPolicy: string }[] };
    }[];
    expect(pod?.spec.containers.map(({ name, volumeMounts = [] }) => [name, volumeMounts])).toEqual([['kaniko', []]]);
    expect(pod?.spec.initContainers.map(({ name, restartPolicy }) => [name, restartPolicy])).toEqual([
      ['build-monitor', 'Always'],
    ]);
  });

  test('carry what an event said exactly, and give it back', async () => {
    const hostile = { source: 'urn:ü/$(POD_NAME)', id: '"; rm -rf / #\u0000\u2028 $$' };
    const request = site.request('waits', {
      cause: hostile,
      correlationId: '${jndi:ldap://x}',
      sourceKey: 'a b/ü\n.js',
      handler: 'f',
    });
    await site.replica().submit(request);
    expect(await site.replica().get(request.buildId)).toMatchObject(request);
  });

  test('are left to Kueue where it decides: they wait, whoever asks for the next', async () => {
    const replica = withSettings({ kueueQueue: 'builds' });
    const request = site.request('succeeds');
    expect((await replica.submit(request)).outcome).toBe('queued');
    expect((await replica.submit(request)).outcome).toBe('exists');
    await replica.admitNext();
    expect(await replica.get(request.buildId)).toMatchObject({ status: 'queued' });
    expect(await replica.depth()).toBeUndefined();
    expect(await replica.cancel(request.buildId, 'no')).toBe('cancelled');
    expect(await jobOf(request.buildId)).toBeUndefined();
  });

  test('that take too long are ended by the cluster, and the next build has their place', async () => {
    const slow = site.replica({}, { job: { ...settingsFor(site.namespace), deadlineSeconds: 1 }, maxRunning: 1 });
    const [late, next] = [site.request('waits'), site.request('succeeds')];
    await slow.submit(late);
    await slow.submit(next);
    await waitUntil(async () => (await slow.get(late.buildId))?.status === 'timeout', 'the deadline');
    const build = await slow.get(late.buildId);
    expect(build?.errorMessage).toMatch(/deadline/i);
    await waitUntil(() => site.containersOf(late.buildId) === 0, 'its containers to end');
    await slow.admitNext();
    await waitUntil(async () => (await slow.get(next.buildId))?.status === 'complete', 'the next build');
  });

  test('tell by their pods how a build ended whose monitor died', async () => {
    site.monitorsDie();
    const [good, bad] = [site.request('succeeds'), site.request('fails')];
    const replica = site.replica();
    await replica.submit(good);
    await replica.submit(bad);
    for (const { buildId } of [good, bad])
      await waitUntil(
        async () => (await jobOf(buildId))?.status?.conditions?.some(({ type }) => /Complete|Failed/.test(type)) === true,
        buildId,
      );
    const complete = await replica.get(good.buildId);
    expect(complete).toMatchObject({ status: 'complete', exitCode: 0, imageDigest: await replica.findImage(good.image) });
    if (complete !== undefined)
      checkCompletion(complete, good.ref, {
        build_id: good.buildId,
        ...(complete.imageDigest && { image_digest: complete.imageDigest }),
      });
    expect(await replica.get(bad.buildId)).toMatchObject({ status: 'failed', exitCode: 3, errorMessage: 'first\n\nthe reason' });
  });

  test('take their pods with them when their time is up', async () => {
    const request = site.request('succeeds');
    await withSettings({ keepSeconds: 1 }).submit(request);
    await waitUntil(() => site.published.length === 1, 'the end');
    await waitUntil(async () => (await jobOf(request.buildId)) === undefined && (await podsThere()) === 0, 'nothing to be left');
  });

  describe('that are cancelled', () => {
    test('leave nothing behind, and their place is free', async () => {
      const replica = site.replica({}, { maxRunning: 1 });
      const [first, second] = [site.request('waits'), site.request('succeeds')];
      await replica.submit(first);
      await waitUntil(() => site.containersOf(first.buildId) > 0, 'the build to run');
      await replica.submit(second);
      expect(await replica.cancel(first.buildId, 'no')).toBe('cancelled');
      expect(await jobOf(first.buildId)).toBeUndefined();
      expect(await podsThere()).toBe(0);
      await replica.admitNext();
      await waitUntil(async () => (await replica.get(second.buildId))?.status === 'complete', 'the next build');
    });

    test('by many at once are told of as one event', async () => {
      const request = site.request('waits');
      await site.replica().submit(request);
      const outcomes = await Promise.all(Array.from({ length: 5 }, () => site.replica().cancel(request.buildId, 'no')));
      expect(outcomes).toContain('cancelled');
      expect(outcomes).not.toContain('ended');
      expect(new Set(site.published.map(({ id }) => id)).size).toBe(1);
    });
  });
});
