// Notifi's scheduler as a function sees it: an HTTP server that keeps what it was told and answers as it is bid.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { notePort } from './leaks.ts';

export interface Told {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly atMs: number;
}

export interface Scheduler {
  readonly url: string;
  readonly told: Told[];
  /** the statuses of the next answers; 200 when the list is empty, `hang` never answers */
  readonly answers: (number | 'hang')[];
  close: () => Promise<void>;
}

export async function startScheduler(): Promise<Scheduler> {
  const told: Told[] = [];
  const answers: (number | 'hang')[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (bytes: Buffer) => parts.push(bytes));
    request.on('end', () => {
      told.push({
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(parts).toString('utf8'),
        atMs: performance.now(),
      });
      const answer = answers.shift() ?? 200;
      if (answer !== 'hang') response.writeHead(answer).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  notePort(port);
  return {
    url: `http://127.0.0.1:${port}`,
    told,
    answers,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
