// A way to the object store that is bad for a share of the requests: slow, overloaded, cut before, within or after the work is done.
import { once } from 'node:events';
import { createServer, request as requestHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Chance } from './chance.ts';

export type BadProxy = {
  url: string;
  /** Share of the requests that something happens to, from 0 to 1. */
  badness: number;
  counts: Record<Ill, number> & { good: number };
  close(): Promise<void>;
};

const ills = ['slow', 'overloaded', 'refused', 'cut in the request', 'cut in the answer', 'answer lost'] as const;
type Ill = (typeof ills)[number];

const slowDown =
  '<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>';

/** Passes both bodies on until one side ends or breaks. */
const pass = (target: URL, request: IncomingMessage, response: ServerResponse, ill: Ill | undefined): void => {
  const { method, url: path, headers } = request;
  const onward = requestHttp({ host: target.hostname, port: target.port, method, path, headers });
  const breakOff = (): void => {
    onward.destroy();
    request.socket.destroy();
  };
  onward.on('error', breakOff);
  request.on('error', breakOff);
  request.on('aborted', breakOff);
  if (ill === 'cut in the request') request.once('data', breakOff);
  request.pipe(onward);
  onward.on('response', (answer) => {
    if (ill === 'answer lost') {
      answer.resume();
      answer.on('end', breakOff);
      return;
    }
    response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
    if (ill === 'cut in the answer') response.flushHeaders();
    answer.on('error', breakOff);
    if (ill === 'cut in the answer') answer.once('data', breakOff);
    answer.pipe(response);
  });
};

export const startBadProxy = async (upstream: string, chance: Chance): Promise<BadProxy> => {
  const target = new URL(upstream);
  const counts = { good: 0, ...Object.fromEntries(ills.map((ill) => [ill, 0])) } as BadProxy['counts'];
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const ill = chance.next() < proxy.badness ? chance.of(ills) : undefined;
    counts[ill ?? 'good']++;
    if (ill === 'refused') return void request.socket.destroy();
    if (ill === 'overloaded') {
      request.resume();
      response.writeHead(503, { 'content-type': 'application/xml' }).end(slowDown);
      return;
    }
    if (ill === 'slow') await sleep(chance.between(200, 3_000));
    pass(target, request, response, ill);
  };
  const server = createServer((request, response) => void handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy: BadProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    badness: 0,
    counts,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return proxy;
};
