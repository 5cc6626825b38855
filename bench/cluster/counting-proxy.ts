// Stands before the API server and counts what it is asked, by whom. It is known by the API server's own certificate.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { Agent, createServer, request as requestHttps } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { ClusterServers } from '../support/cluster/servers.ts';

export type CountingProxy = {
  /** Path of a kubeconfig that leads through it. */
  kubeconfig: string;
  apiServer: ClusterServers['apiServer'];
  /** Calls since the last time this was asked: `<who> <METHOD> <plural>[/<subresource>]` → how often. */
  take(): Map<string, number>;
  close(): Promise<void>;
};

/** `/apis/batch/v1/namespaces/builds/jobs/x/status` → `jobs/status`. */
const resourceOf = (path: string): string => {
  const [, rest = ''] = /^\/apis?\/(?:[^/]+\/)?v\w+\/(?:namespaces\/[^/]+\/)?([^?]+)/.exec(path) ?? [];
  const [plural = '', , subresource] = rest.split('/');
  return subresource === undefined ? plural : `${plural}/${subresource}`;
};

const verbOf = ({ method = '', url = '' }: IncomingMessage): string => {
  if (method !== 'GET') return method;
  if (url.includes('watch=true')) return 'WATCH';
  return /\/(?:jobs|pods|services|triggers|configmaps)(?:\?|$)/.test(url) ? 'LIST' : 'GET';
};

const whoIn = ({ headers }: IncomingMessage): string =>
  String(headers['user-agent']).includes('build-monitor') ? 'monitor' : 'builder';

export const startCountingProxy = async ({ kubeconfig, apiServer }: ClusterServers, folder: string): Promise<CountingProxy> => {
  const certificates = join(dirname(kubeconfig), 'certificates');
  const [key, cert, ca] = await Promise.all(
    ['apiserver.key', 'apiserver.crt', 'apiserver.crt'].map((name) => readFile(join(certificates, name))),
  );
  const agent = new Agent({ keepAlive: true, ca });
  let counts = new Map<string, number>();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const what = `${whoIn(request)} ${verbOf(request)} ${resourceOf(request.url ?? '')}`;
    counts.set(what, (counts.get(what) ?? 0) + 1);
    const { method, url: path, headers } = request;
    const onward = requestHttps({ host: apiServer.host, port: apiServer.port, method, path, headers, agent }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      answer.pipe(response);
      answer.on('error', () => response.destroy());
    });
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  };
  const server = createServer({ key, cert }, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const own = join(folder, 'kubeconfig');
  await writeFile(own, (await readFile(kubeconfig, 'utf8')).replace(`:${apiServer.port}"`, `:${port}"`));
  return {
    kubeconfig: own,
    apiServer: { ...apiServer, port },
    take: () => {
      const taken = counts;
      counts = new Map();
      return taken;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
};
