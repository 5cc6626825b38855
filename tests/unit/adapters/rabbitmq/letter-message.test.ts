import { describe, expect, test } from '@jest/globals';
import type { MessageProperties } from 'amqplib';
import fc from 'fast-check';
import { letterFromMessage, messageFromLetter } from '../../../../src/adapters/rabbitmq/letter-message.ts';
import { summaryFromMessage } from '../../../../src/adapters/rabbitmq/letter-summary.ts';
import { toJsonFormat } from '../../../../src/core/json-format.ts';
import { plainText } from '../../../../src/core/plain-text.ts';
import { summaryOf, type DeadLetter } from '../../../../src/core/letter.ts';
import { letters } from '../../core/letters.ts';
import { letterWith, now } from '../../dlq-consumer/letters.ts';
import { throughWire } from './wire.ts';

const stored = (letter: DeadLetter): DeadLetter => letterFromMessage(throughWire(messageFromLetter(letter)), now);

const received = (headers: Record<string, unknown>, content = Buffer.from('{}'), contentType = 'application/json') => ({
  content,
  properties: { headers, contentType } as unknown as MessageProperties,
});

const attributes = { specversion: '1.0', id: 'e1', source: 'network.notifi.acme', type: 't', subject: 'p' };

describe('a letter as a message', () => {
  test('is the same letter after a journey over the wire: its event, its count, its history', () => {
    const letter = letterWith({
      attempts: 4,
      deferrals: 2,
      redrive: { run: 'r-1', from: 2 ** 40 },
      held: { dueAt: now + 5, order: 2 ** 35 },
      history: [{ at: now, attempt: 1, destination: 'http://a', status: 503, error: 'It answered 503' }],
    });
    expect(stored(letter)).toEqual(letter);
  });

  test('keeps id, category, count, times and content of any letter', () => {
    fc.assert(
      fc.property(letters, (letter) => {
        const again = stored(letter);
        const category = letter.event === undefined ? 'unreadable' : letter.category;
        expect(again).toMatchObject({ id: letter.id, category, attempts: letter.attempts, lastFailedAt: letter.lastFailedAt });
        expect(again.reason).toBe(plainText(letter.reason, 512));
        expect(again.event && toJsonFormat(again.event)).toEqual(letter.event && toJsonFormat(letter.event));
        if (letter.raw !== undefined) expect(again.raw?.bytes).toEqual(letter.raw.bytes);
      }),
      { numRuns: 200 },
    );
  });

  test('has the same summary, whether it is read whole or only its headers are', () => {
    fc.assert(
      fc.property(letters, (letter) => {
        const message = throughWire(messageFromLetter(letter));
        expect(summaryFromMessage(message, now)).toEqual(summaryOf(letterFromMessage(message, now)));
      }),
      { numRuns: 200 },
    );
  });

  test('fits into a frame whatever its history, its reason, its destination and its headers are', () => {
    const long = 'ü'.repeat(100_000);
    const history = Array.from({ length: 500 }, (_, n) => ({
      at: n,
      attempt: n,
      destination: long.slice(0, 2_000),
      error: long.slice(0, 400),
    }));
    const again = stored(letterWith({ reason: long, destination: long, history }));
    expect(again.history?.at(-1)).toEqual(history.at(-1));
    const raw = {
      bytes: Buffer.from('x'),
      headers: Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`h-${n}`, long.slice(0, 500)])),
    };
    expect(stored({ ...letterWith(), event: undefined, raw } as unknown as DeadLetter).raw?.bytes).toEqual(raw.bytes);
  });
});

describe('a message that arrives', () => {
  test("is a letter with the broker's own account of the failure", () => {
    const headers = {
      ...attributes,
      knativeerrorcode: 503,
      knativeerrordest: 'http://parser.acme.svc.cluster.local/',
      knativeerrordata: Buffer.from('{"error":"down"}').toString('base64'),
      correlationid: 'c-1',
    };
    expect(letterFromMessage(received(headers), now)).toMatchObject({
      category: 'subscriber_unavailable',
      reason: 'The subscriber answered 503: {"error":"down"}',
      destination: 'http://parser.acme.svc.cluster.local/',
      attempts: 0,
      event: { id: 'e1', extensions: { correlationid: 'c-1' } },
    });
  });

  test('is as old as its first death says, and names the queue that gave it up', () => {
    const headers = {
      ...attributes,
      'x-death': [
        { count: 2, time: { '!': 'timestamp', value: 1_700_000_500 } },
        { count: 1, time: { '!': 'timestamp', value: 1_700_000_000 } },
      ],
      'x-first-death-queue': 't.ns.trigger',
    };
    expect(letterFromMessage(received(headers), now)).toMatchObject({
      firstFailedAt: 1_700_000_000_000,
      lastFailedAt: now,
      reason: 'It was given up by queue t.ns.trigger without a status',
    });
  });

  test.each([[[]], [[null]], [['x']], ['text'], [[{ time: 7 }]], [[{ time: { value: 'x' } }]], [[{ time: { value: -1 } }]]])(
    'is as old as now when its deaths are %j',
    (deaths) => expect(letterFromMessage(received({ ...attributes, 'x-death': deaths }), now).firstFailedAt).toBe(now),
  );

  test('that is no event is kept whole, with its headers as text', () => {
    const bytes = Buffer.from([0, 1, 255]);
    expect(letterFromMessage(received({ odd: { a: [1] }, n: 7 }, bytes, 'image/png'), now)).toMatchObject({
      category: 'unreadable',
      reason: 'Header "specversion" is required',
      raw: { bytes, contentType: 'image/png', headers: { odd: '{"a":[1]}', n: '7' } },
    });
  });

  test('is the same letter when RabbitMQ hands it out again', () => {
    const first = letterFromMessage(received({ odd: 'x' }), now);
    const again = letterFromMessage(
      received({ odd: 'x', 'x-delivery-count': 3, 'x-acquired-count': 1, 'x-death': [{ count: 1 }] }),
      now + 5,
    );
    expect(again.id).toBe(first.id);
    const other = letterFromMessage(received({ odd: 'y' }), now);
    expect(other.id).not.toBe(first.id);
  });

  test.each([
    ['x-dlq-attempt', 'many', { attempts: 0 }],
    ['x-dlq-attempt', -5, { attempts: 0 }],
    ['x-dlq-attempt', 1e300, { attempts: 1_000_000 }],
    ['x-dlq-category', 'from_the_future', { category: 'unknown' }],
    ['x-dlq-category', { a: 1 }, { category: 'unknown' }],
    ['x-dlq-reason', 'a\r\nb\u0000c', { reason: 'a b c' }],
    ['x-dlq-first-failed-at', 'yesterday', { firstFailedAt: now }],
    ['x-dlq-last-failed-at', 17, { lastFailedAt: now }],
    ['x-dlq-history', '[{"at":', {}],
    ['x-dlq-history', '"text"', {}],
    ['x-dlq-history', '[7,null,{"at":1,"attempt":1,"destination":"d"}]', { history: [{ at: 1, attempt: 1, destination: 'd' }] }],
    ['x-dlq-redriven-from', 'x', {}],
    ['x-dlq-id', '../../etc', { id: expect.stringMatching(/^[0-9a-f]{32}$/) }],
    ['x-dlq-id', '__proto__', { id: expect.stringMatching(/^[0-9a-f]{32}$/) }],
  ])('is read with care where it says that it is ours: %s = %j', (header, value, expected) => {
    const headers = { ...attributes, 'x-dlq-id': 'ab'.repeat(16), 'x-dlq-category': 'unknown', [header]: value };
    expect(letterFromMessage(received(headers), now)).toMatchObject(expected);
  });

  test('can not claim to be readable when it is not, nor the other way round', () => {
    const ours = { 'x-dlq-id': 'ab'.repeat(16), 'x-dlq-category': 'rate_limited' };
    expect(letterFromMessage(received({ ...ours, 'x-dlq-raw-headers': '{}' }), now)).toMatchObject({ category: 'unreadable' });
    expect(letterFromMessage(received(ours), now)).toMatchObject({ category: 'unreadable' });
  });

  test('is kept also with a header that is nested too deep to be written down', () => {
    let deep: unknown = 1;
    for (let n = 0; n < 100_000; n++) deep = [deep];
    expect(letterFromMessage(received({ deep, flat: 'x' }), now)).toMatchObject({
      category: 'unreadable',
      raw: { headers: { deep: '(too deep)', flat: 'x' } },
    });
  });

  test('never throws, whatever its headers are', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.anything(), { maxKeys: 12 }),
        fc.uint8Array({ maxLength: 64 }),
        fc.string(),
        (headers, bytes, type) => {
          const letter = letterFromMessage(received({ ...attributes, ...headers }, Buffer.from(bytes), type), now);
          expect(letter.id).toMatch(/^[0-9a-f]{32}$/);
          stored(letter);
        },
      ),
      { numRuns: 500 },
    );
  });
});
