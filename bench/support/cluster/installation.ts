// What an installation has before its first event: the namespaces with their Pod Security levels, the build jobs' service account with
// the rights of a monitor, and the buckets.
import { CreateBucketCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { storageAccount, type ClusterServers } from './servers.ts';

export const buildNamespace = 'knative-lambda-builds';
export const functionNamespace = 'knative-lambda-functions';
export const buckets = { sources: 'sources', temp: 'temp' };
const serviceAccount = 'kaniko';

const post = async (client: KubernetesClient, path: string, body: unknown): Promise<unknown> => {
  const answer = await client.call({ method: 'POST', path, body });
  if (!answer.ok && answer.refusal.reason !== 'exists') throw new Error(`${path}: ${answer.refusal.message}`);
  return answer.ok ? answer.value : undefined;
};

const createNamespace = (client: KubernetesClient, name: string, level: string): Promise<unknown> =>
  post(client, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name, labels: { 'pod-security.kubernetes.io/enforce': level } },
  });

const monitorRules = [
  { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['pods/log'], verbs: ['get'] },
  { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'patch'] },
];

const createMonitorRights = async (client: KubernetesClient): Promise<void> => {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${buildNamespace}`;
  const metadata = { name: 'build-monitor' };
  await post(client, `${rbac}/roles`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata,
    rules: monitorRules,
  });
  await post(client, `${rbac}/rolebindings`, {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: metadata.name },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccount, namespace: buildNamespace }],
  });
};

/** As a kubelet projects it into the pod: a token of the service account, and whom the API server is known by. */
const writeMonitorCredentials = async (
  client: KubernetesClient,
  { apiServer }: ClusterServers,
  folder: string,
): Promise<void> => {
  const answer = await post(client, `/api/v1/namespaces/${buildNamespace}/serviceaccounts/${serviceAccount}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 7_200 },
  });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'token'), (answer as { status: { token: string } }).status.token);
  await copyFile(apiServer.ca, join(folder, 'ca.crt'));
};

/** @param credentials a folder for the monitors */
export const install = async (
  client: KubernetesClient,
  s3: S3Client,
  servers: ClusterServers,
  credentials: string,
): Promise<void> => {
  await createNamespace(client, buildNamespace, 'baseline');
  await createNamespace(client, functionNamespace, 'restricted');
  await post(client, `/api/v1/namespaces/${buildNamespace}/serviceaccounts`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: serviceAccount },
  });
  await createMonitorRights(client);
  await writeMonitorCredentials(client, servers, credentials);
  for (const Bucket of Object.values(buckets)) await s3.send(new CreateBucketCommand({ Bucket }));
};

export const putSource = async (s3: S3Client, key: string, content: Buffer | string): Promise<void> => {
  await s3.send(new PutObjectCommand({ Bucket: buckets.sources, Key: key, Body: content }));
};

/** Of a builder of this installation; addresses and limits are the caller's. */
export const builderSettings = (servers: ClusterServers): Record<string, string> => ({
  ...storageAccount,
  HOST: '127.0.0.1',
  KUBECONFIG: servers.kubeconfig,
  SOURCE_BUCKET: buckets.sources,
  TEMP_BUCKET: buckets.temp,
  S3_ENDPOINT: servers.s3,
  S3_REGION: 'us-east-1',
  S3_PATH_STYLE: 'true',
  BUILD_NAMESPACE: buildNamespace,
  FUNCTION_NAMESPACE: functionNamespace,
  DEAD_LETTER_URL: 'http://dlq-consumer.knative-lambda.svc.cluster.local/dead-letters',
  KANIKO_IMAGE: `ghcr.io/osscontainertools/kaniko@sha256:${'a'.repeat(64)}`,
  MONITOR_IMAGE: `registry.local/knative-lambda@sha256:${'b'.repeat(64)}`,
  BUILD_SERVICE_ACCOUNT: serviceAccount,
  IMAGE_REGISTRY: new URL(servers.registry).host,
  IMAGE_REPOSITORY: 'functions',
  REGISTRY_PLAIN_HTTP: 'true',
});
