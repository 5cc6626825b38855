// The queues of one round, declared as the consumer declares them, filled, watched, and removed.
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { setTimeout as sleep } from 'node:timers/promises';
import { declareTopology, queueNames, type QueueNames, type TopologyOptions } from '../../src/adapters/rabbitmq/topology.ts';

export type RoundQueues = {
  names: QueueNames;
  /** Resolves when all are confirmed. */
  fill(count: number, letterNumber: (n: number) => { headers: Record<string, unknown>; content: Buffer }): Promise<void>;
  /** Letters per second, from when four fifths are left to when none waits. @param begin called at the first of these moments */
  emptied(count: number, begin: () => void): Promise<number>;
  remove(): Promise<void>;
};

const optionsOf = (prefix: string): TopologyOptions => ({
  prefix,
  messageTtlMs: 604_800_000,
  maxLength: 50_000,
  delaysMs: [1],
  parkedMaxAgeSeconds: 14 * 86_400,
  sources: [],
});

const waiting = async (channel: ConfirmChannel, queue: string): Promise<number> => (await channel.checkQueue(queue)).messageCount;

const timed = async (channel: ConfirmChannel, queue: string, count: number, begin: () => void): Promise<number> => {
  let from: { at: number; left: number } | undefined;
  for (;;) {
    const left = await waiting(channel, queue);
    const at = performance.now();
    if (left <= count * 0.8 && from === undefined) {
      from = { at, left };
      begin();
    }
    if (left === 0 && from !== undefined) return (from.left / (at - from.at)) * 1000;
    await sleep(5);
  }
};

const removeAll = async (channel: ConfirmChannel, names: QueueNames): Promise<void> => {
  for (const queue of [names.fresh, names.due, names.parked, names.archive, ...names.delays.map(({ name }) => name)])
    await channel.deleteQueue(queue);
  await channel.deleteExchange(names.exchange);
};

export const openQueues = async (url: string, prefix: string): Promise<RoundQueues> => {
  const connection: ChannelModel = await connect(url);
  const channel = await connection.createConfirmChannel();
  const names = queueNames(optionsOf(prefix));
  await declareTopology(channel, optionsOf(prefix));
  return {
    names,
    fill: async (count, letterNumber) => {
      for (let n = 0; n < count; n++) {
        const { headers, content } = letterNumber(n);
        channel.publish(names.exchange, 'letter', content, { persistent: true, contentType: 'application/json', headers });
        if (n % 1_000 === 999) await channel.waitForConfirms();
      }
      await channel.waitForConfirms();
    },
    emptied: (count, begin) => timed(channel, names.fresh, count, begin),
    remove: async () => {
      await removeAll(channel, names);
      await connection.close();
    },
  };
};
