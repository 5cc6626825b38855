// Every exchange and queue of the dead letters, all durable, declared by whoever connects: declaring again what is there changes nothing.
import type { Channel, Options } from 'amqplib';

export type TopologyOptions = {
  /** Begins every name. */
  prefix: string;
  /** Of the queue that letters arrive in: older ones and the oldest beyond the length go to the archive. */
  messageTtlMs: number;
  maxLength: number;
  /** One delay queue for each. */
  delaysMs: readonly number[];
  /** How long the stream of parked letters keeps what it was given, in whole seconds. */
  parkedMaxAgeSeconds: number;
  /** Exchanges of others whose messages are dead letters: Knative's brokers'. */
  sources: readonly { exchange: string; routingKey: string }[];
};

export type QueueNames = {
  exchange: string;
  /** Letters arrive here and are judged. */
  fresh: string;
  /** Letters whose delay is over. */
  due: string;
  /** A stream: what is parked, and what became of it. */
  parked: string;
  archive: string;
  /** The shortest delay first. */
  delays: readonly { name: string; delayMs: number }[];
};

export const queueNames = ({ prefix, delaysMs }: Pick<TopologyOptions, 'prefix' | 'delaysMs'>): QueueNames => ({
  exchange: `${prefix}-exchange`,
  fresh: prefix,
  due: `${prefix}-due`,
  parked: `${prefix}-parked`,
  archive: `${prefix}-archive`,
  // The delay is part of the name: with another configuration the old queue still runs empty into the due queue.
  delays: [...new Set(delaysMs)].sort((a, b) => a - b).map((delayMs) => ({ name: `${prefix}-delay-${delayMs}ms`, delayMs })),
});

/** Far beyond what restarts cause, and below it we park a letter ourselves: a newer RabbitMQ would take 20 for its default. */
const deliveryLimit = 100;

/** At least once: a letter leaves only when the next queue has confirmed it. RabbitMQ wants reject-publish for that. */
const movesOnTo = (queue: string): Record<string, unknown> => ({
  'x-dead-letter-exchange': '',
  'x-dead-letter-routing-key': queue,
  'x-dead-letter-strategy': 'at-least-once',
  'x-overflow': 'reject-publish',
});

const quorum = (more: Record<string, unknown>): Options.AssertQueue => ({
  durable: true,
  arguments: { 'x-queue-type': 'quorum', ...more },
});

const queuesOf = (names: QueueNames, options: TopologyOptions): [string, Options.AssertQueue][] => [
  [names.archive, quorum({ 'x-delivery-limit': deliveryLimit })],
  [
    names.fresh,
    quorum({
      'x-message-ttl': options.messageTtlMs,
      'x-max-length': options.maxLength,
      'x-overflow': 'drop-head',
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': names.archive,
      'x-delivery-limit': deliveryLimit,
    }),
  ],
  [names.due, quorum({ ...movesOnTo(names.archive), 'x-delivery-limit': deliveryLimit })],
  ...names.delays.map(({ name }): [string, Options.AssertQueue] => [name, quorum(movesOnTo(names.due))]),
  [
    names.parked,
    {
      durable: true,
      arguments: {
        'x-queue-type': 'stream',
        'x-max-age': `${options.parkedMaxAgeSeconds}s`,
        // Age is judged by whole segments: small ones let go of what is over in time.
        'x-stream-max-segment-size-bytes': 50_000_000,
      },
    },
  ],
];

/** What exists already and is not what we need: only an operator can say which of the two is right. */
export class TopologyConflict extends Error {
  constructor(name: string, cause: unknown) {
    const says =
      cause instanceof Error ? cause.message.replace(/^.*PRECONDITION_FAILED - /, '').replace(/"$/, '') : String(cause);
    super(
      `"${name}" exists on the broker and is not what this version needs (${says}). Delete it once it is empty, or set DLQ_NAME to another name.`,
      {
        cause,
      },
    );
    this.name = 'TopologyConflict';
  }
}

const inWords = (name: string, thrown: unknown): unknown => {
  const code = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : undefined;
  if (code === 406) return new TopologyConflict(name, thrown);
  // A broker's exchange comes into being with the broker: it is waited for.
  return code === 404 ? new Error(`There is no exchange "${name}", which DLQ_SOURCE_EXCHANGES names`, { cause: thrown }) : thrown;
};

/** @throws TopologyConflict; the channel is then closed by the broker */
export const declareTopology = async (channel: Channel, options: TopologyOptions): Promise<QueueNames> => {
  const names = queueNames(options);
  const declared = async (name: string, declare: () => Promise<unknown>): Promise<void> => {
    try {
      await declare();
    } catch (thrown) {
      throw inWords(name, thrown);
    }
  };
  for (const [name, queue] of queuesOf(names, options)) await declared(name, () => channel.assertQueue(name, queue));
  await declared(names.exchange, () => channel.assertExchange(names.exchange, 'topic', { durable: true }));
  await channel.bindQueue(names.fresh, names.exchange, '#');
  for (const { exchange, routingKey } of options.sources) {
    await declared(exchange, () => channel.bindExchange(names.exchange, exchange, routingKey));
  }
  return names;
};
