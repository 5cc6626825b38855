// What is declared on the broker, and what happens when it is not as it should be.
import { afterAll, describe, expect, test } from '@jest/globals';
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { createRabbitDeadLetters } from '../../src/adapters/rabbitmq/dead-letters.ts';
import { queueNames, type TopologyOptions } from '../../src/adapters/rabbitmq/topology.ts';
import { until } from './support/consumer.ts';
import { newPrefix, openDeadLetters, optionsOf, parking, quiet, removeTopology, topologyOf } from './support/dead-letters.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';

const suite = 'url' in broker ? describe : describe.skip;

suite('the topology of the dead letters', () => {
  const used: TopologyOptions[] = [];
  const open: ChannelModel[] = [];
  const topology = (more: Partial<TopologyOptions> = {}): TopologyOptions => {
    const options = topologyOf(newPrefix(), more);
    used.push(options);
    return options;
  };
  const openChannel = async (): Promise<ConfirmChannel> => {
    const connection = await connect(amqpUrl);
    open.push(connection);
    connection.on('error', () => undefined);
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    return channel;
  };
  const countIn = async (channel: ConfirmChannel, queue: string): Promise<number> =>
    (await channel.checkQueue(queue)).messageCount;
  afterAll(async () => {
    for (const options of used) await removeTopology(amqpUrl, options).catch(() => undefined);
    for (const connection of open) await connection.close().catch(() => undefined);
  });

  test('can be declared again and again: processes come and go', async () => {
    const options = topology();
    for (let n = 0; n < 2; n++) await (await openDeadLetters(amqpUrl, options)).close();
  });

  test('a queue that is another than we need is an error that says which and what to do', async () => {
    const options = topology();
    const channel = await openChannel();
    await channel.assertQueue(options.prefix, { durable: true, arguments: { 'x-queue-type': 'quorum', 'x-max-length': 7 } });
    await expect(openDeadLetters(amqpUrl, options)).rejects.toThrow(
      new RegExp(
        `"${options.prefix}" exists on the broker and is not what this version needs \\(.*\\)\\. Delete it once it is empty, or set DLQ_NAME`,
      ),
    );
  });

  test("takes the messages of a broker's dead-letter exchange when it is bound to it", async () => {
    const channel = await openChannel();
    const source = `${newPrefix()}-dlx`;
    await channel.assertExchange(source, 'headers', { durable: true, autoDelete: true });
    const letters = await openDeadLetters(amqpUrl, topology({ sources: [{ exchange: source, routingKey: '' }] }));
    channel.publish(source, 'anything', Buffer.from('from the broker'), { headers: { any: 'thing' } });
    const found = await until(
      () => letters.queue.matching({}),
      (ids) => ids.length === 1,
    );
    expect((await letters.queue.get(found[0] ?? ''))?.raw?.bytes.toString()).toBe('from the broker');
    await letters.close();
  });

  test('waits for the exchange of a broker that is not there yet, and says which one', async () => {
    const source = `${newPrefix()}-dlx`;
    const letters = createRabbitDeadLetters(
      optionsOf(topology({ sources: [{ exchange: source, routingKey: '#' }] }), amqpUrl),
      parking,
      quiet,
    );
    const started = letters.start();
    await until(
      () => letters.trouble(),
      (trouble) => trouble === `There is no exchange "${source}", which DLQ_SOURCE_EXCHANGES names`,
    );
    await (await openChannel()).assertExchange(source, 'topic', { durable: true, autoDelete: true });
    await started;
    expect(letters.trouble()).toBeUndefined();
    await letters.close();
  });

  test('what overflows goes on to the archive queue, the oldest first', async () => {
    const options = topology({ maxLength: 5 });
    const names = queueNames(options);
    await (await openDeadLetters(amqpUrl, options)).close();
    const channel = await openChannel();
    for (let n = 0; n < 20; n++) channel.publish(names.exchange, 'x', Buffer.from(String(n)), { persistent: true });
    await channel.waitForConfirms();
    await until(
      () => countIn(channel, names.archive),
      (count) => count === 15,
    );
    expect(await countIn(channel, names.fresh)).toBe(5);
    const first = await channel.get(names.archive);
    expect(first !== false && first.content.toString()).toBe('0');
  });

  test('what waits longer than its time goes on to the archive queue', async () => {
    const options = topology({ messageTtlMs: 200 });
    const names = queueNames(options);
    await (await openDeadLetters(amqpUrl, options)).close();
    const channel = await openChannel();
    channel.publish(names.exchange, 'x', Buffer.from('late'), { persistent: true });
    await until(
      () => countIn(channel, names.archive),
      (count) => count === 1,
    );
  });

  test('a delay queue of an older configuration still runs empty into the due queue', async () => {
    const before = topology({ delaysMs: [150] });
    const names = queueNames(before);
    await (await openDeadLetters(amqpUrl, before)).close();
    const channel = await openChannel();
    channel.sendToQueue(names.delays[0]?.name ?? '', Buffer.from('x'), { persistent: true, expiration: '150' });
    await channel.waitForConfirms();
    const after = { ...before, delaysMs: [500] };
    used.push(after);
    await (await openDeadLetters(amqpUrl, after)).close();
    await until(
      () => countIn(channel, names.due),
      (count) => count === 1,
    );
  });
});
