// An API server made by hand, for what a real one does only when it is in trouble. It answers what the test says.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createKubernetesClient,
  type KubernetesClient,
  type KubernetesClientOptions,
} from '../../../../src/adapters/kubernetes/client.ts';

export type Asked = { method: string; path: string; query: URLSearchParams; headers: IncomingMessage['headers']; body: string };
/** Answers one request; the count begins with 1. */
export type Script = (asked: Asked, response: ServerResponse, count: number) => void;

export type FakeApi = {
  readonly asked: Asked[];
  script: Script;
  readonly address: string;
  client(options?: KubernetesClientOptions): KubernetesClient;
  close(): Promise<void>;
};

export const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
};

export const failure = (code: number, reason: string, message = reason) => ({
  kind: 'Status',
  status: 'Failure',
  code,
  reason,
  message,
});

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
};

const listening = (server: Server): Promise<number> =>
  new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });

export const startFakeApi = async (): Promise<FakeApi> => {
  const asked: Asked[] = [];
  const clients: KubernetesClient[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
      const one = { method: request.method ?? '', path: pathname, query: searchParams, headers: request.headers, body };
      asked.push(one);
      api.script(one, response, asked.length);
    });
  });
  const port = await listening(server);
  const folder = await mkdtemp(join(tmpdir(), 'fake-api-'));
  const kubeconfig = join(folder, 'config');
  const cluster = { server: `http://127.0.0.1:${port}/below`, 'insecure-skip-tls-verify': true };
  const contexts = [{ name: 'c', context: { cluster: 'c', user: 'u' } }];
  const users = [{ name: 'u', user: { token: 'a-token' } }];
  await writeFile(kubeconfig, JSON.stringify({ 'current-context': 'c', contexts, users, clusters: [{ name: 'c', cluster }] }));
  const api: FakeApi = {
    asked,
    address: `http://127.0.0.1:${port}`,
    script: (_asked, response) => json(response, 500, {}),
    client: (options = {}) => {
      const client = createKubernetesClient({ kubeconfig, ...options });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true });
    },
  };
  return api;
};
