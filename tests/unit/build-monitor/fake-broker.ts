// A broker's ingress on the wire: it answers what it is told to, and remembers the events that it took.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { readRequest } from '../../../src/core/http-binding.ts';

export const startFakeBroker = async () => {
  const taken: CloudEvent[] = [];
  const asked: CloudEvent[] = [];
  /** Answers to the next requests; then 202. 0 breaks the connection. */
  const answers: number[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const received = readRequest(request.rawHeaders, request.headers['content-type'], Buffer.concat(chunks));
      if (received.mode === 'batch') throw new Error('A broker takes one event at a time');
      asked.push(received.event);
      const status = answers.shift() ?? 202;
      if (status === 202) taken.push(received.event);
      if (status === 0) request.socket.destroy();
      else response.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    taken,
    asked,
    answers,
    close: async (): Promise<void> => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
