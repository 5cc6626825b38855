// A store that answers what a test wants, over real HTTP.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createS3Client } from '../../../../src/adapters/s3/client.ts';
import { createS3ObjectStore } from '../../../../src/adapters/s3/object-store.ts';
import type { ObjectStore } from '../../../../src/ports.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

export type FakeS3 = {
  store: ObjectStore;
  /** Method and target of each request so far. */
  requests: string[];
  handle: (handler: Handler) => void;
  openConnections(): Promise<number>;
  close(): Promise<void>;
};

export const failWith =
  (status: number, code: string): Handler =>
  (request, response) => {
    request.resume().once('end', () => {
      const body = `<?xml version="1.0"?><Error><Code>${code}</Code><Message>secret words of the store</Message></Error>`;
      response.writeHead(status, { 'content-type': 'application/xml' }).end(request.method === 'HEAD' ? undefined : body);
    });
  };

export const startFakeS3 = async (): Promise<FakeS3> => {
  process.env.AWS_ACCESS_KEY_ID ??= 'test';
  process.env.AWS_SECRET_ACCESS_KEY ??= 'test-secret';
  const requests: string[] = [];
  let handler: Handler = failWith(404, 'NoSuchKey');
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    handler(request, response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = createS3Client({
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'us-east-1',
    pathStyle: true,
    requestTimeoutMs: 300,
    maxAttempts: 2,
  });
  return {
    store: createS3ObjectStore(client, { bucket: 'bucket', idleTimeoutMs: 300 }),
    requests,
    handle: (next) => void (handler = next),
    openConnections: () => new Promise((resolve) => server.getConnections((_, count) => resolve(count))),
    close: async () => {
      client.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
