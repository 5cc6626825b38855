// A registry (or a token server) that answers what a test wants, over real HTTP.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export type FakeRegistry = {
  host: string;
  /** What each request asked for, and what it showed. */
  requests: { method: string; url: string; authorization: string | undefined }[];
  handle: (handler: Handler) => void;
  close(): Promise<void>;
};

export const answerWith =
  (status: number, headers: Record<string, string> = {}, body = ''): Handler =>
  (request, response) =>
    void response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);

export const startFakeRegistry = async (): Promise<FakeRegistry> => {
  const requests: FakeRegistry['requests'] = [];
  let handler: Handler = answerWith(404);
  const server = createServer((request, response) => {
    const { method = '', url = '' } = request;
    requests.push({ method, url, authorization: request.headers.authorization });
    handler(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    handle: (next) => void (handler = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
