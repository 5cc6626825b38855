// Dead letters on the real broker, under names of their own that are gone afterwards.
import { randomUUID } from 'node:crypto';
import { connect } from 'amqplib';
import { createRabbitDeadLetters, type RabbitOptions } from '../../../src/adapters/rabbitmq/dead-letters.ts';
import { queueNames, type TopologyOptions } from '../../../src/adapters/rabbitmq/topology.ts';
import type { LetterHandlers } from '../../../src/core/letter-flow.ts';
import { createLogger, type Logger } from '../../../src/ops/logger.ts';

export const quiet: Logger = await createLogger({ level: process.env.LOG_LEVEL ?? 'silent', pretty: false, name: 'test' });

export const newPrefix = (): string => `test-${randomUUID().slice(0, 8)}`;

export const topologyOf = (prefix: string, more: Partial<TopologyOptions> = {}): TopologyOptions => ({
  prefix,
  messageTtlMs: 604_800_000,
  maxLength: 50_000,
  delaysMs: [100, 300],
  parkedMaxAgeSeconds: 86_400,
  sources: [],
  ...more,
});

export const optionsOf = (topology: TopologyOptions, url: string): RabbitOptions => ({
  link: {
    url,
    connectionName: topology.prefix,
    heartbeatSeconds: 10,
    connectTimeoutMs: 5_000,
    maxHeldBytes: 16 * 2 ** 20,
    minBackoffMs: 50,
    maxBackoffMs: 1_000,
  },
  topology,
  prefetch: { fresh: 50, due: 50, archive: 10 },
  exclusive: false,
});

/** Parks what arrives; what is due goes nowhere. */
export const parking: LetterHandlers = {
  judge: (letter) => ({ to: 'park', letter }),
  redeliver: (letter) => Promise.resolve({ to: 'stay', letter }),
  onNews: () => undefined,
  connected: () => undefined,
  disconnected: () => undefined,
};

export type OpenLetters = ReturnType<typeof createRabbitDeadLetters>;

export const openDeadLetters = async (
  url: string,
  topology: TopologyOptions,
  handlers: Partial<LetterHandlers> = {},
  link: Partial<RabbitOptions['link']> = {},
): Promise<OpenLetters> => {
  const options = optionsOf(topology, url);
  const letters = createRabbitDeadLetters({ ...options, link: { ...options.link, ...link } }, { ...parking, ...handlers }, quiet);
  await letters.start();
  return letters;
};

export const removeTopology = async (url: string, topology: TopologyOptions): Promise<void> => {
  const names = queueNames(topology);
  const connection = await connect(url);
  const channel = await connection.createChannel();
  for (const queue of [names.fresh, names.due, names.parked, names.archive, ...names.delays.map(({ name }) => name)]) {
    await channel.deleteQueue(queue);
  }
  await channel.deleteExchange(names.exchange);
  await connection.close();
};
