// The HTTP surface of the dead letters' consumer, with letters in a folder.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalDeadLetterQueue } from '../../src/adapters/local/dead-letter-queue.ts';
import type { CloudEvent } from '../../src/core/cloudevent.ts';
import { CodedError } from '../../src/core/errors.ts';
import type { LetterFlow } from '../../src/core/letter-flow.ts';
import type { DeadLetter } from '../../src/core/letter.ts';
import { createApp } from '../../src/dlq-consumer/app.ts';
import { createCleanup } from '../../src/dlq-consumer/cleanup.ts';
import { createDlqMetrics } from '../../src/dlq-consumer/metrics.ts';
import { createRedriveRuns } from '../../src/dlq-consumer/redrive-runs.ts';
import { createLogger } from '../../src/ops/logger.ts';
import { createRegistry } from '../../src/ops/metrics.ts';
import { letterOf } from '../contract/dead-letter-queue.ts';

const token = 'a-token-of-this-test';

type Opened = {
  app: FastifyInstance;
  accepted: (CloudEvent | DeadLetter)[];
  logged: string[];
  confirm: { with: () => Promise<void> };
  state: { full: boolean; trouble: string | undefined };
  put: (letter: DeadLetter) => Promise<void>;
};

const openApp = async (folder: string, given: string | undefined): Promise<Opened> => {
  const logged: string[] = [];
  const logger = await createLogger(
    { level: 'info', pretty: false, name: 'test' },
    { write: (line: string) => void logged.push(line) },
  );
  const queue = await createLocalDeadLetterQueue(folder, { redeliver: () => Promise.resolve(), logger });
  const accepted: (CloudEvent | DeadLetter)[] = [];
  const confirm = { with: () => Promise.resolve() };
  const state: Opened['state'] = { full: false, trouble: undefined };
  const accept = async (content: CloudEvent | DeadLetter): Promise<void> => {
    await confirm.with();
    accepted.push(content);
  };
  const flow: LetterFlow = {
    start: () => Promise.resolve(),
    accept,
    acceptLetter: accept,
    depths: () => Promise.resolve({ fresh: 0, waiting: 0, due: 0, archive: 0, parked: 0 }),
    trouble: () => state.trouble,
    archive: () => Promise.resolve(0),
    close: () => Promise.resolve(),
  };
  const registry = createRegistry();
  const deps = {
    ...{ queue, flow, registry, logger, full: () => state.full, notReady: () => state.trouble, now: Date.now },
    runs: createRedriveRuns(queue, logger, Date.now),
    cleanup: createCleanup({ queue, archive: (ids) => flow.archive(ids), retentionMs: 1_000, maxLetters: 10, now: Date.now }),
    metrics: createDlqMetrics(registry),
  };
  const limits = { bodyLimitBytes: 2 ** 20, heldBytes: 2 ** 22, requestTimeoutMs: 1_000 };
  const options = { ...limits, confirmTimeoutMs: 100, redrivePerSecond: 100 };
  const app = createApp(deps, { ...options, token: given });
  return { app, accepted, logged, confirm, state, put: (letter) => queue.put(letter) };
};

const headers = {
  'ce-specversion': '1.0',
  'ce-id': 'e1',
  'ce-source': 'network.notifi.acme',
  'ce-type': 'network.notifi.lambda.parser.start',
  'ce-knativeerrorcode': '503',
  'content-type': 'application/json',
};

describe('the routes of the dead letters', () => {
  let folder: string;
  let opened: Opened;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'letters-'));
    opened = await openApp(folder, token);
  });
  afterEach(async () => {
    await opened.app.close();
    await rm(folder, { recursive: true });
  });

  const id = letterOf(1).id;
  const asOperator = (method: 'GET' | 'POST' | 'DELETE', url: string, body = '{}') =>
    opened.app.inject({ method, url, headers: { authorization: `Bearer ${token}`, 'x-operator': 'ada\u0000' }, body });

  test.each([
    ['GET', '/dead-letters'],
    ['GET', '/dead-letters/stats'],
    ['GET', `/dead-letters/${id}`],
    ['POST', `/dead-letters/${id}/redrive`],
    ['POST', '/dead-letters/redrive'],
    ['DELETE', `/dead-letters/${id}`],
    ['POST', '/dead-letters/purge'],
    ['POST', '/dead-letters/cleanup'],
    ['GET', '/redrives'],
    ['GET', '/redrives/00000000-0000-0000-0000-000000000000'],
    ['POST', '/redrives/00000000-0000-0000-0000-000000000000/cancel'],
  ] as const)('%s %s needs the token, and does nothing without it', async (method, url) => {
    await opened.put(letterOf(1));
    for (const authorization of [undefined, '', `Bearer ${token}x`, `Basic ${token}`, 'Bearer']) {
      const { statusCode, body } = await opened.app.inject({
        method,
        url,
        headers: authorization === undefined ? {} : { authorization },
        body: '{"dry_run":false,"confirm":1}',
      });
      expect([statusCode, (JSON.parse(body) as { code: string }).code]).toEqual([401, 'UNAUTHENTICATED']);
    }
    expect((await asOperator('GET', '/dead-letters')).json()).toMatchObject({ dead_letters: [{ id }] });
  });

  test('a broker needs no token to bring a letter, nor does Prometheus, nor the kubelet', async () => {
    expect((await opened.app.inject({ method: 'POST', url: '/dead-letters', headers, body: '{}' })).statusCode).toBe(202);
    for (const url of ['/healthz', '/readyz', '/metrics'])
      expect([url, (await opened.app.inject({ url })).statusCode]).toEqual([url, 200]);
  });

  test('who did what is in the log, and a name can not forge a line of it', async () => {
    for (const n of [1, 2, 3]) await opened.put(letterOf(n));
    await asOperator('POST', `/dead-letters/${id}/redrive`);
    await asOperator('DELETE', `/dead-letters/${letterOf(2).id}`);
    await asOperator('POST', '/dead-letters/purge', '{"confirm":1}');
    await asOperator('POST', '/dead-letters/redrive', '{"dry_run":false}');
    await asOperator('POST', '/dead-letters/cleanup');
    const lines = opened.logged.map((line) => JSON.parse(line) as { operator?: string; msg: string });
    expect(lines.filter(({ operator }) => operator === 'ada @127.0.0.1').map(({ msg }) => msg)).toEqual([
      'letter redriven by an operator',
      'letter purged by an operator',
      'letters purged by an operator',
      'redrive started',
      'redrive handed over',
      'cleanup done',
    ]);
    expect(opened.logged.join('')).not.toContain(token);
  });

  test('answers 202 only when every letter of a request is confirmed, and 503 with a time otherwise', async () => {
    const send = () => opened.app.inject({ method: 'POST', url: '/dead-letters', headers, body: '{}' });
    expect((await send()).json()).toEqual({ accepted: 1 });
    opened.confirm.with = () => Promise.reject(new CodedError('BROKER_UNAVAILABLE', 'gone'));
    expect(await send()).toMatchObject({ statusCode: 503, headers: { 'retry-after': expect.any(String) } });
    opened.confirm.with = () => new Promise(() => undefined);
    expect(await send()).toMatchObject({ statusCode: 503, headers: { 'retry-after': '5' } });
    opened.state.full = true;
    expect((await send()).json()).toMatchObject({ code: 'DEAD_LETTERS_FULL', retryable: true });
    expect(opened.accepted).toHaveLength(1);
  });

  test('what is no event is a letter with its bytes, and without the credentials that came with it', async () => {
    const { statusCode } = await opened.app.inject({
      method: 'POST',
      url: '/dead-letters',
      headers: { 'ce-id': 'x', authorization: 'Bearer of-somebody', cookie: 'a=b', 'content-type': 'text/plain' },
      body: 'bytes',
    });
    expect(statusCode).toBe(202);
    expect(opened.accepted).toMatchObject([
      { category: 'unreadable', raw: { bytes: Buffer.from('bytes'), contentType: 'text/plain', headers: { 'ce-id': 'x' } } },
    ]);
    expect(JSON.stringify(opened.accepted)).not.toContain('of-somebody');
  });

  test('is ready while letters are consumed and confirmed, and only then', async () => {
    opened.state.trouble = 'the broker is blocked: low on memory';
    expect(await opened.app.inject({ url: '/readyz' })).toMatchObject({ statusCode: 503 });
    expect((await opened.app.inject({ url: '/healthz' })).statusCode).toBe(200);
  });

  test.each([
    ['?category=nothing', 'querystring.category'],
    ['?older_than=1x', 'querystring.older_than'],
    ['?older_than=1d&newer_than=1h', 'older_than'],
    ['?limit=101', 'querystring.limit'],
    ['?cursor=x', 'cursor'],
    ['?third_party_id=../a', 'querystring.third_party_id'],
  ])('a list with %s is refused by the name of what is wrong', async (query, field) => {
    const { statusCode, body } = await asOperator('GET', `/dead-letters${query}`);
    expect([statusCode, (JSON.parse(body) as { field: string }).field]).toEqual([400, field]);
  });

  test('a body with a member that is none is refused: a filter that is misspelt would mean all letters', async () => {
    await opened.put(letterOf(1));
    for (const url of ['/dead-letters/purge', '/dead-letters/redrive'])
      expect((await asOperator('POST', url, '{"tenant":"acme","confirm":1,"dry_run":false}')).statusCode).toBe(400);
    expect((await asOperator('GET', '/dead-letters')).json()).toMatchObject({ dead_letters: [{ id }] });
  });
});

test('without a token configured the routes are open: the process then listens on loopback only', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'letters-'));
  const { app } = await openApp(folder, undefined);
  expect((await app.inject({ url: '/dead-letters' })).statusCode).toBe(200);
  await app.close();
  await rm(folder, { recursive: true });
});
