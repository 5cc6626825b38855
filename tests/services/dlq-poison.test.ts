// Letters that are made to break something, on a real RabbitMQ.
import { describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { until } from './support/consumer.ts';
import { lettersUnderTest } from './support/letters-under-test.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';
const suite = 'url' in broker ? describe : describe.skip;

/** A sender that has more stack than we do: ours could not even write such headers. */
const publishNested = async (exchange: string, depths: readonly number[]): Promise<void> => {
  const script = `
    import { connect } from 'amqplib';
    const connection = await connect(${JSON.stringify(amqpUrl)});
    const channel = await connection.createConfirmChannel();
    for (const depth of ${JSON.stringify(depths)}) {
      let deep = true;
      for (let n = 0; n < depth; n++) deep = [deep];
      channel.publish(${JSON.stringify(exchange)}, 'x', Buffer.from('deep'), { persistent: true, headers: { deep } });
    }
    await channel.waitForConfirms();
    await connection.close();`;
  await promisify(execFile)(process.execPath, ['--stack-size=4000', '--input-type=module', '-e', script], {
    cwd: import.meta.dirname,
  });
};

suite('poison letters', () => {
  const letters = lettersUnderTest(amqpUrl);

  test('headers that are nested thousands deep are left out, the bytes are kept, and the session goes on', async () => {
    await letters.start();
    await publishNested(`${letters.consumer.config.DLQ_NAME}-exchange`, [1_000, 2_500, 4_600, 4_800, 6_000, 9_000]);
    await letters.publish([{ headers: letters.attributes('good') }]);
    await until(
      () => letters.delivered('good'),
      (all) => all.length === 1,
    );
    const found = await until(letters.parked, (all) => all.length > 0);
    // All that could be read are one letter, as are all that could not: they have the same bytes.
    for (const { id, category } of found) {
      const { body } = (await letters.consumer.get(`/dead-letters/${id}`)) as unknown as { body: { raw: object } };
      expect([category, body.raw]).toMatchObject(['unreadable', { bytes_base64: Buffer.from('deep').toString('base64') }]);
    }
    expect(found.map(({ reason }) => reason)).toContainEqual(expect.stringMatching(/^Its headers can't be read/));
    await until(
      async () => (await letters.consumer.get('/dead-letters/stats')).body,
      ({ places }) => places.fresh === 0,
    );
    expect(await letters.consumer.metric('knative_lambda_dlq_reconnects_total')).toBe(0);
  }, 60_000);

  test('poison letters are parked with their reason within 30 seconds, and stop nobody', async () => {
    await letters.start({ DLQ_DELAYS_MS: '100,200,300' });
    letters.subscriber.answer((response, { path }) => {
      if (path === '/loop') response.writeHead(302, { location: `${letters.subscriber.address}/loop` }).end();
      else response.writeHead(202).end();
    });
    const big = Buffer.alloc(10 * 2 ** 20 + 1, 'x');
    const begin = Date.now();
    await letters.publish([
      { headers: {}, content: Buffer.from([0xff, 0xfe, 0]) },
      { headers: letters.attributes('too-large', {}), content: big },
      { headers: letters.attributes('wrong-types', { id: 7, source: { a: 1 }, type: ['t'], time: true }) },
      { headers: { ...letters.attributes('deep'), nested: { a: { b: { c: [1, { d: 1 }] } } } } },
      { headers: letters.attributes('redirects', { knativeerrordest: `${letters.subscriber.address}/loop` }) },
      { headers: letters.attributes('outside', { knativeerrordest: 'http://169.254.169.254/latest' }) },
      { headers: letters.attributes('injected', { subject: 'a\r\nX-Admin: yes' }) },
      { headers: letters.attributes('injected-code', { knativeerrordata: 'x\r\nSet-Cookie: a=b', knativeerrorcode: 400 }) },
      {
        headers: letters.attributes(
          'huge-headers',
          Object.fromEntries(Array.from({ length: 7 }, (_, n) => [`extra${n}`, 'y'.repeat(8_000)])),
        ),
      },
      {
        headers: letters.attributes('json-bomb'),
        content: Buffer.from('['.repeat(100_000)),
        options: { contentType: 'application/cloudevents+json' },
      },
      {
        headers: {
          'x-dlq-id': '../../etc/passwd',
          'x-dlq-attempt': 'NaN',
          'x-dlq-history': '[[[',
          'x-dlq-category': '__proto__',
        },
      },
      ...Array.from({ length: 20 }, (_, n) => ({ headers: letters.attributes(`good${n}`) })),
    ]);
    await until(
      () => letters.subscriber.deliveries.filter(({ id }) => id.startsWith('good')).length,
      (count) => count === 20,
    );
    const found = await until(letters.parked, (all) => all.length === 10, 30_000);
    expect(Date.now() - begin).toBeLessThan(30_000);
    const reasonOf = (id: string): string | undefined => found.find(({ event_id: name }) => name === id)?.reason;
    expect(reasonOf('too-large')).toMatch(/larger than 10485760 bytes/);
    expect(reasonOf('redirects')).toMatch(/redirect/);
    expect(reasonOf('outside')).toMatch(/not on the allow list/);
    expect(reasonOf('injected-code')).toBe('It can never succeed: The subscriber answered 400: x Set-Cookie: a=b');
    const unreadable = found.filter(({ category }) => category === 'unreadable').map(({ reason }) => reason);
    expect(unreadable).toHaveLength(6);
    expect(unreadable.join('\n')).not.toContain('\r');
    expect((await letters.consumer.get('/readyz')).status).toBe(200);
    expect(await letters.consumer.metric('knative_lambda_dlq_reconnects_total')).toBe(0);
    await until(
      () => letters.delivered('huge-headers'),
      (all) => all.length > 0,
    );
  }, 60_000);

  test('large letters for a slow subscriber hold up neither small ones nor the operator, and are all delivered', async () => {
    await letters.start({ DLQ_DELIVERY_TIMEOUT_SECONDS: '30', DLQ_DELAYS_MS: '1000,1000,1000' });
    const held: (() => void)[] = [];
    letters.subscriber.answer((response, { id }) => {
      const take = (): void => void response.writeHead(202).end();
      if (id.startsWith('large')) held.push(take);
      else take();
    });
    const sendGood = async (from: number, to: number): Promise<void> => {
      const good = Array.from({ length: to - from }, (_, n) => ({ headers: letters.attributes(`good${from + n}`) }));
      await letters.publish(good);
      await until(
        () => letters.subscriber.deliveries.filter(({ id }) => id.startsWith('good')).length,
        (count) => count === to,
      );
    };
    // A destination is given more than one request at a time once it has answered.
    await sendGood(0, 10);
    const large = Buffer.alloc(5 * 2 ** 20, 'x');
    for (let n = 0; n < 8; n++) await letters.publish([{ headers: letters.attributes(`large${n}`), content: large }]);
    await until(
      () => held.length,
      (count) => count === 1,
    );
    await sendGood(10, 30);
    await letters.publish([{ headers: letters.attributes('parked', { knativeerrorcode: 400 }) }]);
    const [parked] = await until(letters.parked, (all) => all.length === 1);
    expect((await letters.consumer.get(`/dead-letters/${parked?.id ?? ''}`)).status).toBe(200);
    expect(held).toHaveLength(1);
    letters.subscriber.answer((response) => response.writeHead(202).end());
    held[0]?.();
    await until(
      () => new Set(letters.subscriber.deliveries.map(({ id }) => id)).size,
      (count) => count === 38,
    );
    expect(letters.subscriber.deliveries.every(({ attempt }) => attempt === 1)).toBe(true);
    expect(await letters.consumer.metric('knative_lambda_dlq_reconnects_total')).toBe(0);
  }, 60_000);

  test('a letter that goes round through the broker keeps its count, and ends', async () => {
    await letters.start({ DLQ_DELAYS_MS: '100,200,300' });
    // The broker takes it, and gives it up again at once.
    letters.subscriber.answer((response, { id, attempt }) => {
      response.writeHead(202).end();
      void letters.publish([{ headers: letters.attributes(id, { knativeerrordest: undefined, dlqattempt: attempt }) }]);
    });
    await letters.publish([{ headers: letters.attributes('round', { knativeerrordest: undefined }) }]);
    const [letter] = await until(letters.parked, (all) => all.length === 1);
    expect(letter).toMatchObject({ event_id: 'round', attempts: 3 });
    expect(letters.delivered('round').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });
});
