// The manifests as an operator applies them, on the tests' API server; and each account with a token of its own.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createKubernetesClient, type KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import type { Cluster } from './kubernetes.ts';
import { runScript } from './service.ts';

export const namespaces = ['knative-lambda', 'knative-lambda-builds', 'knative-lambda-functions'] as const;
const ofTheCluster = ['mutatingadmissionpolicies', 'mutatingadmissionpolicybindings'].map(
  (plural) => `/apis/admissionregistration.k8s.io/v1/${plural}/knative-lambda-seccomp-by-default`,
);

export type Account = { name: string; namespace: string };

export type Installation = {
  /** The administrator's. */
  readonly client: KubernetesClient;
  /** `kubectl apply --server-side` of the base; @returns what kubectl prints, warnings included */
  apply(): Promise<string>;
  kubectl(...parameters: string[]): Promise<string>;
  /** A kubeconfig, and what Kubernetes mounts into a pod, of the account. */
  identityOf(account: Account): Promise<{ kubeconfig: string; credentialsFolder: string; host: string; port: number }>;
  close(): Promise<void>;
};

const call = async <T>(client: KubernetesClient, method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> => {
  const answer = await client.call<T>({ method, path, ...(body === undefined ? {} : { body }) });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.refusal.message}`);
  return answer.value;
};

const isGone = async (client: KubernetesClient, path: string): Promise<boolean> => {
  const answer = await client.call({ method: 'GET', path });
  return !answer.ok && answer.refusal.reason === 'absent';
};

/** What an earlier run left would be in the way while it goes. */
const removeAll = async (client: KubernetesClient): Promise<void> => {
  const paths = [...namespaces.map((name) => `/api/v1/namespaces/${name}`), ...ofTheCluster];
  await Promise.all(paths.map((path) => client.call({ method: 'DELETE', path })));
  for (const path of paths) while (!(await isGone(client, path))) await sleep(200);
};

const authorityIn = async (kubeconfig: string): Promise<{ server: URL; authority: string }> => {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  const { server = '', caFile, caData = '' } = cluster ?? {};
  const authority = caFile === undefined ? Buffer.from(caData, 'base64').toString('utf8') : await readFile(caFile, 'utf8');
  return { server: new URL(server), authority };
};

const writeIdentity = async (folder: string, cluster: Cluster, token: string) => {
  const { server, authority } = await authorityIn(cluster.kubeconfig);
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'ca.crt'), authority);
  const kubeconfig = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'it',
    clusters: [{ name: 'it', cluster: { server: server.href, 'certificate-authority': join(folder, 'ca.crt') } }],
    users: [{ name: 'it', user: { token } }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
  };
  await writeFile(kubeconfig, JSON.stringify(config));
  return { kubeconfig, credentialsFolder: folder, host: server.hostname, port: Number(server.port || '443') };
};

export const openInstallation = async (cluster: Cluster): Promise<Installation> => {
  const client = createKubernetesClient({ kubeconfig: cluster.kubeconfig });
  const folder = await mkdtemp(join(tmpdir(), 'installation-'));
  const kubectl = (...parameters: string[]): Promise<string> =>
    runScript('kubernetes', ['kubectl', '--kubeconfig', cluster.kubeconfig, ...parameters]);
  const file = join(folder, 'base.yaml');
  await writeFile(file, await kubectl('kustomize', join(import.meta.dirname, '../../../k8s/kustomize/base')));
  await removeAll(client);
  return {
    client,
    kubectl,
    apply: () => kubectl('apply', '--server-side', '--field-manager=operator', '--validate=strict', '--filename', file),
    identityOf: async ({ name, namespace }) => {
      const own = await mkdtemp(join(folder, `${name}-`));
      const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } };
      const { status } = await call<{ status: { token: string } }>(client, 'POST', path, body);
      return writeIdentity(own, cluster, status.token);
    },
    close: async () => {
      await removeAll(client);
      client.close();
      await rm(folder, { recursive: true });
    },
  };
};
