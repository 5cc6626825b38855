// Letters, metrics and a redelivery for the tests of this process.
import { Registry } from 'prom-client';
import { defaultRules } from '../../../src/core/dead-letter.ts';
import type { DeadLetter } from '../../../src/core/letter.ts';
import { createCircuits } from '../../../src/dlq-consumer/circuits.ts';
import { createDlqMetrics } from '../../../src/dlq-consumer/metrics.ts';
import { createPace } from '../../../src/dlq-consumer/pace.ts';
import { createRoom } from '../../../src/dlq-consumer/room.ts';
import type { RedeliverDeps } from '../../../src/dlq-consumer/redeliver.ts';

export const now = 1_750_000_000_000;

export const letterWith = (more: Partial<DeadLetter> = {}): DeadLetter =>
  ({
    id: 'ab'.repeat(16),
    event: {
      specversion: '1.0',
      id: 'event-1',
      source: 'network.notifi.acme',
      type: 'network.notifi.lambda.parser.start',
      subject: 'parser-1',
      extensions: { correlationid: 'c' },
      data: { json: { a: 1 } },
    },
    category: 'subscriber_unavailable',
    reason: 'The subscriber answered 503',
    destination: 'http://parser.acme.svc.cluster.local/',
    attempts: 1,
    firstFailedAt: now - 60_000,
    lastFailedAt: now - 30_000,
    ...more,
  }) as DeadLetter;

export const rawLetter: DeadLetter = {
  id: 'cd'.repeat(16),
  category: 'unreadable',
  reason: 'Header "specversion" is required',
  destination: '',
  attempts: 0,
  firstFailedAt: now,
  lastFailedAt: now,
  raw: { bytes: Buffer.from('x'), headers: {} },
};

export const destinations = {
  allowed: ['*.svc.cluster.local'],
  broker: new URL('http://broker.svc.cluster.local/ns/default'),
  unlisted: 'park' as const,
};

export const depsWith = (post: RedeliverDeps['post'], more: Partial<RedeliverDeps> = {}): RedeliverDeps => ({
  post,
  circuits: createCircuits({ maxConcurrent: 50, patienceMs: 20, openMs: 1_000, maxOpenMs: 60_000 }),
  pace: createPace(0),
  room: createRoom(2 ** 20),
  destinations,
  replyBroker: new URL('http://functions-broker.svc.cluster.local/'),
  rules: { ...defaultRules, jitter: 0 },
  timeoutMs: 1_000,
  stopping: new AbortController().signal,
  givingUp: new AbortController().signal,
  metrics: createDlqMetrics(new Registry()),
  now: () => now,
  ...more,
});
