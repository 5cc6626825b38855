import { describe, expect, it } from '@jest/globals';
import type { FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { createBodyReader } from '../../../src/ops/read-body.ts';
import { createServer, defaultServerOptions } from '../../../src/ops/server.ts';

const heapMb = (): number => {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
};

const open = async () => {
  const app = createServer({ ...defaultServerOptions, bodyLimitBytes: 300_000 }, pino({ level: 'silent' }));
  app.post('/', (request) => (request.body as Buffer).toString('latin1'));
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  const socket: Socket = connect(port, '127.0.0.1');
  return { app, socket, close: async () => (socket.destroy(), app.close()) };
};

const answer = async (socket: Socket, end: RegExp): Promise<string> => {
  let text = '';
  for await (const chunk of socket as AsyncIterable<Buffer>) {
    text += chunk.toString('latin1');
    if (end.test(text)) break;
  }
  return text;
};

const read = (chunks: Buffer[], headers: Record<string, string> = {}, limit = 20_000): Promise<Buffer | undefined> =>
  new Promise((resolve, reject) => {
    const payload = Readable.from(chunks, { objectMode: false });
    createBodyReader(limit)({ headers } as unknown as FastifyRequest, payload, (error, body) =>
      error === null ? resolve(body) : reject(error),
    );
  });

describe('a body', () => {
  it.each([0, 1, 2, 3, 7, 4_095, 4_096, 9_999, 20_000])('of %i bytes is the same in chunks of any size', async (size) => {
    const bytes = Buffer.from(Array.from({ length: size }, (_, at) => at % 251));
    for (const step of [1, 3, 1_000, 4_096, 20_000]) {
      const chunks: Buffer[] = [];
      for (let at = 0; at < size; at += step) chunks.push(bytes.subarray(at, at + step));
      expect((await read(chunks))?.equals(bytes)).toBe(true);
      expect((await read(chunks, { 'content-length': String(size) }))?.equals(bytes)).toBe(true);
    }
  });

  it('is refused when it is larger than the limit, said or seen, and when it is not as long as it says', async () => {
    const halves = [Buffer.alloc(6), Buffer.alloc(5)];
    await expect(read(halves, {}, 10)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE', details: { field: 'body' } });
    await expect(read([], { 'content-length': '11' }, 10)).rejects.toMatchObject({ code: 'BODY_TOO_LARGE' });
    for (const said of ['10', '12', '0']) {
      await expect(read(halves, { 'content-length': said })).rejects.toMatchObject({
        code: 'MALFORMED_REQUEST',
        details: { field: 'content-length' },
      });
    }
  });

  it('holds memory for its bytes and not for its chunks', async () => {
    const { socket, app, close } = await open();
    socket.write('POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n');
    await once(app.server, 'request');
    const before = heapMb();
    for (let sent = 0; sent < 20; sent++) {
      const chunks = '1\r\nb\r\n'.repeat(5_000);
      await new Promise((resolve) => socket.write(chunks, resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(heapMb() - before).toBeLessThan(2);
    socket.write('0\r\n\r\n');
    expect(await answer(socket, /b{1000}$/)).toContain('content-length: 100001');
    await close();
  });
});
