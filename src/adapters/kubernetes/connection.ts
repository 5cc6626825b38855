// Where the API server is and who we are to it, from a kubeconfig file or from the pod's own service account.
import { Agent as HttpAgent, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
// Not the package's index, which brings every client of every API of Kubernetes with it.
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';

export type Credentials = Omit<RequestOptions, 'headers'> & { headers?: OutgoingHttpHeaders };

export type Connection = {
  readonly server: URL;
  /** What a request to it needs: certificates, the agent, an authorization header. Asked for each request, since tokens rotate. */
  credentials(): Promise<Credentials>;
  close(): void;
};

/** @param kubeconfig path of a file; without it the service account that Kubernetes mounts into a pod */
export const openConnection = (kubeconfig: string | undefined): Connection => {
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromCluster();
  else config.loadFromFile(kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('The kubeconfig names no current cluster');
  const server = new URL(cluster.server);
  // The one that KubeConfig makes closes its connections after each request, and only a proxy needs it.
  const keepAlive = { keepAlive: true, keepAliveMsecs: 20_000, scheduling: 'lifo' } as const;
  const agent = server.protocol === 'http:' ? new HttpAgent(keepAlive) : new HttpsAgent(keepAlive);
  return {
    server,
    credentials: async () => {
      const options: Credentials = {};
      await config.applyToHTTPSOptions(options);
      return cluster.proxyUrl === undefined || cluster.proxyUrl === '' ? { ...options, agent } : options;
    },
    close: () => agent.destroy(),
  };
};
