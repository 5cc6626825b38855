// Where the API server is and who we are to it: by a kubeconfig file, or by the service account that Kubernetes mounts into a pod.
import { readFile } from 'node:fs/promises';
import { Agent as HttpAgent, type OutgoingHttpHeaders } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { join } from 'node:path';

export type Target = {
  server: URL;
  /** What a request to it needs: certificates, an authorization header, and the agent when a proxy is in between. */
  options: Omit<RequestOptions, 'headers'> & { headers?: OutgoingHttpHeaders };
};

export type Connection = {
  /** Asked for each request, since tokens and certificates rotate. */
  target(): Promise<Target>;
  close(): void;
};

/** Without a kubeconfig file, the pod's own service account. */
export type ConnectionOptions = {
  kubeconfig?: string;
  /** For the service account; by default by its name in the cluster's DNS. */
  apiServer?: string;
  credentialsFolder?: string;
};

const serviceAccount = ({
  apiServer = 'https://kubernetes.default.svc',
  credentialsFolder = '/var/run/secrets/kubernetes.io/serviceaccount',
}: ConnectionOptions): (() => Promise<Target>) => {
  const server = new URL(apiServer);
  return async () => {
    const [token, ca] = await Promise.all(['token', 'ca.crt'].map((name) => readFile(join(credentialsFolder, name), 'utf8')));
    return { server, options: { ...(ca && { ca }), headers: { authorization: `Bearer ${token?.trim() ?? ''}` } } };
  };
};

const kubeconfigFile = (path: string): (() => Promise<Target>) => {
  const open = async () => {
    // Loaded only for a file: it takes 20 MB and a tenth of a second, which a builder in a cluster has no use for.
    const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
    const config = new KubeConfig();
    config.loadFromFile(path);
    return config;
  };
  let opened: ReturnType<typeof open> | undefined;
  return async () => {
    const config = await (opened ??= open());
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw new Error(`The kubeconfig ${path} names no current cluster`);
    const options: Target['options'] = {};
    await config.applyToHTTPSOptions(options);
    // Its agent closes each connection after one request; only a proxy needs it.
    if (cluster.proxyUrl === undefined || cluster.proxyUrl === '') delete options.agent;
    return { server: new URL(cluster.server), options };
  };
};

export const openConnection = (settings: ConnectionOptions): Connection => {
  const { kubeconfig } = settings;
  const find = kubeconfig === undefined ? serviceAccount(settings) : kubeconfigFile(kubeconfig);
  const keepAlive = { keepAlive: true, keepAliveMsecs: 20_000, scheduling: 'lifo' } as const;
  const agents = { http: new HttpAgent(keepAlive), https: new HttpsAgent(keepAlive) };
  return {
    target: async () => {
      const { server, options } = await find();
      const agent = server.protocol === 'http:' ? agents.http : agents.https;
      return { server, options: { agent, ...options } };
    },
    close: () => {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
};
