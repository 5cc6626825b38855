// The builder's own code between the real adapters: an event in S3's and Kubernetes' world, to the function that gets it.
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { annotations } from '../../src/adapters/kubernetes/builds/job-labels.ts';
import { serviceName } from '../../src/core/function.ts';
import type { Running } from '../../src/builder/start-builder.ts';
import { openClusterSite, type ClusterSite, type Servers } from './support/cluster-builder.ts';
import { findCluster } from './support/kubernetes.ts';
import { findRegistry } from './support/registry.ts';
import { findS3 } from './support/s3.ts';
import { describeWith, type Missing } from './support/service.ts';

const findServers = async (): Promise<Servers | Missing> => {
  const [cluster, s3, registry] = [await findCluster(), await findS3(), await findRegistry()];
  if ('missing' in cluster) return cluster;
  if ('missing' in s3) return s3;
  return 'missing' in registry ? registry : { cluster, s3, registry };
};

type Answer = { status: number; body: Record<string, unknown> };

const tenant = 'acme-corp';
const source = `network.notifi.${tenant}`;

const post = async (builder: Running, headers: Record<string, string>, data: unknown, path = '/cloudevents'): Promise<Answer> => {
  const response = await fetch(builder.address + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'ce-specversion': '1.0', 'ce-source': source, ...headers },
    body: JSON.stringify(data),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) };
};

const send = (builder: Running, name: string, subject: string, id: string, data: object = {}): Promise<Answer> =>
  post(builder, { 'ce-type': `network.notifi.lambda.${name}`, 'ce-id': id, 'ce-subject': subject }, data);

const read = async (builder: Running, path: string): Promise<Record<string, unknown>> =>
  (await (await fetch(builder.address + path)).json()) as Record<string, unknown>;

const until = async <T>(look: () => Promise<T | undefined>, what: string): Promise<T> => {
  for (let tries = 0; tries < 300; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error(`${what} did not come`);
};

/** As an ApiServerSource tells of an object. */
const tellOf = (builder: Running, kind: string, name: string, parser: string): Promise<Answer> =>
  post(
    builder,
    { 'ce-type': 'dev.knative.apiserver.resource.update', 'ce-id': `${kind}-${name}`, 'ce-source': 'https://10.0.0.1:443' },
    {
      kind,
      metadata: { name, annotations: { [annotations.tenant]: tenant, [annotations.function]: parser } },
    },
  );

describeWith(await findServers(), 'the builder on a cluster', (servers) => {
  let site: ClusterSite;
  let builder: Running;
  beforeAll(async () => {
    site = await openClusterSite(servers);
    builder = await site.start();
  }, 120_000);
  afterAll(() => site.close(), 60_000);

  const pendingIn = async (): Promise<number> =>
    (await site.temp.client.send(new ListObjectsV2Command({ Bucket: site.temp.bucket, Prefix: 'pending/' }))).KeyCount ?? 0;
  const ended = (buildId: string): Promise<Record<string, unknown>> =>
    until(async () => {
      const build = await read(builder, `/builds/${buildId}`);
      return build.status === 'complete' ? build : undefined;
    }, 'the end of the build');
  const ready = (parser: string): Promise<Record<string, unknown>> =>
    until(async () => {
      const state = await read(builder, `/functions/${tenant}/${parser}`);
      return state.ready === true ? state : undefined;
    }, 'the function');
  const handedOver = (id: string): Promise<number> =>
    until(() => {
      const count = site.functionEvents.filter((event) => event.id === id).length;
      return Promise.resolve(count === 0 ? undefined : count);
    }, 'the event');

  it('builds the function that an event is for, deploys what was built, and hands the event over, whoever tells of each step', async () => {
    await site.putSource('parsers/price_feed.js', 'export const handle = () => 1;\n');
    const answer = await send(builder, 'parser.start', 'price_feed', 'event-1', { s3_key: 'parsers/price_feed.js' });
    expect(answer).toMatchObject({ status: 202, body: { status: 'pending' } });
    expect(await pendingIn()).toBe(1);
    const build = await ended(answer.body.build_id as string);
    const { build_id: buildId, job_name: jobName, image_uri, image_digest, content_hash } = build as Record<string, string>;
    const told = await send(builder, 'build.complete', 'price_feed', 'done-1', {
      ...{ build_id: buildId, job_name: jobName, image_uri, image_digest, content_hash },
    });
    expect(told).toMatchObject({ status: 200, body: { status: 'acknowledged' } });
    const metrics = await (await fetch(`${builder.address}/metrics`)).text();
    expect(metrics).toContain('knative_lambda_build_duration_seconds_count{runtime="nodejs24",outcome="complete"} 1\n');
    expect(metrics).toContain('knative_lambda_build_success_rate 1\n');
    await ready('price_feed');
    await tellOf(builder, 'Service', serviceName({ tenant, function: 'price_feed' }), 'price_feed');
    expect(await handedOver('event-1')).toBe(1);
    expect(await pendingIn()).toBe(0);
    expect(await read(builder, '/functions/acme-corp/price_feed')).toMatchObject({ ready: true, image_digest });
    expect(site.events.map(({ type }) => type.replace('network.notifi.lambda.', ''))).toEqual([
      'build.started',
      'service.created',
    ]);
    const log = await fetch(`${builder.address}/builds/${buildId}/logs`);
    expect(await log.text()).toContain('building');
  }, 60_000);

  it('builds nothing for an equal event, and hands the next one over at once', async () => {
    const answer = await send(builder, 'build.start', 'price_feed', 'event-2', { s3_key: 'parsers/price_feed.js' });
    expect(answer).toMatchObject({ status: 200, body: { status: 'skipped' } });
    expect(await send(builder, 'parser.start', 'price_feed', 'event-3')).toMatchObject({ status: 202 });
    expect(await handedOver('event-3')).toBe(1);
  });

  it('refuses a completion that names an image that was not built, as a letter and not as an answer to a broker', async () => {
    const { builds } = (await read(builder, '/builds')) as { builds: Record<string, string>[] };
    const data = { build_id: builds[0]?.build_id, image_digest: `sha256:${'f'.repeat(64)}` };
    const headers = { 'ce-type': 'network.notifi.lambda.build.complete', 'ce-id': 'forged', 'ce-subject': 'price_feed' };
    expect(await post(builder, headers, data)).toMatchObject({ status: 422, body: { code: 'COMPLETION_MISMATCH' } });
    const answered = await post(builder, headers, data, '/cloudevents?delivery=broker');
    expect(answered).toMatchObject({ status: 200, body: { code: 'COMPLETION_MISMATCH', retryable: false } });
  });

  it('goes on in another replica when the one that answered is gone and no monitor tells of the end', async () => {
    await site.putSource('parsers/second.js', 'export const handle = () => 2;\n');
    const first = await site.start({ SWEEP_SECONDS: '3600' });
    const answer = await send(first, 'parser.start', 'second', 'event-4', { s3_key: 'parsers/second.js' });
    expect(answer.status).toBe(202);
    await first.close();
    const second = await site.start({ SWEEP_SECONDS: '1' });
    expect(await handedOver('event-4')).toBe(1);
    expect(await pendingIn()).toBe(0);
    expect(await read(second, '/functions/acme-corp/second')).toMatchObject({ ready: true });
  }, 60_000);

  it('takes the second witness of a build for what the job says itself', async () => {
    await site.putSource('parsers/third.js', 'export const handle = () => 3;\n');
    const { body } = await send(builder, 'build.start', 'third', 'event-5', { s3_key: 'parsers/third.js' });
    await ended(body.build_id as string);
    const witness = await tellOf(builder, 'Job', `build-${String(body.build_id)}`, 'third');
    expect(witness).toMatchObject({ status: 200, body: { status: 'acknowledged' } });
    await ready('third');
    const again = await tellOf(builder, 'Job', `build-${String(body.build_id)}`, 'third');
    expect(again).toMatchObject({ status: 200, body: { status: 'skipped' } });
  }, 60_000);

  it('leaves nothing of a function that is deleted', async () => {
    expect(await send(builder, 'service.delete', 'third', 'event-6')).toMatchObject({ status: 200, body: { status: 'deleted' } });
    const kinds = ['serving.knative.dev/v1', 'eventing.knative.dev/v1'] as const;
    const name = serviceName({ tenant, function: 'third' });
    const paths = [
      `/apis/${kinds[0]}/namespaces/${site.namespaces.functions}/services/${name}`,
      `/apis/${kinds[1]}/namespaces/${site.namespaces.functions}/triggers/${name}`,
      `/api/v1/namespaces/${site.namespaces.functions}/serviceaccounts/${name}`,
    ];
    for (const path of paths) {
      await until(async () => {
        const found = await site.client.call({ method: 'GET', path });
        return found.ok ? undefined : found.refusal.reason;
      }, `the end of ${path}`);
    }
    expect((await fetch(`${builder.address}/functions/acme-corp/third`)).status).toBe(404);
  }, 60_000);
});
