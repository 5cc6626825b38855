// The builder as it runs on a cluster, with a namespace and buckets of its own: the API server, S3 and the registry are real, what
// kubelets, monitors, Knative and its brokers do is made by hand.
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { hash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { annotations } from '../../../src/adapters/kubernetes/builds/job-labels.ts';
import { startBuilder, type Running } from '../../../src/builder/start-builder.ts';
import { clusterSettings } from '../../../src/cluster/config.ts';
import { openAdapters } from '../../../src/cluster/open-adapters.ts';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { readRequest } from '../../../src/core/http-binding.ts';
import { readConfig } from '../../../src/ops/config.ts';
import { createLogger } from '../../../src/ops/logger.ts';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { startFakeKubelet } from './fake-kubelet.ts';
import { playKnative } from './knative-controllers.ts';
import { openNamespaces, type Cluster } from './kubernetes.ts';
import type { TestRegistry } from './registry.ts';
import { openBucket, type S3, type TestBucket } from './s3.ts';

export type Servers = { cluster: Cluster; s3: S3; registry: TestRegistry };

/** Takes every event, and keeps it. */
type Ingress = { url: string; events: CloudEvent[]; close(): void };

const startIngress = async (): Promise<Ingress> => {
  const events: CloudEvent[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = readRequest(request.rawHeaders, request.headers['content-type'], Buffer.concat(chunks));
      if ('event' in received) events.push(received.event);
      response.writeHead(202).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    events,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};

export type ClusterSite = {
  readonly client: KubernetesClient;
  readonly namespaces: { builds: string; functions: string };
  readonly sources: TestBucket;
  readonly temp: TestBucket;
  /** What reached the builder's broker, and the functions'. */
  readonly events: CloudEvent[];
  readonly functionEvents: CloudEvent[];
  putSource(key: string, text: string): Promise<void>;
  /** Another replica. */
  start(settings?: Record<string, string>): Promise<Running>;
  close(): Promise<void>;
};

const templatesFolder = join(import.meta.dirname, '../../../templates');

export const openClusterSite = async ({ cluster, s3, registry }: Servers): Promise<ClusterSite> => {
  const spaces = openNamespaces(cluster);
  const { client } = spaces;
  const builds = await spaces.create({ 'pod-security.kubernetes.io/enforce': 'baseline' });
  const functions = await spaces.create({ 'pod-security.kubernetes.io/enforce': 'restricted' });
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'kaniko' } };
  await client.call({ method: 'POST', path: `/api/v1/namespaces/${builds}/serviceaccounts`, body: account });
  const [sources, temp] = [await openBucket(s3), await openBucket(s3)];
  const [broker, functionBroker] = [await startIngress(), await startIngress()];
  const folder = await mkdtemp(join(tmpdir(), 'cluster-builder-'));
  const knative = playKnative(client, functions);
  // A build is an image without layers; a monitor is not there: the tests tell of the end, or nobody does.
  const kubelet = await startFakeKubelet(cluster.kubeconfig, client, builds, (pod) => {
    const { [annotations.image]: image = '' } = pod.pod.metadata.annotations ?? {};
    const [repository = '', tag = ''] = image.slice(image.indexOf('/') + 1).split(':');
    pod.print('building\n');
    void registry.push(repository, tag, { image }).then((digest) => {
      knative.images.set(digest, { version: hash('sha256', image).slice(0, 8) });
      return pod.end(0, digest);
    });
  });
  const running: Running[] = [];
  return {
    client,
    namespaces: { builds, functions },
    ...{ sources, temp },
    events: broker.events,
    functionEvents: functionBroker.events,
    putSource: async (key, text) => {
      await sources.client.send(new PutObjectCommand({ Bucket: sources.bucket, Key: key, Body: text }));
    },
    start: async (settings = {}) => {
      const config = readConfig(clusterSettings, {
        PORT: '0',
        HOST: '127.0.0.1',
        LOG_LEVEL: process.env.LOG_LEVEL ?? 'silent',
        KUBECONFIG: cluster.kubeconfig,
        SOURCE_BUCKET: sources.bucket,
        TEMP_BUCKET: temp.bucket,
        S3_ENDPOINT: s3.endpoint,
        S3_REGION: 'us-east-1',
        S3_PATH_STYLE: 'true',
        BUILD_NAMESPACE: builds,
        FUNCTION_NAMESPACE: functions,
        BROKER_URL: broker.url,
        FUNCTIONS_BROKER_URL: functionBroker.url,
        DEAD_LETTER_URL: 'http://dlq-consumer.knative-lambda.svc.cluster.local/dead-letters',
        KANIKO_IMAGE: `ghcr.io/osscontainertools/kaniko@sha256:${'a'.repeat(64)}`,
        MONITOR_IMAGE: `registry.local/knative-lambda@sha256:${'b'.repeat(64)}`,
        IMAGE_REGISTRY: registry.host,
        // An image that is there already is not built.
        IMAGE_REPOSITORY: builds,
        REGISTRY_PLAIN_HTTP: 'true',
        JOB_STARTS_PER_MINUTE: '600',
        ...settings,
      });
      const logger = await createLogger({ level: config.LOG_LEVEL, pretty: false, name: 'test' });
      const options = { templatesFolder, spoolFolder: join(folder, `spool-${running.length}`), alone: false };
      const builder = await startBuilder(config, logger, options, (around) => openAdapters({ ...around, config }));
      running.push(builder);
      return builder;
    },
    close: async () => {
      await Promise.all(running.map((builder) => builder.close()));
      await kubelet.close();
      await knative.close();
      broker.close();
      functionBroker.close();
      await Promise.all([sources.close(), temp.close()]);
      await spaces.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
