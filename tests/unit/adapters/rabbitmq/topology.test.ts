import { expect, test } from '@jest/globals';
import type { Channel, Options } from 'amqplib';
import { declareTopology, queueNames } from '../../../../src/adapters/rabbitmq/topology.ts';

const options = { prefix: 'q', messageTtlMs: 1, maxLength: 1, delaysMs: [10], parkedMaxAgeSeconds: 1, sources: [] };

test('every queue that we consume from says how often it hands a letter out: of its own accord RabbitMQ drops one after 20 times', async () => {
  const declared = new Map<string, Options.AssertQueue>();
  const channel = {
    assertQueue: (name: string, queue: Options.AssertQueue) => Promise.resolve(declared.set(name, queue)),
    assertExchange: () => Promise.resolve(),
    bindQueue: () => Promise.resolve(),
  } as unknown as Channel;
  await declareTopology(channel, options);
  const names = queueNames(options);
  for (const name of [names.fresh, names.due, names.archive])
    expect([name, declared.get(name)?.arguments]).toEqual([name, expect.objectContaining({ 'x-delivery-limit': 100 })]);
});
