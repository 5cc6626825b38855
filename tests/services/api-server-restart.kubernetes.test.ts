// An API server that is killed and comes back: what was being watched, followed and submitted goes on.
import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { configMaps, jobs } from '../../src/adapters/kubernetes/builds/objects.ts';
import { listAll } from '../../src/adapters/kubernetes/list.ts';
import { create } from '../../src/adapters/kubernetes/verbs.ts';
import { watch } from '../../src/adapters/kubernetes/watch.ts';
import { waitUntil } from '../contract/wait-until.ts';
import { openBuildSite, type BuildSite } from './support/image-builder.ts';
import { startPrivateCluster, type Cluster } from './support/kubernetes.ts';
import { describeWith } from './support/service.ts';

const opened = await startPrivateCluster();

describeWith<Cluster & Pick<typeof opened, 'command'>>(opened, 'an API server that is killed and comes back', (cluster) => {
  let site: BuildSite;
  beforeEach(async () => {
    site = await openBuildSite(cluster);
  });
  afterEach(() => site.close());
  afterAll(() => cluster.command('wipe'));

  const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: site.namespace } });
  const make = (name: string) => create(site.client, configMaps, site.namespace, map(name));

  test('is watched on, and nothing is missed', async () => {
    const leave = new AbortController();
    const told: string[] = [];
    let lists = 0;
    const watching = (async () => {
      for await (const change of watch(site.client, configMaps, { namespace: site.namespace, signal: leave.signal })) {
        // A server that has forgotten the version has it listed again.
        if (change.type === 'listed') lists++;
        const objects = change.type === 'listed' ? change.objects : change.type === 'changed' ? [change.object] : [];
        told.push(...objects.map(({ metadata }) => metadata.name).filter((name) => !told.includes(name)));
      }
    })();
    await waitUntil(() => lists === 1, 'the first list');
    await make('before');
    await cluster.command('kill', 'kube-apiserver');
    const made = make('meanwhile');
    await sleep(300);
    await cluster.command('start', 'kube-apiserver');
    await made.catch(() => make('meanwhile'));
    await make('after');
    await waitUntil(() => told.includes('after'), 'the last change', 60_000);
    leave.abort();
    await watching;
    expect(told.filter((name) => name !== 'kube-root-ca.crt')).toEqual(['before', 'meanwhile', 'after']);
  }, 180_000);

  test('finds every build that was promised: each is built once, and its log is followed to its end', async () => {
    const replicas = [site.replica(), site.replica()] as const;
    const first = site.request('waits');
    await replicas[0].submit(first);
    const lines: string[] = [];
    const following = (async () => {
      const never = new AbortController().signal;
      for await (const { text } of replicas[1].logs(first.buildId, { follow: true, offset: 0, signal: never })) lines.push(text);
    })();
    await waitUntil(() => lines.length > 0, 'the first line');
    await cluster.command('kill', 'kube-apiserver');
    const requests = Array.from({ length: 3 }, () => site.request('waits'));
    const submitted = requests.map((request, index) => replicas[index % 2 === 0 ? 0 : 1].submit(request));
    const settled = Promise.allSettled(submitted);
    await cluster.command('start', 'kube-apiserver');
    await settled;
    // Whoever was told that it is not now sends again.
    for (const request of requests) await replicas[0].submit(request);
    site.release();
    const statuses = () => Promise.all([first, ...requests].map(async ({ buildId }) => (await replicas[1].get(buildId))?.status));
    await waitUntil(
      async () => {
        await replicas[0].admitNext();
        return (await statuses()).every((status) => status === 'complete');
      },
      'all four builds',
      60_000,
    );
    await following;
    expect(lines).toEqual(['waiting']);
    const { items } = await listAll(site.client, jobs, { namespace: site.namespace });
    expect(items).toHaveLength(4);
    expect(items.every(({ metadata }) => metadata.annotations?.['build.notifi.network/attempt'] === '1')).toBe(true);
  }, 180_000);
});
