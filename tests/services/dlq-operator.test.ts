// The operator's work on a real RabbitMQ: letters redriven, purged, cleaned up.
import { describe, expect, test } from '@jest/globals';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalObjectStore } from '../../src/adapters/local/object-store.ts';
import { until, type Shown } from './support/consumer.ts';
import { lettersUnderTest } from './support/letters-under-test.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';
const suite = 'url' in broker ? describe : describe.skip;

suite('parked letters', () => {
  const letters = lettersUnderTest(amqpUrl);

  test('what the broker rejected, with the reason of the builder, is the letter; the event inside comes back when it is redriven', async () => {
    await letters.start();
    const original = {
      specversion: '1.0',
      id: 'inner',
      source: 'network.notifi.acme',
      subject: 'parser',
      type: 'network.notifi.lambda.build.start',
      data: {},
    };
    const data = { code: 'SOURCE_NOT_FOUND', category: 'source_not_found', message: 'There is no object "x"', original };
    const headers = letters.attributes('outer', {
      type: 'network.notifi.lambda.event.rejected',
      causationid: 'inner',
      knativeerrordest: undefined,
    });
    await letters.publish([{ headers, content: Buffer.from(JSON.stringify(data)) }]);
    const [letter] = await until(letters.parked, (all) => all.length === 1);
    expect(letter).toMatchObject({
      event_id: 'inner',
      category: 'source_not_found',
      reason: 'It can never succeed: There is no object "x"',
    });
    expect((await letters.consumer.send('POST', `/dead-letters/${letter?.id ?? ''}/redrive`)).body).toMatchObject({
      status: 'redriven',
    });
    await until(
      () => letters.delivered('inner'),
      (all) => all.length === 1,
    );
    expect(letters.delivered('inner')).toMatchObject([{ path: '/broker', attempt: 1 }]);
    expect(await letters.parked()).toEqual([]);
  });

  test('a redriven letter that fails again comes back with one attempt more; it is not tried for ever', async () => {
    await letters.start();
    letters.subscriber.answer((response) => response.writeHead(503).end());
    await letters.publish([{ headers: letters.attributes('e1') }]);
    const [{ id } = { id: '' }] = await until(letters.parked, (all) => all.length === 1);
    await letters.consumer.send('POST', `/dead-letters/${id}/redrive`);
    await until(letters.parked, ([letter]) => letter?.attempts === 4);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(letters.delivered('e1')).toHaveLength(4);
  });

  test('many letters are redriven at a bounded rate, after a dry run, with a summary of what came back', async () => {
    await letters.start({ DLQ_REDRIVE_PER_SECOND: '50' });
    await letters.publish(
      Array.from({ length: 20 }, (_, n) => ({ headers: letters.attributes(`e${n}`, { knativeerrorcode: 400 }) })),
    );
    await until(letters.parked, (all) => all.length === 20);
    letters.subscriber.answer((response, { id }) => response.writeHead(id === 'e7' ? 400 : 202).end());
    expect((await letters.consumer.send('POST', '/dead-letters/redrive', { third_party_id: 'acme' })).body).toEqual({
      dry_run: true,
      matched: 20,
      per_second: 50,
      would_take_seconds: 1,
    });
    expect(letters.subscriber.deliveries).toEqual([]);
    const begin = Date.now();
    const { status, body } = await letters.consumer.send('POST', '/dead-letters/redrive', {
      third_party_id: 'acme',
      dry_run: false,
    });
    expect(status).toBe(202);
    const run = await until(
      async () => (await letters.consumer.get(`/redrives/${body.run}`)).body,
      ({ state }) => state === 'ended',
    );
    expect(run).toMatchObject({
      matched: 20,
      redriven: 20,
      delivered: 19,
      came_back: 1,
      under_way: 0,
      returned: [{ category: 'validation' }],
    });
    expect(Date.now() - begin).toBeGreaterThan(350);
    expect((await letters.parked()).map(({ event_id: id }) => id)).toEqual(['e7']);
  });

  test('a storm of letters does not wait for the night: what is beyond the retention goes to the archive by itself', async () => {
    await letters.start({ DLQ_RETENTION_LETTERS: '10' });
    await letters.publish(
      Array.from({ length: 1_030 }, (_, n) => ({ headers: letters.attributes(`e${n}`, { knativeerrorcode: 400 }) })),
    );
    const { places } = await until(
      async () => (await letters.consumer.get('/dead-letters/stats')).body,
      (stats) => stats.places.parked === 10,
      30_000,
    );
    expect(places.archive).toBe(1_020);
  }, 60_000);

  test('what the broker took is not called delivered, and is the same letter with its story when it is rejected again', async () => {
    await letters.start();
    const rejected = (original: object): Promise<void> => {
      const message = 'There is no object "x"';
      const data = { code: 'SOURCE_NOT_FOUND', category: 'source_not_found', message, original };
      const headers = letters.attributes('outer', {
        type: 'network.notifi.lambda.event.rejected',
        causationid: 'inner',
        knativeerrordest: undefined,
      });
      return letters.publish([{ headers, content: Buffer.from(JSON.stringify(data)) }]);
    };
    const original = {
      ...{ specversion: '1.0', id: 'inner', source: 'network.notifi.acme', subject: 'parser' },
      ...{ type: 'network.notifi.lambda.build.start', data: {} },
    };
    await rejected(original);
    const [before] = await until(letters.parked, (all) => all.length === 1);
    const { body } = await letters.consumer.send('POST', '/dead-letters/redrive', { dry_run: false });
    const runIs = (state: object) =>
      until(
        async () => (await letters.consumer.get(`/redrives/${body.run}`)).body as object,
        (run) => Object.entries(state).every(([name, value]) => run[name as never] === value),
      );
    await runIs({ state: 'ended', delivered: 0, handed_to_broker: 1, came_back: 0 });
    const [{ trail, attempt } = { trail: '', attempt: 0 }] = letters.delivered('inner');
    await rejected({ ...original, dlqattempt: attempt, dlqtrail: trail });
    await runIs({ state: 'ended', delivered: 0, handed_to_broker: 0, came_back: 1 });
    const [after] = await until(letters.parked, (all) => all.length === 1);
    expect(after).toMatchObject({ id: before?.id, attempts: 1 });
    const shown = (await letters.consumer.get(`/dead-letters/${after?.id ?? ''}`)).body;
    expect(shown).toMatchObject({
      first_failed_at: expect.stringMatching(/Z$/),
      history: [{ attempt: 1, destination: `${letters.subscriber.address}/broker` }],
    });
  });

  test('letters are purged only when as many are confirmed as match', async () => {
    await letters.start();
    await letters.publish(
      Array.from({ length: 5 }, (_, n) => ({
        headers: letters.attributes(`e${n}`, { knativeerrorcode: 400, subject: n < 3 ? 'one' : 'two' }),
      })),
    );
    await until(letters.parked, (all) => all.length === 5);
    expect((await letters.consumer.send('POST', '/dead-letters/purge', { parser_id: 'one' })).body).toEqual({
      matched: 3,
      purged: 0,
      confirm: 3,
    });
    expect((await letters.consumer.send('POST', '/dead-letters/purge', { parser_id: 'one', confirm: 2 })).status).toBe(400);
    expect((await letters.consumer.send('POST', '/dead-letters/purge', { parser_id: 'one', confirm: 3 })).body).toEqual({
      matched: 3,
      purged: 3,
    });
    expect(await letters.parked()).toHaveLength(2);
  });

  test('cleanup moves the oldest beyond the number that is kept to the archive, as objects that hold them whole', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'archive-'));
    await letters.start({ DLQ_RETENTION_LETTERS: '3' }, { archive: createLocalObjectStore(folder) });
    for (let n = 0; n < 5; n++) {
      await letters.publish([
        { headers: letters.attributes(`e${n}`, { knativeerrorcode: 400 }), content: Buffer.from(`{"n":${n}}`) },
      ]);
      await until(letters.parked, (all) => all.length === n + 1);
    }
    const found = await letters.parked();
    expect((await letters.consumer.send('POST', '/dead-letters/cleanup')).body).toEqual({
      archived_for_age: 0,
      archived_for_number: 2,
      kept: 3,
    });
    expect((await letters.parked()).map(({ event_id: id }) => id)).toEqual(['e4', 'e3', 'e2']);
    const oldest = found.at(-1) as Shown;
    const day = oldest.last_failed_at.slice(0, 10).replaceAll('-', '/');
    const file = join(folder, 'dead-letters', day, `${oldest.id}-${Date.parse(oldest.last_failed_at)}.json`);
    const record = await until(
      () => readFile(file, 'utf8'),
      () => true,
    );
    expect(JSON.parse(record)).toMatchObject({ id: oldest.id, category: 'validation', event: { id: 'e0', data: { n: 0 } } });
    await until(
      async () => (await letters.consumer.get('/dead-letters/stats')).body.places,
      (places) => places.archive === 0,
    );
    await rm(folder, { recursive: true });
  });
});
