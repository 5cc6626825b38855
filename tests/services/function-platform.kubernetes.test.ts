// The FunctionPlatform port on a real Kubernetes API server.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { listAll } from '../../src/adapters/kubernetes/list.ts';
import { revisions, serviceAccounts, services, triggers } from '../../src/adapters/kubernetes/functions/objects.ts';
import { pathOf, type KubernetesObject, type Resource } from '../../src/adapters/kubernetes/objects.ts';
import { knativeService } from '../../src/adapters/kubernetes/functions/service.ts';
import { create, get, patch, remove } from '../../src/adapters/kubernetes/verbs.ts';
import { serviceName } from '../../src/core/function.ts';
import type { FunctionPlatform } from '../../src/ports.ts';
import { eventOf, ref, specOf } from '../contract/function-events.ts';
import { functionPlatformContract, settled } from '../contract/function-platform.ts';
import { waitUntil } from '../contract/wait-until.ts';
import { findCluster } from './support/kubernetes.ts';
import { openFunctions, type KubernetesHarness } from './support/kubernetes-functions.ts';
import { describeWith } from './support/service.ts';

const never = new AbortController().signal;
const name = serviceName(ref);

describeWith(await findCluster(), 'functions as Knative Services', (cluster) => {
  functionPlatformContract('the adapter of Kubernetes', () => openFunctions(cluster));

  let harness: KubernetesHarness;
  let platform: FunctionPlatform;

  beforeEach(async () => {
    harness = await openFunctions(cluster);
    ({ platform } = harness);
  });
  afterEach(() => harness.close());

  const deploy = async (version: string, requestedAt: number, by = platform) =>
    by.apply(specOf(ref, await harness.image({ version }), requestedAt));
  const place = () => ({ namespace: harness.namespace, name });
  const service = () => get(harness.client, services, place());

  describe('what is declared', () => {
    it('is a service, an account and a trigger, as the contract has them', async () => {
      const { imageDigest } = await harness.image({ version: 'one' });
      await deploy('one', 1);
      expect(await service()).toMatchObject({
        metadata: {
          labels: { 'build.notifi.network/third-party-id': 'acme', 'build.notifi.network/parser-id': 'price-feed' },
          annotations: { 'build.notifi.network/parser-id': 'Price_Feed', 'build.notifi.network/requested-at': '1' },
        },
        spec: {
          template: {
            metadata: {
              annotations: {
                'autoscaling.knative.dev/min-scale': '0',
                'autoscaling.knative.dev/max-scale': '50',
                'autoscaling.knative.dev/target': '10',
                'autoscaling.knative.dev/scale-to-zero-pod-retention-period': '30s',
              },
            },
            spec: {
              containerConcurrency: 10,
              timeoutSeconds: 12,
              serviceAccountName: name,
              automountServiceAccountToken: false,
              containers: [
                {
                  image: `registry.example:5000/team/functions@${imageDigest}`,
                  env: [
                    { name: 'LOG_LEVEL', value: 'info' },
                    { name: 'COST', value: '$$(HOME) costs $$5' },
                    { name: 'FUNCTION_TENANT', value: 'acme' },
                    { name: 'FUNCTION_NAME', value: 'Price_Feed' },
                    { name: 'TIMEOUT_SECONDS', value: '10' },
                  ],
                  resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { cpu: '100m', memory: '256Mi' } },
                  securityContext: { readOnlyRootFilesystem: true, runAsNonRoot: true },
                },
              ],
            },
          },
        },
      });
      const { uid } = (await service())?.metadata ?? {};
      expect(await get(harness.client, triggers, place())).toMatchObject({
        metadata: { ownerReferences: [{ kind: 'Service', name, uid }] },
        spec: {
          broker: 'functions',
          filter: {
            attributes: { type: 'network.notifi.lambda.parser.start', source: 'network.notifi.acme', subject: 'Price_Feed' },
          },
          subscriber: { uri: `http://${name}.${harness.namespace}.svc.cluster.local` },
          delivery: {
            retry: 5,
            backoffPolicy: 'exponential',
            backoffDelay: 'PT1S',
            timeout: 'PT22S',
            deadLetterSink: { uri: harness.settings.deadLetterUrl },
          },
        },
      });
      expect(await get(harness.client, serviceAccounts, place())).toMatchObject({
        automountServiceAccountToken: false,
        metadata: { ownerReferences: [{ uid }] },
      });
    });

    it('makes pods that the strictest level of Pod Security lets in', async () => {
      await deploy('one', 1);
      const declared = (await service())?.spec.template.spec as Record<string, unknown> & { containers: object[] };
      // What Knative makes of it: these it keeps to itself, or hands to the proxy that it puts beside the container.
      const ofKnative = ['containerConcurrency', 'timeoutSeconds', 'responseStartTimeoutSeconds', 'containers'];
      const pod = Object.fromEntries(Object.entries(declared).filter(([field]) => !ofKnative.includes(field)));
      const container = { ...declared.containers[0], readinessProbe: undefined };
      const answer = await harness.client.call({
        method: 'POST',
        path: `/api/v1/namespaces/${harness.namespace}/pods`,
        query: { dryRun: 'All', fieldValidation: 'Strict' },
        body: { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'like-knative' }, spec: { ...pod, containers: [container] } },
      });
      expect(answer).toMatchObject({ ok: true });
    });

    it('a later spec of the same image begins no new revision, one of a function that failed does', async () => {
      await deploy('one', 1);
      await settled(platform, ref);
      await deploy('one', 2);
      expect((await service())?.metadata.generation).toBe(1);
      const broken = await harness.image({ version: 'two', throws: 'no table' });
      await platform.apply(specOf(ref, broken, 3));
      expect(await settled(platform, ref)).toMatchObject({ state: 'failed' });
      harness.knative.images.set(broken.imageDigest, { version: 'two' });
      expect((await platform.apply(specOf(ref, broken, 4))).outcome).toBe('unchanged');
      expect(await settled(platform, ref)).toMatchObject({ state: 'ready', replicas: 1 });
    });

    it('what an earlier version declared and this one does not is taken back', async () => {
      await harness
        .another({ environment: { OLD: 'value' }, imagePullSecrets: ['old'] })
        .apply(specOf(ref, await harness.image({ version: 'one' }), 1));
      await deploy('two', 2);
      const containers = (await service())?.spec.template.spec.containers as { env: { name: string }[] }[];
      expect(containers[0]?.env.map(({ name: variable }) => variable)).not.toContain('OLD');
      expect(await get(harness.client, serviceAccounts, place())).not.toHaveProperty('imagePullSecrets');
    });

    it('also from a service that was created and never changed since', async () => {
      const first = specOf(ref, await harness.image({ version: 'one' }), 1);
      const declared = knativeService(first, { createdAt: 1, appliedAt: 1, begunFor: 1 }, harness.settings);
      const labels = { ...declared.metadata.labels, 'example.com/of-an-earlier-version': 'x' };
      await create(harness.client, services, harness.namespace, { ...declared, metadata: { ...declared.metadata, labels } });
      expect((await deploy('two', 2)).outcome).toBe('updated');
      expect((await service())?.metadata.labels).not.toHaveProperty(['example.com/of-an-earlier-version']);
    });

    it('what others add stays, what they change of ours does not', async () => {
      await deploy('one', 1);
      const path = pathOf(services, harness.namespace, name);
      const body = [
        { op: 'add', path: '/metadata/annotations/example.com~1note', value: 'theirs' },
        { op: 'replace', path: '/spec/template/spec/containerConcurrency', value: 1_000 },
      ];
      const query = { fieldManager: 'somebody-else' };
      await harness.client.call({ method: 'PATCH', path, contentType: 'application/json-patch+json', query, body });
      await deploy('two', 2);
      const after = await service();
      expect(after?.metadata.annotations).toMatchObject({ 'example.com/note': 'theirs' });
      expect(after?.spec.template.spec.containerConcurrency).toBe(10);
    });
  });

  describe('many replicas at once', () => {
    it('end with the spec that was requested last, whoever comes first', async () => {
      const versions = Array.from({ length: 20 }, (_, index) => index + 1);
      const replicas = versions.map(() => harness.another());
      const shuffled = versions.toSorted(() => Math.random() - 0.5);
      const applied = await Promise.all(shuffled.map((at, index) => deploy(`v${at}`, at, replicas[index])));
      const outcomes = applied.map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect(await platform.get(ref)).toMatchObject({ requestedAt: 20 });
      await settled(platform, ref);
      expect((await platform.invoke(ref, eventOf({}), never)).body.toString()).toContain('"version":"v20"');
    });

    it('repair what one of them left half done', async () => {
      await deploy('one', 1);
      await settled(platform, ref);
      await remove(harness.client, triggers, place(), { propagation: 'Background' });
      expect(await platform.get(ref)).toMatchObject({ state: 'deploying' });
      expect((await deploy('one', 1)).outcome).toBe('unchanged');
      expect(await settled(platform, ref)).toMatchObject({ state: 'ready' });
    });
  });

  describe('a name that is taken', () => {
    it.each<[string, Resource<KubernetesObject>, object]>([
      ['service', services, { spec: { template: { spec: { containers: [{ image: 'theirs' }] } } } }],
      ['trigger', triggers, { spec: { broker: 'theirs', subscriber: { uri: 'http://theirs' } } }],
      ['service account', serviceAccounts, {}],
    ])('by a %s of somebody else is refused, and nothing is made or changed', async (_, of, body) => {
      const foreign = { apiVersion: of.apiVersion, kind: of.kind, metadata: { name }, ...body };
      await create(harness.client, of, harness.namespace, foreign);
      const contentOf = async (): Promise<object> => ({ ...(await get(harness.client, of, place())), metadata: {}, status: {} });
      const before = await contentOf();
      await expect(deploy('one', 1)).rejects.toMatchObject({ code: 'NAME_CONFLICT' });
      expect(await contentOf()).toEqual(before);
      expect(await platform.get(ref)).toBeUndefined();
      expect(await platform.remove(ref)).toBe('absent');
      if (of.kind !== 'Service') expect(await service()).toBeUndefined();
    });
  });

  describe('the state', () => {
    it('is deploying until both have been looked at since they were last changed', async () => {
      await deploy('one', 1);
      await settled(platform, ref);
      harness.knative.running = false;
      await deploy('two', 2);
      expect(await platform.get(ref)).toMatchObject({ state: 'deploying' });
      harness.knative.running = true;
      expect(await settled(platform, ref)).toMatchObject({ state: 'ready' });
    });

    it('of a service whose annotations somebody broke is that of none, and the next spec mends it', async () => {
      await deploy('one', 1);
      await patch(harness.client, services, place(), [
        { op: 'replace', path: '/metadata/annotations/build.notifi.network~1image-digest', value: 'x' },
      ]);
      expect(await platform.get(ref)).toBeUndefined();
      expect((await platform.list({}, { limit: 10 })).items).toEqual([]);
      expect((await deploy('two', 2)).outcome).toBe('updated');
      expect(await settled(platform, ref)).toMatchObject({ state: 'ready' });
    });
  });

  it('a list of one tenant has no function of another whose label reads the same', async () => {
    const refs = [ref, { tenant: 'Acme', function: 'Price_Feed' }, { tenant: 'acme', function: 'price-feed' }];
    for (const of of refs) await platform.apply(specOf(of, await harness.image({ version: 'one' }), 1));
    const listed = async (filter: { tenant?: string; function?: string }): Promise<object[]> =>
      (await platform.list(filter, { limit: 10 })).items.map((state) => state.ref);
    expect(await listed({ tenant: 'Acme' })).toEqual([refs[1]]);
    expect(await listed({ tenant: 'acme', function: 'price-feed' })).toEqual([refs[2]]);
    expect(await listed({})).toHaveLength(3);
  });

  describe('deleting', () => {
    it('leaves nothing', async () => {
      await deploy('one', 1);
      await settled(platform, ref);
      expect(await platform.remove(ref)).toBe('deleted');
      const kinds: Resource<KubernetesObject>[] = [services, triggers, serviceAccounts, revisions];
      const left = async (): Promise<string[]> => {
        const lists = await Promise.all(
          kinds.map((of) => listAll<never>(harness.client, of as never, { namespace: harness.namespace })),
        );
        return lists.flatMap(({ items }) => (items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name));
      };
      await waitUntil(async () => (await left()).every((found) => found === 'default'), 'the garbage collector');
    });

    it('leaves a trigger that by now belongs to another life of the function', async () => {
      await deploy('one', 1);
      // As if it had been made anew between our look at the service and our look at the trigger.
      const other = { tenant: 'acme', function: 'other' };
      await platform.apply(specOf(other, await harness.image({ version: 'one' }), 1));
      const { uid } = (await get(harness.client, services, { ...place(), name: serviceName(other) }))?.metadata ?? {};
      await patch(harness.client, triggers, place(), [
        { op: 'replace', path: '/metadata/ownerReferences/0/uid', value: uid },
        { op: 'replace', path: '/metadata/ownerReferences/0/name', value: serviceName(other) },
      ]);
      expect(await platform.remove(ref)).toBe('deleted');
      expect(await get(harness.client, triggers, place())).toBeDefined();
    });

    it('waits for the end of a service that is on its way out, before the function is made anew', async () => {
      await deploy('one', 1);
      await patch(harness.client, services, place(), [{ op: 'add', path: '/metadata/finalizers', value: ['example.com/slow'] }]);
      expect(await platform.remove(ref)).toBe('deleted');
      expect(await platform.get(ref)).toBeUndefined();
      const again = deploy('two', 2);
      await new Promise((resolve) => setTimeout(resolve, 300));
      await patch(harness.client, services, place(), [{ op: 'remove', path: '/metadata/finalizers' }]);
      expect((await again).outcome).toBe('created');
    });
  });

  it('a field that the server does not know is refused rather than dropped', async () => {
    const manifest = {
      apiVersion: services.apiVersion,
      kind: services.kind,
      metadata: { name },
      spec: { template: { metadata: {}, spec: { containrs: [] } } },
    };
    await expect(create(harness.client, services, harness.namespace, manifest)).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
