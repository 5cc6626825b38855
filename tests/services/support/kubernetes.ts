// The cluster that tests run against: KUBECONFIG, or the project's own API server. Each test file has namespaces of its own.
import { randomUUID } from 'node:crypto';
import { createKubernetesClient, type KubernetesClient } from '../../../src/adapters/kubernetes/client.ts';
import { report, runScript, started, type Missing } from './service.ts';

export type Cluster = {
  /** Path of the administrator's kubeconfig. */
  kubeconfig: string;
};

const isThere = async (kubeconfig: string): Promise<Cluster | Missing> => {
  const client = createKubernetesClient({ kubeconfig, deadlineMs: 10_000 });
  try {
    await client.call({ method: 'GET', path: '/version' });
    return { kubeconfig };
  } catch {
    return { missing: `The cluster of KUBECONFIG=${kubeconfig} does not answer` };
  } finally {
    client.close();
  }
};

export const findCluster = async (): Promise<Cluster | Missing> => {
  const given = process.env.KUBECONFIG;
  if (given !== undefined && given !== '') return report(await isThere(given));
  return report(await started('Kubernetes', async () => ({ kubeconfig: await runScript('kubernetes', ['start']) })));
};

/** An API server that may be stopped: nobody else uses it. */
export const startPrivateCluster = async (): Promise<
  (Cluster | Missing) & { command(...parameters: string[]): Promise<string> }
> => {
  const command = (...parameters: string[]): Promise<string> =>
    runScript('kubernetes', parameters, { KUBERNETES_PORT: '28443', KUBERNETES_FOLDER: '' });
  return { ...report(await started('Kubernetes', async () => ({ kubeconfig: await command('start') }))), command };
};

export type Namespaces = {
  readonly client: KubernetesClient;
  /** One that is new. `labels` choose its Pod Security level. */
  create(labels?: Record<string, string>): Promise<string>;
  /** Asks for their removal, which goes on by itself. */
  close(): Promise<void>;
};

export const openNamespaces = (cluster: Cluster): Namespaces => {
  const client = createKubernetesClient({ kubeconfig: cluster.kubeconfig });
  const names: string[] = [];
  return {
    client,
    create: async (labels = {}) => {
      const name = `test-${randomUUID().slice(0, 13)}`;
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } };
      const answer = await client.call({ method: 'POST', path: '/api/v1/namespaces', body });
      if (!answer.ok) throw new Error(`The namespace could not be made: ${answer.refusal.message}`);
      names.push(name);
      return name;
    },
    close: async () => {
      await Promise.all(names.map((name) => client.call({ method: 'DELETE', path: `/api/v1/namespaces/${name}` })));
      client.close();
    },
  };
};
