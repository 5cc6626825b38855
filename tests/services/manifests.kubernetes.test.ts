// The manifests on a real API server: its schemas, its admission, its authorization.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { kanikoJob } from '../../src/adapters/kubernetes/builds/kaniko-job.ts';
import type { KanikoJobSettings } from '../../src/adapters/kubernetes/builds/job-settings.ts';
import { createBuildJob } from '../../src/build-monitor/job.ts';
import { jobName } from '../../src/core/build.ts';
import { serviceName } from '../../src/core/function.ts';
import { requestOf } from '../contract/build-request.ts';
import { findManifests, workloads, type PodSpec } from '../k8s/manifests.ts';
import { builderAtWork, endContainer, monitorAtWork, podOfBuild } from './support/accounts-at-work.ts';
import { openInstallation, namespaces, type Account, type Installation } from './support/installation.ts';
import { findCluster } from './support/kubernetes.ts';
import { describeWith } from './support/service.ts';

const [platform, builds, functions] = namespaces;
const builder: Account = { name: 'builder', namespace: platform };
const kaniko: Account = { name: 'kaniko', namespace: builds };

/** `<namespace> <group>/<resource>`: verbs. Whatever is not here is refused. */
const allowed: (Account & { rights: Record<string, string> })[] = [
  {
    ...builder,
    rights: {
      [`${builds} batch/jobs`]: 'create delete get list patch watch',
      [`${builds} /pods`]: 'list',
      [`${builds} /pods/log`]: 'get',
      [`${builds} /configmaps`]: 'create',
      [`${builds} /configmaps admission`]: 'create get update',
      [`${functions} serving.knative.dev/services`]: 'create delete get list patch',
      [`${functions} serving.knative.dev/revisions`]: 'get',
      [`${functions} eventing.knative.dev/triggers`]: 'create delete get list patch',
      [`${functions} /serviceaccounts`]: 'create get patch',
    },
  },
  {
    ...kaniko,
    rights: { [`${builds} batch/jobs`]: 'get patch', [`${builds} /pods`]: 'watch', [`${builds} /pods/log`]: 'get' },
  },
  {
    name: 'event-sources',
    namespace: platform,
    rights: {
      [`${builds} batch/jobs`]: 'get list watch',
      [`${functions} serving.knative.dev/services`]: 'get list watch',
      [`${functions} eventing.knative.dev/triggers`]: 'get list watch',
    },
  },
  { name: 'dlq-consumer', namespace: platform, rights: {} },
  { name: 'external-events', namespace: platform, rights: {} },
];

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const resources = [
  ['', 'pods'],
  ['', 'pods/log'],
  ['', 'pods/exec'],
  ['', 'secrets'],
  ['', 'configmaps'],
  ['', 'configmaps', 'admission'],
  ['', 'serviceaccounts'],
  ['', 'serviceaccounts/token'],
  ['', 'services'],
  ['', 'events'],
  ['apps', 'deployments'],
  ['batch', 'jobs'],
  ['batch', 'cronjobs'],
  ['serving.knative.dev', 'services'],
  ['serving.knative.dev', 'revisions'],
  ['eventing.knative.dev', 'triggers'],
  ['eventing.knative.dev', 'brokers'],
  ['sources.knative.dev', 'apiserversources'],
  ['networking.k8s.io', 'networkpolicies'],
  ['rbac.authorization.k8s.io', 'roles'],
  ['rbac.authorization.k8s.io', 'rolebindings'],
] as const;
/** '' is all of them. */
const places = [...namespaces, 'default', ''];

const pod = (name: string, namespace: string, spec: object): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace },
  spec,
});

/** What Knative makes of the template of a service: its own fields go, and probes get the port. */
const asPod = ({ containers, ...spec }: PodSpec): object => ({
  ...spec,
  containerConcurrency: undefined,
  timeoutSeconds: undefined,
  containers: containers.map((container) => ({
    ...container,
    ...Object.fromEntries(
      (['readinessProbe', 'livenessProbe'] as const).flatMap((name) => {
        const probe = container[name];
        return probe === undefined ? [] : [[name, { ...probe, httpGet: { port: 8080, ...probe.httpGet } }]];
      }),
    ),
  })),
});

const settings: KanikoJobSettings = {
  namespace: builds,
  kanikoImage: `ghcr.io/osscontainertools/kaniko@sha256:${'a'.repeat(64)}`,
  monitorImage: `registry.local/platform@sha256:${'b'.repeat(64)}`,
  serviceAccount: 'kaniko',
  tempBucket: 'temp',
  s3: { pathStyle: false },
  registryPlainHttp: false,
  brokerUrl: 'http://knative-lambda-broker-ingress.knative-lambda.svc.cluster.local',
  deadlineSeconds: 1800,
  keepSeconds: 3600,
};

const [cluster, rendered] = [await findCluster(), await findManifests()];
const found = 'missing' in cluster ? cluster : 'missing' in rendered ? rendered : { cluster, base: rendered.base };

describeWith(found, 'the manifests on a cluster', ({ cluster: there, base }) => {
  let installation: Installation;

  /** Asked of the API server's admission, and kept by nobody. @returns the refusal */
  const refusalOf = async (name: string, namespace: string, spec: object): Promise<string | undefined> => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const query = { dryRun: 'All' };
    try {
      const answer = await installation.client.call({ method: 'POST', path, query, body: pod(name, namespace, spec) });
      return answer.ok ? undefined : answer.refusal.message;
    } catch (thrown) {
      return String((thrown as { cause?: unknown }).cause ?? thrown);
    }
  };

  beforeAll(async () => {
    installation = await openInstallation(there);
    await installation.apply();
  }, 120_000);
  afterAll(() => installation.close(), 120_000);

  it('are applied a second time without a change', async () => {
    const versions = async (): Promise<Record<string, string>> => {
      const kinds = [...new Set(base.map(({ kind, apiVersion }) => `${kind}.${apiVersion.split('/').reverse().join('.')}`))]
        .filter((kind) => kind !== 'Namespace.v1')
        .map((kind) => kind.replace(/\.v1$/, (version) => (kind.split('.').length === 2 ? '' : version)));
      const text = await installation.kubectl('get', kinds.join(','), '--all-namespaces', '--output=json');
      const { items } = JSON.parse(text) as {
        items: { kind: string; metadata: { uid: string; name: string; namespace?: string; resourceVersion: string } }[];
      };
      const ours = items.filter(
        ({ metadata }) =>
          namespaces.some((name) => name === metadata.namespace) || metadata.name.startsWith('knative-lambda-seccomp'),
      );
      return Object.fromEntries(ours.map(({ kind, metadata }) => [`${kind} ${metadata.uid}`, metadata.resourceVersion]));
    };
    const before = await versions();
    expect(Object.keys(before).length).toBeGreaterThanOrEqual(base.length - namespaces.length);
    const printed = (await installation.apply()).split('\n');
    expect(printed).toHaveLength(base.length);
    for (const line of printed) expect(line).toMatch(/ serverside-applied$/);
    // Controllers write on jobs and quotas meanwhile, not on what is declared.
    const after = await versions();
    const changed = Object.keys(before).filter((key) => !key.startsWith('ResourceQuota') && before[key] !== after[key]);
    expect(changed).toEqual([]);
  });

  it.each(allowed)('let $name do what it needs, and nothing else, anywhere', async ({ name, namespace, rights }) => {
    const { client } = installation;
    const granted: Record<string, string[]> = {};
    const ask = async (place: string, verb: string, [group, resource, only = '']: readonly [string, string, string?]) => {
      const [plural = '', subresource = ''] = resource.split('/');
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:${name}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          resourceAttributes: { namespace: place, verb, group, resource: plural, subresource, name: only },
        },
      };
      const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
      const answer = await client.call<{ status: { allowed: boolean } }>({ method: 'POST', path, body });
      if (!answer.ok) throw new Error(answer.refusal.message);
      if (!answer.value.status.allowed) return;
      const key = `${place} ${group}/${resource}${only === '' ? '' : ` ${only}`}`;
      (granted[key] ??= []).push(verb);
    };
    for (const place of places)
      await Promise.all(resources.flatMap((resource) => verbs.map((verb) => ask(place, verb, resource))));
    expect(Object.fromEntries(Object.entries(granted).map(([key, held]) => [key, held.sort().join(' ')]))).toEqual(rights);
  });

  it('have the pods of our own processes accepted where everything else is restricted', async () => {
    for (const { name, namespace, pod: spec } of workloads(base)) {
      expect([name, await refusalOf(name, namespace, asPod(spec))]).toEqual([name, undefined]);
    }
  });

  it('have the pods of the brokers accepted, which name no seccomp profile, and give them one', async () => {
    const spec = {
      containers: [
        {
          name: 'dispatcher',
          image: 'dispatcher',
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            capabilities: { drop: ['ALL'] },
          },
        },
      ],
    };
    for (const namespace of [platform, functions]) expect(await refusalOf('dispatcher', namespace, spec)).toBeUndefined();
  });

  it('refuse a pod that wants more', async () => {
    const root = { containers: [{ name: 'root', image: 'root', securityContext: { runAsUser: 0 } }] };
    for (const namespace of [platform, functions]) expect(await refusalOf('root', namespace, root)).toContain('restricted');
    const onTheHost = { hostNetwork: true, containers: [{ name: 'on-the-host', image: 'x' }] };
    expect(await refusalOf('on-the-host', builds, onTheHost)).toContain('baseline');
  });

  it('have a build’s pod accepted where builds are, within its quota', async () => {
    const { spec } = kanikoJob(requestOf('contexts/x.tar.gz'), { attempt: 1, createdAt: 0 }, {}, settings);
    expect(await refusalOf('build', builds, spec.template.spec ?? {})).toBeUndefined();
  });

  it('let the builder build as itself', async () => {
    const work = await builderAtWork(installation, builder, settings, functions);
    const request = requestOf('contexts/x.tar.gz');
    await work.builds.submit(request);
    expect(await work.builds.get(request.buildId)).toMatchObject({ buildId: request.buildId });
    expect((await work.builds.list({}, { limit: 10 })).items).toHaveLength(1);
    await podOfBuild(installation, builds, request.buildId);
    const options = { follow: false, offset: 0, signal: AbortSignal.timeout(5_000) };
    for await (const line of work.builds.logs(request.buildId, options)) expect(line).toBe('no line');
    expect(await work.builds.cancel(request.buildId, 'enough')).toBe('cancelled');
    await work.builds.admitNext();
    work.close();
    expect(work.refused).toEqual([]);
  });

  it('let the builder serve functions as itself', async () => {
    const work = await builderAtWork(installation, builder, settings, functions);
    const ref = { tenant: 'tenant', function: 'function' };
    const spec = {
      ref,
      name: serviceName(ref),
      image: 'registry.local/functions:tag',
      imageDigest: `sha256:${'c'.repeat(64)}`,
      runtime: 'nodejs24' as const,
      buildId: '0123456789abcdef',
      requestedAt: 1,
    };
    expect(await work.functions.apply(spec)).toMatchObject({ outcome: 'created' });
    expect(await work.functions.apply({ ...spec, requestedAt: 2, buildId: 'fedcba9876543210' })).not.toHaveProperty('error');
    expect(await work.functions.get(ref)).toMatchObject({ name: spec.name });
    expect((await work.functions.list({}, { limit: 10 })).items).toHaveLength(1);
    expect(await work.functions.remove(ref)).toBe('deleted');
    work.close();
    expect(work.refused).toEqual([]);
  });

  it('let the monitor see its pod and tell of its job, and of no other job of that name', async () => {
    const work = await builderAtWork(installation, builder, settings, functions);
    const request = requestOf('contexts/y.tar.gz');
    await work.builds.submit(request);
    const pod = await podOfBuild(installation, builds, request.buildId);
    const monitor = await monitorAtWork(installation, kaniko, request, pod);
    const outcome = monitor.run();
    const digest = `sha256:${'d'.repeat(64)}`;
    await endContainer(installation, pod, digest);
    expect(await outcome).toBe('told');
    expect(monitor.told.map(({ type }) => type)).toEqual(['network.notifi.lambda.build.complete']);
    const build = await work.builds.get(request.buildId);
    expect(build).toMatchObject({ status: 'complete', imageDigest: digest, exitCode: 0 });
    const job = createBuildJob(monitor.api, builds, jobName(request.buildId));
    const anotherUid = '00000000-0000-0000-0000-000000000000';
    expect(await job.write({ phase: 'failed' }, anotherUid, AbortSignal.timeout(5_000))).toBe('gone');
    expect(await work.builds.get(request.buildId)).toEqual(build);
    monitor.api.close();
    work.close();
  });
});
