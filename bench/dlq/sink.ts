// A subscriber that takes everything at once, and counts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Sink = {
  address: string;
  /** Resolves with the letters per second from when a fifth of so many is there to the last of them. */
  taken(count: number, begin: () => void): Promise<number>;
  close(): Promise<void>;
};

type Counting = { target: number; seen: number; begin: () => void; begun: number; finish: (rate: number) => void };

const countOne = (counting: Counting): void => {
  const first = Math.floor(counting.target / 5);
  counting.seen++;
  if (counting.seen === first) {
    counting.begun = performance.now();
    counting.begin();
  }
  if (counting.seen === counting.target)
    counting.finish(((counting.target - first) / (performance.now() - counting.begun)) * 1000);
};

export const startSink = async (): Promise<Sink> => {
  let counting: Counting | undefined;
  const server = createServer((request, response) => {
    request.resume().once('end', () => {
      response.writeHead(202).end();
      if (counting !== undefined) countOne(counting);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    taken: (target, begin) =>
      new Promise((finish) => {
        counting = { target, seen: 0, begin, begun: 0, finish };
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};
