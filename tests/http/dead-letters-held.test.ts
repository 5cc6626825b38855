// What senders may bring at once: the letters that RabbitMQ has not confirmed yet are bytes in memory.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { request as requestHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createDlqMetrics } from '../../src/dlq-consumer/metrics.ts';
import { createSinkRoom } from '../../src/dlq-consumer/routes/sink-room.ts';
import { addSinkRoute } from '../../src/dlq-consumer/routes/sink.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { createRegistry } from '../../src/ops/metrics.ts';
import { createServer } from '../../src/ops/server.ts';

const kibibyte = 1_024;
const limits = { bodyLimitBytes: 100 * kibibyte, headersLimitBytes: 16 * kibibyte, requestTimeoutMs: 5_000 };

let app: FastifyInstance;
let confirms: PromiseWithResolvers<undefined>[];

beforeEach(async () => {
  confirms = [];
  const publish = (): Promise<undefined> => {
    const confirm = Promise.withResolvers<undefined>();
    confirms.push(confirm);
    return confirm.promise;
  };
  app = createServer(limits, await createLogger({ level: 'silent', pretty: false, name: 'test' }));
  addSinkRoute(app, {
    flow: { accept: publish, acceptLetter: publish },
    full: () => false,
    confirmTimeoutMs: 50,
    room: createSinkRoom(150 * kibibyte, limits.bodyLimitBytes),
    metrics: createDlqMetrics(createRegistry()),
    now: Date.now,
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => app.close());

const address = (): string => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}/dead-letters`;

const post = async (bytes: number): Promise<{ status: number; code?: string }> => {
  const response = await fetch(address(), { method: 'POST', body: Buffer.alloc(bytes, 'x') });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, ...(code === undefined ? {} : { code }) };
};

const full = { status: 503, code: 'DEAD_LETTERS_FULL' };

test('what is not confirmed keeps its place, also after its sender was told to come again', async () => {
  expect(await post(90 * kibibyte)).toEqual({ status: 503, code: 'BROKER_UNAVAILABLE' });
  expect(await post(90 * kibibyte)).toEqual(full);
  expect(confirms).toHaveLength(1);
  confirms[0]?.resolve(undefined);
  expect(await post(90 * kibibyte)).toEqual({ status: 503, code: 'BROKER_UNAVAILABLE' });
  confirms[1]?.reject(new Error('The broker did not confirm'));
  expect(await post(50 * kibibyte)).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
});

test('many small ones are counted too', async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => post(10 * kibibyte)));
  expect(answers.filter(({ code }) => code === 'DEAD_LETTERS_FULL').length).toBeGreaterThanOrEqual(5);
  expect(confirms.length).toBeLessThanOrEqual(15);
});

test('one whose sender goes away, or whose body is too large, leaves its place; one that says no length takes that of the largest', async () => {
  const opened = requestHttp(address(), { method: 'POST', headers: { 'transfer-encoding': 'chunked' } });
  opened.on('error', () => undefined);
  opened.write('x');
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await post(90 * kibibyte)).toEqual(full);
  opened.destroy();
  await new Promise((resolve) => setTimeout(resolve, 100));
  for (let n = 0; n < 5; n++) expect((await post(101 * kibibyte)).status).toBe(413);
  expect(await post(90 * kibibyte)).toMatchObject({ code: 'BROKER_UNAVAILABLE' });
});
