// Where events come in, as a broker's ingress takes them.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import type { CloudEvent } from '../../../src/core/cloudevent.ts';
import { readRequest } from '../../../src/core/http-binding.ts';

export type Ingress = { url: string; close(): Promise<void> };

/** Answers 202 to an event and 400 to what is none. @param take begins only once the event is complete */
export const takeEvents = async (take: (event: CloudEvent) => void): Promise<Ingress> => {
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const received = readRequest(request.rawHeaders, request.headers['content-type'], await buffer(request));
      if (received.mode === 'batch') throw new Error('A broker takes no batches');
      take(received.event);
      response.writeHead(202).end();
    } catch {
      response.writeHead(400).end();
    }
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => void answer(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
