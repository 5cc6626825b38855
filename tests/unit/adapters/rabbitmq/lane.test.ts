import { describe, expect, test } from '@jest/globals';
import type { ConsumeMessage } from 'amqplib';
import { maxDeliveries, openLane } from '../../../../src/adapters/rabbitmq/lane.ts';
import { messageFromLetter } from '../../../../src/adapters/rabbitmq/letter-message.ts';
import { parkedMessage, recordOf } from '../../../../src/adapters/rabbitmq/parked-records.ts';
import type { Session } from '../../../../src/adapters/rabbitmq/session.ts';
import type { Disposition } from '../../../../src/core/letter-flow.ts';
import { createLogger } from '../../../../src/ops/logger.ts';
import { throughWire } from './wire.ts';

const logger = await createLogger({ level: 'silent', pretty: false, name: 'test' });

/** What is done with a message that was handed out so often. */
const outcomeOf = async (deliveries: number, content: Buffer, headers: Record<string, unknown> = {}): Promise<Disposition> => {
  let receive: (message: ConsumeMessage) => void = () => undefined;
  const channel = {
    consume: (_queue: string, consumer: typeof receive) => {
      receive = consumer;
      return Promise.resolve({ consumerTag: 'tag' });
    },
    ack: () => undefined,
  };
  const session = {
    ended: new Promise(() => undefined),
    held: { add: () => undefined, release: () => undefined },
    openConsumer: () => Promise.resolve(channel),
  } as unknown as Session;
  const { promise, resolve } = Promise.withResolvers<Disposition>();
  await openLane(session, {
    queue: 'q',
    prefetch: 1,
    exclusive: false,
    handle: (letter) => ({ to: 'done', letter }),
    carryOut: (_session, disposition) => {
      resolve(disposition);
      return Promise.resolve();
    },
    logger,
  });
  receive({
    content,
    properties: { contentType: 'application/cloudevents+json', headers: { ...headers, 'x-delivery-count': deliveries } },
  } as unknown as ConsumeMessage);
  return promise;
};

const eventOf = (padding: number): Buffer =>
  Buffer.from(JSON.stringify({ specversion: '1.0', id: '1', source: 's', type: 't', data: 'x'.repeat(padding) }));

describe('a letter that was handed out again and again', () => {
  test('is not parsed once more when it is large: reading it may be what ends the process', async () => {
    const content = eventOf(100_000);
    const { to, letter } = await outcomeOf(maxDeliveries, content, { 'x-dlq-redrive': 'run-1', 'x-dlq-redriven-from': 5 });
    expect({ to, letter }).toMatchObject({
      to: 'park',
      letter: {
        category: 'unreadable',
        reason: `It was taken up ${maxDeliveries} times and no process finished with it`,
        raw: { bytes: content },
        redrive: { run: 'run-1', from: 5 },
      },
    });
    // Nor by whoever follows the stream that it is parked in.
    const stored = throughWire(parkedMessage(messageFromLetter(letter)));
    const record = recordOf({ ...stored, fields: {} } as ConsumeMessage, 0);
    expect(record).toMatchObject({ kind: 'parked', letter: { id: letter.id, category: 'unreadable' } });
    expect(record).not.toHaveProperty('letter.type');
  });

  test('stays a letter that can be delivered when it is small: another one may have ended the process', async () => {
    expect(await outcomeOf(maxDeliveries, eventOf(10))).toMatchObject({ to: 'park', letter: { event: { id: '1' } } });
  });

  test('is handled as any other before that', async () => {
    expect(await outcomeOf(maxDeliveries - 1, eventOf(100_000))).toMatchObject({ to: 'done', letter: { event: { id: '1' } } });
  });
});
