// One consumer, one subscriber, one set of queues for each test, and the ways in which a test talks to them.
import { afterEach, beforeEach } from '@jest/globals';
import { connect, type Options } from 'amqplib';
import type { Adapters } from '../../../src/dlq-consumer/start-consumer.ts';
import { startSubscriber, startTestConsumer, type Delivery, type Shown, type Subscriber, type TestConsumer } from './consumer.ts';
import { newPrefix, removeTopology, topologyOf } from './dead-letters.ts';

export type Sent = { headers: Record<string, unknown>; content?: Buffer; options?: Options.Publish };

export type LettersUnderTest = {
  readonly consumer: TestConsumer;
  readonly subscriber: Subscriber;
  start(environment?: Record<string, string>, adapters?: Partial<Adapters>): Promise<void>;
  /** Attributes of an event whose delivery to the subscriber failed with 503. */
  attributes(id: string, more?: Record<string, unknown>): Record<string, unknown>;
  /** Over AMQP, confirmed. */
  publish(messages: readonly Sent[]): Promise<void>;
  /** Over HTTP. */
  post(headers: Record<string, string>, body?: string): Promise<Response>;
  parked: () => Promise<Shown[]>;
  delivered: (id: string) => Delivery[];
};

const publishTo = async (url: string, exchange: string, messages: readonly Sent[]): Promise<void> => {
  const connection = await connect(url);
  try {
    const channel = await connection.createConfirmChannel();
    for (const { headers, content = Buffer.from('{}'), options = { contentType: 'application/json' } } of messages) {
      channel.publish(exchange, 'x', content, { persistent: true, headers, ...options });
    }
    await channel.waitForConfirms();
  } finally {
    await connection.close();
  }
};

/** To be called in a suite: it opens and closes for each of its tests. */
export const lettersUnderTest = (url: string): LettersUnderTest => {
  const open: { prefix: string; subscriber?: Subscriber; consumer?: TestConsumer } = { prefix: '' };
  const subscriber = (): Subscriber => open.subscriber ?? failed('there is no subscriber');
  const consumer = (): TestConsumer => open.consumer ?? failed('the consumer is not started');
  const failed = (why: string): never => {
    throw new Error(why);
  };
  beforeEach(async () => {
    open.prefix = newPrefix();
    open.subscriber = await startSubscriber();
  });
  afterEach(async () => {
    await open.consumer?.close();
    await subscriber().close();
    delete open.consumer;
    await removeTopology(url, topologyOf(open.prefix, { delaysMs: [100, 200, 300] }));
  });
  return {
    get consumer() {
      return consumer();
    },
    get subscriber() {
      return subscriber();
    },
    start: async (environment, adapters) => {
      open.consumer = await startTestConsumer(url, open.prefix, subscriber(), environment, adapters);
    },
    attributes: (id, more = {}) => ({
      specversion: '1.0',
      id,
      source: 'network.notifi.acme',
      type: 'network.notifi.lambda.parser.start',
      subject: 'parser',
      knativeerrorcode: 503,
      knativeerrordest: `${subscriber().address}/function`,
      ...more,
    }),
    publish: (messages) => publishTo(url, `${open.prefix}-exchange`, messages),
    post: (headers, body = '{}') => fetch(`${consumer().address}/dead-letters`, { method: 'POST', headers, body }),
    parked: async () => (await consumer().get('/dead-letters?limit=100')).body.dead_letters,
    delivered: (id) => subscriber().deliveries.filter((delivery) => delivery.id === id),
  };
};
