// The DeadLetterQueue port on a real RabbitMQ.
import { test } from '@jest/globals';
import { connect } from 'amqplib';
import { queueNames, type TopologyOptions } from '../../src/adapters/rabbitmq/topology.ts';
import { letterFromMessage } from '../../src/adapters/rabbitmq/letter-message.ts';
import { deadLetterQueueContract, type OpenedQueue } from '../contract/dead-letter-queue.ts';
import { newPrefix, openDeadLetters, removeTopology, topologyOf } from './support/dead-letters.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';

/** The letters that lie in the due queue, without taking them: nobody else looks there while the port is tested. */
const lettersDue = async (topology: TopologyOptions): Promise<string[]> => {
  const connection = await connect(amqpUrl);
  const channel = await connection.createChannel();
  const ids: string[] = [];
  for (;;) {
    const message = await channel.get(queueNames(topology).due, { noAck: false });
    if (message === false) break;
    ids.push(letterFromMessage(message, 0).id);
  }
  await connection.close();
  return ids;
};

const open = async (topology: TopologyOptions): Promise<OpenedQueue> => {
  const letters = await openDeadLetters(amqpUrl, topology);
  await settled((now) => letters.queue.stats(now));
  return {
    queue: letters.queue,
    redriven: async () => {
      // Unacknowledged letters of a consumer that closed are handed out again.
      await letters.close();
      return lettersDue(topology);
    },
    reopen: async () => {
      await letters.close();
      return open(topology);
    },
    close: async () => {
      await letters.close();
      await removeTopology(amqpUrl, topology);
    },
  };
};

/** Until the parked letters are read. */
const settled = async (stats: (now: number) => Promise<unknown>): Promise<void> => {
  for (let tries = 0; ; tries++) {
    try {
      await stats(0);
      return;
    } catch (error) {
      if (tries > 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
};

if ('url' in broker) deadLetterQueueContract('a RabbitMQ stream', () => open(topologyOf(newPrefix())));
else test.skip(`DeadLetterQueue on RabbitMQ: ${broker.missing}`, () => undefined);
