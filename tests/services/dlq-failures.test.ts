// The broker goes away, runs short, loses a queue: no letter is lost, and the consumer comes back by itself.
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { connect, type ConfirmChannel } from 'amqplib';
import { queueNames, type TopologyOptions } from '../../src/adapters/rabbitmq/topology.ts';
import type { LetterHandlers } from '../../src/core/letter-flow.ts';
import { letterOf } from '../contract/dead-letter-queue.ts';
import { until } from './support/consumer.ts';
import { newPrefix, openDeadLetters, removeTopology, topologyOf, type OpenLetters } from './support/dead-letters.ts';
import { startPrivateBroker } from './support/rabbitmq.ts';

const broker = await startPrivateBroker();
const amqpUrl = 'url' in broker ? broker.url : '';

const suite = 'url' in broker ? describe : describe.skip;

suite('when something fails', () => {
  let topology: TopologyOptions;
  let letters: OpenLetters;
  let sessions: number;
  const names = () => queueNames(topology);

  const open = async (handlers: Partial<LetterHandlers> = {}, heartbeatSeconds = 10): Promise<void> => {
    const counting = { connected: () => (sessions += 1), ...handlers };
    letters = await openDeadLetters(amqpUrl, topology, counting, { heartbeatSeconds });
  };
  const withChannel = async <T>(work: (channel: ConfirmChannel) => Promise<T>): Promise<T> => {
    const connection = await connect(amqpUrl);
    connection.on('error', () => undefined);
    const channel = await connection.createConfirmChannel();
    channel.on('error', () => undefined);
    try {
      return await work(channel);
    } finally {
      await connection.close().catch(() => undefined);
    }
  };
  const send = (count: number, prefix = 'm'): Promise<void> =>
    withChannel(async (channel) => {
      for (let n = 0; n < count; n++) channel.publish(names().exchange, 'x', Buffer.from(`${prefix}${n}`), { persistent: true });
      await channel.waitForConfirms();
    });
  const parked = (): Promise<string[]> => letters.queue.matching({});

  afterAll(() => broker.command('wipe'));
  beforeEach(() => {
    topology = topologyOf(newPrefix());
    sessions = 0;
  });
  afterEach(async () => {
    await letters.close();
    await removeTopology(amqpUrl, topology);
  });

  test('a handler that throws does not stop the others: the letter is parked with its reason', async () => {
    await open({
      judge: (letter) => {
        if (letter.raw?.bytes.toString() === 'm3') throw new Error('a bug');
        return { to: 'park', letter };
      },
    });
    await send(10);
    const ids = await until(parked, (found) => found.length === 10);
    const reasons = await Promise.all(ids.map(async (id) => (await letters.queue.get(id))?.reason));
    expect(reasons.filter((reason) => reason?.startsWith('The consumer failed on it'))).toHaveLength(1);
  });

  test('a letter that nobody finished with, time after time, is parked: it may be what ends the process', async () => {
    await open({ judge: (letter) => ({ to: 'stay', letter }) });
    await send(1);
    for (let n = 0; n < 21; n++) {
      await letters.close();
      await open({ judge: (letter) => ({ to: 'stay', letter }) });
    }
    const [id = ''] = await until(parked, (ids) => ids.length === 1);
    expect((await letters.queue.get(id))?.reason).toMatch(/^It was taken up \d+ times and no process finished with it/);
  }, 90_000);

  test('a queue that is deleted under us is declared anew, and letters flow again', async () => {
    await open();
    await send(5, 'before');
    await until(parked, (ids) => ids.length === 5);
    await withChannel((channel) => channel.deleteQueue(names().fresh));
    await until(
      () => sessions,
      (count) => count >= 2,
    );
    await send(5, 'after');
    await until(parked, (ids) => ids.length === 10);
  });

  test('a delay queue that is deleted loses no letter that was to go there: it is copied again when the queue is back', async () => {
    await open({
      judge: (letter) => ({ to: 'delay', letter, delayMs: 100 }),
      redeliver: (letter) => Promise.resolve({ to: 'park', letter }),
    });
    await withChannel((channel) => channel.deleteQueue(names().delays[0]?.name ?? ''));
    await send(20);
    await until(parked, (ids) => ids.length === 20);
    expect(sessions).toBeGreaterThan(1);
  });

  test('a stream of parked letters that is deleted is read anew, and tells of what it holds now', async () => {
    await open();
    await send(3, 'gone');
    await until(parked, (ids) => ids.length === 3);
    await withChannel((channel) => channel.deleteQueue(names().parked));
    await until(
      () => sessions,
      (count) => count >= 2,
    );
    await send(2, 'new');
    await until(parked, (ids) => ids.length === 2, 30_000);
  }, 45_000);

  test('a connection that the broker closes is opened again, and what was in hand comes again', async () => {
    let judged = 0;
    await open({
      judge: (letter) => {
        judged++;
        return { to: 'park', letter };
      },
    });
    await send(5);
    await until(parked, (ids) => ids.length === 5);
    await broker.command('ctl', '--quiet', 'close_all_connections', 'a test');
    await until(
      () => sessions,
      (count) => count >= 2,
    );
    await send(5, 'after');
    await until(parked, (ids) => ids.length === 10);
    expect(judged).toBeGreaterThanOrEqual(10);
  });

  test('a restart of the broker keeps every letter, those that wait and those that are parked', async () => {
    let due = 0;
    await open({
      judge: (letter) =>
        letter.raw?.bytes.toString().startsWith('wait') ? { to: 'delay', letter, delayMs: 300 } : { to: 'park', letter },
      redeliver: (letter) => {
        due++;
        return Promise.resolve({ to: 'done', letter });
      },
    });
    await send(20, 'park');
    await until(parked, (ids) => ids.length === 20);
    await send(20, 'wait');
    await broker.command('restart');
    await until(
      () => letters.trouble(),
      (trouble) => sessions >= 2 && trouble === undefined,
      30_000,
    );
    await until(parked, (ids) => ids.length === 20, 30_000);
    await until(
      () => due,
      (count) => count >= 20,
      30_000,
    );
  }, 120_000);

  test.each([
    ['memory', ['set_vm_memory_high_watermark', '0.00000001'], ['set_vm_memory_high_watermark', 'absolute', '1GB']],
    ['disk', ['set_disk_free_limit', '100000GB'], ['set_disk_free_limit', '200MB']],
  ])(
    'a broker that is short of %s makes us wait; nothing is lost, and whoever sends is told to come back',
    async (_resource, alarm, calm) => {
      await open();
      await send(1);
      await until(parked, (ids) => ids.length === 1);
      await broker.command('ctl', '--quiet', ...alarm);
      try {
        // The broker says that it is blocked when it is sent something.
        const first = letters.acceptLetter(letterOf(1)).catch((error: unknown) => error);
        await until(
          () => letters.trouble(),
          (trouble) => trouble?.includes('blocked') === true,
        );
        await expect(letters.acceptLetter(letterOf(2))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
        await broker.command('ctl', '--quiet', ...calm);
        await until(
          () => letters.trouble(),
          (trouble) => trouble === undefined,
          30_000,
        );
        expect(await first).toBeUndefined();
        await until(parked, (ids) => ids.length === 2);
        expect(sessions).toBe(1);
      } finally {
        await broker.command('ctl', '--quiet', ...calm);
      }
    },
    60_000,
  );

  test('a channel that the broker closes is opened again: what was not confirmed was refused, and the next is taken', async () => {
    await open();
    await withChannel((channel) => channel.deleteExchange(names().exchange));
    await expect(letters.acceptLetter(letterOf(1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' });
    await until(
      () => sessions,
      (count) => count >= 2,
    );
    await letters.acceptLetter(letterOf(2));
    expect(await until(parked, (ids) => ids.length === 1)).toEqual([letterOf(2).id]);
  });

  test('of letters of ten mebibytes only so many are in hand as fit into the bytes that may be held, however many more could be', async () => {
    const count = 12;
    let inHand = 0;
    const gate = Promise.withResolvers<undefined>();
    const handlers: Partial<LetterHandlers> = {
      judge: (letter) => ({ to: 'delay', letter, delayMs: 100 }),
      redeliver: async (letter) => {
        inHand++;
        await gate.promise;
        return { to: 'park', letter };
      },
    };
    await open(handlers, 1);
    const bytes = Buffer.alloc(10 * 2 ** 20, 'x');
    for (let n = 0; n < count; n++) {
      bytes.write(String(n).padStart(4, '0'));
      await withChannel(async (channel) => {
        channel.publish(names().exchange, 'x', bytes, { persistent: true });
        await channel.waitForConfirms();
      });
    }
    await until(
      () => inHand,
      (number) => number > 0,
    );
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(inHand).toBeLessThanOrEqual(3);
    // Nothing was read for longer than two heartbeats: that is no reason to end the session.
    expect(sessions).toBe(1);
    gate.resolve(undefined);
    await until(parked, (ids) => ids.length === count, 60_000);
  }, 90_000);

  test('letters of ten mebibytes go to the archive although more of them than may be held are read at once', async () => {
    await open();
    const bytes = Buffer.alloc(10 * 2 ** 20, 'x');
    for (let n = 0; n < 8; n++) {
      bytes.write(String(n).padStart(4, '0'));
      await withChannel(async (channel) => {
        channel.publish(names().exchange, 'x', bytes, { persistent: true });
        await channel.waitForConfirms();
      });
    }
    const ids = await until(parked, (found) => found.length === 8, 30_000);
    expect(await letters.archive(ids)).toBe(8);
    expect(await parked()).toEqual([]);
    expect(await letters.depths()).toMatchObject({ archive: 8, parked: 0 });
  }, 90_000);
});
