import { describe, expect, it } from '@jest/globals';
import { Agent, request } from 'node:http';
import { Readable } from 'node:stream';
import { pino } from 'pino';
import { createServer, defaultServerOptions } from '../../../src/ops/server.ts';

describe('createServer', () => {
  it('ends a connection that becomes idle after closing began, instead of keeping the process for its keep-alive time', async () => {
    const app = createServer(defaultServerOptions, pino({ level: 'silent' }));
    const inHand = Promise.withResolvers<undefined>();
    const finish = Promise.withResolvers<undefined>();
    async function* body(): AsyncIterable<string> {
      // The head is on its way, and with it the promise that the connection is kept.
      yield 'begun';
      inHand.resolve(undefined);
      await finish.promise;
      yield 'done';
    }
    app.get('/slow', (_request, reply) => reply.send(Readable.from(body())));
    await app.listen({ port: 0, host: '127.0.0.1' });
    const { port } = app.server.address() as { port: number };
    const agent = new Agent({ keepAlive: true });
    const answered = new Promise<number | undefined>((resolve, reject) => {
      request({ port, path: '/slow', agent }, (response) => response.resume().on('end', () => resolve(response.statusCode)))
        .on('error', reject)
        .end();
    });
    await inHand.promise;
    const closed = app.close();
    finish.resolve(undefined);
    expect(await answered).toBe(200);
    const begun = Date.now();
    await closed;
    expect(Date.now() - begun).toBeLessThan(5_000);
    agent.destroy();
  });
});
