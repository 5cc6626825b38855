import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { annotations } from '../../../../src/adapters/kubernetes/builds/job-labels.ts';
import type { KanikoJobSettings } from '../../../../src/adapters/kubernetes/builds/job-settings.ts';
import { kanikoJob } from '../../../../src/adapters/kubernetes/builds/kaniko-job.ts';
import type { Job } from '../../../../src/adapters/kubernetes/builds/objects.ts';
import { withFacts } from '../../../../src/adapters/kubernetes/builds/pod-facts.ts';
import { buildOf } from '../../../../src/adapters/kubernetes/builds/read-job.ts';
import { progressAnnotations } from '../../../../src/core/build-progress.ts';
import type { BuildRequest } from '../../../../src/core/build.ts';
import { requestOf } from '../../../contract/build-request.ts';

const settings: KanikoJobSettings = {
  namespace: 'builds',
  kanikoImage: `kaniko@sha256:${'a'.repeat(64)}`,
  monitorImage: `platform@sha256:${'b'.repeat(64)}`,
  serviceAccount: 'kaniko',
  tempBucket: 'temp',
  s3: { pathStyle: false },
  registryPlainHttp: false,
  brokerUrl: 'http://broker/',
  deadlineSeconds: 1800,
  keepSeconds: 3600,
};
const digest = `sha256:${'d'.repeat(64)}`;
const jobOf = (request: BuildRequest, more: Partial<KanikoJobSettings> = {}): Job =>
  kanikoJob(
    request,
    { attempt: 2, createdAt: 1_700_000_000_123 },
    { NODE_BASE_IMAGE: 'docker.io/library/node:24' },
    { ...settings, ...more },
  );
const podOf = (more: Partial<KanikoJobSettings> = {}) =>
  jobOf(requestOf('contexts/k.tar.gz'), more).spec.template.spec as NonNullable<Job['spec']['template']['spec']>;

/** A job as the API server gives it back, with what others have written on it. */
const stored = (
  status: Job['status'] = {},
  written: Record<string, string> = {},
  fields: { suspend?: boolean; deletionTimestamp?: string } = {},
): Job => {
  const job = jobOf(requestOf('contexts/key.tar.gz'));
  const { suspend = false, deletionTimestamp } = fields;
  const metadata = { ...job.metadata, uid: 'uid', annotations: { ...job.metadata.annotations, ...written } };
  return {
    ...job,
    metadata: { ...metadata, ...(deletionTimestamp && { deletionTimestamp }) },
    spec: { ...job.spec, suspend },
    status,
  };
};
const condition = (type: string, reason = '', message = '') => ({
  conditions: [{ type, status: 'True' as const, reason, message, lastTransitionTime: '2026-01-01T00:00:09Z' }],
});
const { phase, exitCode, imageDigest, errorMessage, startedAt, endedAt } = progressAnnotations;

describe('the job of a build', () => {
  const hostile = fc.string({ unit: 'binary', maxLength: 60 }).map((text) => text.toWellFormed());

  test('gives back exactly the request that it was made of, whatever the event said', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, hostile, (source, id, correlationId, sourceKey) => {
        const request = requestOf('contexts/k.tar.gz', {
          cause: { source, id },
          correlationId,
          sourceKey,
          handler: 'lib/parse.run',
        });
        const build = buildOf(JSON.parse(JSON.stringify(jobOf(request))) as Job);
        expect(build).toEqual({
          ...request,
          status: 'queued',
          jobName: `build-${request.buildId}`,
          attempt: 2,
          createdAt: 1_700_000_000_123,
        });
      }),
    );
  });

  test('puts no text of an event into an argument, and none that Kubernetes would expand into the environment', () => {
    const request = requestOf('contexts/k.tar.gz', {
      cause: { source: '$(POD_NAME)', id: '`id` $(TOKEN) $$ "' },
      correlationId: "'; rm -rf / #",
      ref: { tenant: 'Evil_Tenant', function: 'f' },
    });
    const { containers, initContainers } = jobOf(request).spec.template.spec as NonNullable<Job['spec']['template']['spec']>;
    const args = containers[0]?.args ?? [];
    expect(args.join('\n')).not.toMatch(/rm -rf|TOKEN|POD_NAME|Evil/);
    expect(containers[0]).not.toHaveProperty('command');
    const values = new Map(initContainers?.[0]?.env?.map(({ name, value }) => [name, value]));
    expect(values.get('CAUSE_SOURCE')).toBe('$$(POD_NAME)');
    expect(values.get('CAUSE_ID')).toBe('`id` $$(TOKEN) $$$$ "');
    expect(values.get('CORRELATION_ID')).toBe("'; rm -rf / #");
  });

  test('is what the platform promises of it', () => {
    const request = requestOf('contexts/k.tar.gz', { ref: { tenant: 'Tenant_A', function: 'Func_B' } });
    const job = jobOf(request, { cacheRepository: 'registry.local/cache', registryPlainHttp: true });
    expect(job.metadata.labels).toMatchObject({
      'build.notifi.network/third-party-id': 'tenant-a',
      'build.notifi.network/parser-id': 'func-b',
      'build.notifi.network/queue': 'waiting',
    });
    expect(job.metadata.annotations).toMatchObject({ 'build.notifi.network/traceparent': request.traceparent });
    expect(job.spec).toMatchObject({
      suspend: true,
      backoffLimit: 0,
      activeDeadlineSeconds: 1800,
      ttlSecondsAfterFinished: 3600,
    });
    const pod = job.spec.template.spec;
    expect(pod).toMatchObject({ restartPolicy: 'Never', automountServiceAccountToken: false, serviceAccountName: 'kaniko' });
    expect(pod?.containers[0]?.args).toEqual([
      '--context=s3://temp/contexts/k.tar.gz',
      '--dockerfile=Dockerfile',
      `--destination=${request.image}`,
      '--digest-file=/dev/termination-log',
      '--cache=true',
      '--cache-ttl=24h',
      '--cache-repo=registry.local/cache',
      '--compressed-caching=false',
      '--snapshot-mode=redo',
      '--image-download-retry=3',
      '--push-retry=3',
      '--log-format=text',
      '--insecure-registry=registry.local',
      '--build-arg=NODE_BASE_IMAGE=docker.io/library/node:24',
    ]);
    const token = pod?.volumes?.find(({ projected }) => projected !== undefined)?.name;
    const mounts = (name: string) =>
      [...(pod?.containers ?? []), ...(pod?.initContainers ?? [])].filter(({ volumeMounts }) =>
        volumeMounts?.some((mount) => mount.name === name),
      );
    expect(mounts(token ?? '').map(({ name }) => name)).toEqual(['build-monitor']);
    expect(jobOf(request, { kueueQueue: 'builds' }).metadata.labels).toMatchObject({ 'kueue.x-k8s.io/queue-name': 'builds' });
    expect(jobOf(request, { kueueQueue: 'builds' }).metadata.labels).not.toHaveProperty('build.notifi.network/queue');
  });

  test('keeps the credentials of the registry from whoever is not root: a step of the Dockerfile that is a tenant’s is not', () => {
    const { volumes, containers, initContainers } = podOf({ registrySecret: 'registry' });
    const name = 'registry-credentials';
    expect(volumes).toContainEqual(expect.objectContaining({ name, secret: expect.objectContaining({ defaultMode: 0o400 }) }));
    expect(containers[0]?.volumeMounts).toEqual([{ name, mountPath: '/kaniko/.docker', readOnly: true }]);
    expect(initContainers?.[0]?.volumeMounts).not.toContainEqual(expect.objectContaining({ name }));
  });

  test('lets Kaniko end what a step of another user left behind: it refuses the build where it may not', () => {
    expect(podOf().containers[0]?.securityContext?.capabilities?.add).toContain('KILL');
  });
});

describe('a build as its job tells of it', () => {
  const cases: [string, Job, Record<string, unknown>][] = [
    ['waits', stored({}, {}, { suspend: true }), { status: 'queued' }],
    ['runs', stored({ startTime: '2026-01-01T00:00:01Z' }), { status: 'running', startedAt: Date.UTC(2026, 0, 1, 0, 0, 1) }],
    [
      'is complete by the job',
      stored({ ...condition('Complete'), completionTime: '2026-01-01T00:00:08Z' }),
      { status: 'complete', endedAt: Date.UTC(2026, 0, 1, 0, 0, 8) },
    ],
    [
      'is complete by its monitor, before the job knows',
      stored(
        {},
        {
          [phase]: 'complete',
          [imageDigest]: digest,
          [exitCode]: '0',
          [startedAt]: '2026-01-01T00:00:01.5Z',
          [endedAt]: '2026-01-01T00:00:02.25Z',
        },
      ),
      {
        status: 'complete',
        imageDigest: digest,
        exitCode: 0,
        startedAt: Date.UTC(2026, 0, 1, 0, 0, 1, 500),
        endedAt: Date.UTC(2026, 0, 1, 0, 0, 2, 250),
      },
    ],
    [
      'has failed by the job',
      stored(condition('Failed', 'BackoffLimitExceeded', 'too often')),
      { status: 'failed', errorMessage: 'too often', endedAt: Date.UTC(2026, 0, 1, 0, 0, 9) },
    ],
    [
      'has failed by its monitor',
      stored({}, { [phase]: 'failed', [exitCode]: '3', [errorMessage]: 'the reason' }),
      { status: 'failed', exitCode: 3, errorMessage: 'the reason' },
    ],
    ['took too long', stored(condition('FailureTarget', 'DeadlineExceeded')), { status: 'timeout' }],
    [
      'stays complete when the job took too long to end',
      stored(condition('Failed', 'DeadlineExceeded'), { [phase]: 'complete' }),
      { status: 'complete' },
    ],
    [
      'was cancelled',
      stored({}, { [annotations.cancelledAt]: '2026-01-01T00:00:03Z', [errorMessage]: 'no' }),
      { status: 'cancelled', errorMessage: 'no' },
    ],
    ['was deleted by somebody', stored({}, {}, { deletionTimestamp: '2026-01-01T00:00:04Z' }), { status: 'cancelled' }],
    [
      'was written on by somebody who lies',
      stored({}, { [phase]: 'complete', [imageDigest]: 'sha256:evil', [exitCode]: 'NaN' }),
      { status: 'complete' },
    ],
  ];

  test.each(cases)('%s', (_what, job, fields) => {
    const build = buildOf(job);
    expect(build).toMatchObject(fields);
    for (const name of ['exitCode', 'imageDigest', 'endedAt'] as const)
      if (!(name in fields) && name !== 'endedAt') expect(build).not.toHaveProperty(name);
  });

  test.each([
    ['buildId', 'nonsense'],
    ['tenant', '../..'],
    ['runtime', 'cobol'],
    ['attempt', '-1'],
    ['createdAt', '1e3'],
    ['image', ''],
  ] as const)('is none when its %s is "%s"', (name, value) => {
    expect(buildOf(stored({}, { [annotations[name]]: value }))).toBeUndefined();
  });

  test('is none when its job has the name of another build', () => {
    const job = stored();
    expect(buildOf({ ...job, metadata: { ...job.metadata, name: 'build-0000000000000000' } })).toBeUndefined();
  });

  test('learns from the pod what the monitor could not write', () => {
    const failed = buildOf(stored(condition('Failed', 'BackoffLimitExceeded', 'too often')));
    const facts = withFacts(failed as NonNullable<typeof failed>, { exitCode: 7, reason: 'Error', message: 'a\nthe reason\n' });
    expect(facts).toMatchObject({ status: 'failed', exitCode: 7, errorMessage: 'a\nthe reason' });
    const complete = buildOf(stored(condition('Complete')));
    expect(withFacts(complete as NonNullable<typeof complete>, { exitCode: 0, message: digest })).toMatchObject({
      imageDigest: digest,
    });
  });
});
