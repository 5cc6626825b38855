// The whole consumer on a real RabbitMQ: letters come in both ways, are judged, and delivered.
import { describe, expect, test } from '@jest/globals';
import { until } from './support/consumer.ts';
import { lettersUnderTest } from './support/letters-under-test.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';
const suite = 'url' in broker ? describe : describe.skip;

suite('the delivery of dead letters', () => {
  const letters = lettersUnderTest(amqpUrl);
  const ce = (id: string, more: Record<string, unknown> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(letters.attributes(id, more)).map(([name, value]) => [`ce-${name}`, String(value)]));

  test('a letter whose subscriber works again is delivered, once', async () => {
    await letters.start();
    await letters.publish([{ headers: letters.attributes('e1') }]);
    await until(
      () => letters.delivered('e1'),
      (all) => all.length === 1,
    );
    expect(letters.delivered('e1')).toMatchObject([{ path: '/function', attempt: 1 }]);
    await until(
      () => letters.consumer.metric('knative_lambda_dlq_letters_total{category="subscriber_unavailable",outcome="delivered"}'),
      (count) => count === 1,
    );
    expect(await letters.parked()).toEqual([]);
  });

  test('a reply may be as large as any event: it is handed to the broker, and its letter is done', async () => {
    await letters.start();
    letters.subscriber.answer((response, { path }) => {
      const reply = { 'ce-specversion': '1.0', 'ce-id': 'reply', 'ce-source': 's', 'ce-type': 't' };
      if (path === '/function') response.writeHead(200, reply).end(Buffer.alloc(9 * 2 ** 20));
      else response.writeHead(202).end();
    });
    await letters.publish([{ headers: letters.attributes('e1') }]);
    await until(
      () => letters.delivered('reply'),
      (all) => all.length === 1,
    );
    expect(letters.delivered('e1')).toHaveLength(1);
  });

  test("a function's reply goes to the broker for replies, and not to the one that the builder listens to", async () => {
    await letters.start({ REPLY_BROKER_URL: `${letters.subscriber.address}/functions` });
    letters.subscriber.answer((response, { path }) => {
      const command = { 'ce-specversion': '1.0', 'ce-id': 'reply', 'ce-source': 'network.notifi.other', 'ce-subject': 'parser' };
      if (path === '/function') response.writeHead(200, { ...command, 'ce-type': 'network.notifi.lambda.service.delete' }).end();
      else response.writeHead(202).end();
    });
    const unaddressed = letters.attributes('e2', { knativeerrordest: '' });
    await letters.publish([{ headers: letters.attributes('e1') }, { headers: unaddressed }]);
    await until(
      () => letters.subscriber.deliveries.length,
      (count) => count === 3,
    );
    expect(letters.delivered('reply')).toMatchObject([{ path: '/functions' }]);
    expect(letters.delivered('e2')).toMatchObject([{ path: '/broker' }]);
  });

  test('a letter whose function says on a retry that it failed for good is parked: the same letter, with both tries', async () => {
    await letters.start();
    const type = 'network.notifi.lambda.parser.failed';
    const reply = { 'ce-specversion': '1.0', 'ce-id': 'e1-reply', 'ce-source': 'network.notifi.acme', 'ce-type': type };
    letters.subscriber.answer((response, { path, attempt }) => {
      if (path !== '/function') response.writeHead(202).end();
      else if (attempt === 1) response.writeHead(503).end();
      else response.writeHead(200, { ...reply, 'content-type': 'application/json' }).end('{"message":"no such block"}');
    });
    await letters.publish([{ headers: letters.attributes('e1') }]);
    const [letter] = await until(letters.parked, (all) => all.length === 1);
    expect(letter).toMatchObject({
      event_id: 'e1',
      category: 'function_error_permanent',
      attempts: 2,
      reason: 'It can never succeed: It answered parser.failed: no such block',
    });
    const { body } = await letters.consumer.get(`/dead-letters/${letter?.id ?? ''}`);
    expect(body.history).toMatchObject([
      { attempt: 1, status: 503 },
      { attempt: 2, status: 200, error: 'It answered parser.failed: no such block' },
    ]);
    expect(letters.subscriber.deliveries.map(({ path }) => path)).toEqual(['/function', '/function']);
  });

  test('a letter whose subscriber stays down is tried as often as configured, and parked with every attempt in its history', async () => {
    await letters.start();
    letters.subscriber.answer((response) => response.writeHead(503).end('down'));
    await letters.publish([{ headers: letters.attributes('e1') }]);
    const [letter] = await until(letters.parked, (all) => all.length === 1);
    expect(letter).toMatchObject({ attempts: 3, reason: 'All attempts are used up: It answered 503: down' });
    const { body } = await letters.consumer.get(`/dead-letters/${letter?.id ?? ''}`);
    expect(body.history).toMatchObject([
      { attempt: 1, status: 503 },
      { attempt: 2 },
      { attempt: 3, error: 'It answered 503: down' },
    ]);
    expect(letters.delivered('e1').map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });

  test('a letter comes in over HTTP in every mode, and 202 means that it is in the queue', async () => {
    await letters.start({ DLQ_DELAYS_MS: '100,200,300' });
    const structured = { ...letters.attributes('structured'), knativeerrorcode: 400 };
    const answers = await Promise.all([
      letters.post(ce('binary', { knativeerrorcode: 400 })),
      letters.post({ 'content-type': 'application/cloudevents+json' }, JSON.stringify(structured)),
      letters.post(
        { 'content-type': 'application/cloudevents-batch+json' },
        JSON.stringify([
          { ...structured, id: 'b1' },
          { ...structured, id: 'b2' },
        ]),
      ),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([202, 202, 202]);
    const found = await until(letters.parked, (all) => all.length === 4);
    expect(found.map(({ event_id: id }) => id).sort()).toEqual(['b1', 'b2', 'binary', 'structured']);
  });

  test('a destination that is down costs a probe; the letters of others are delivered meanwhile', async () => {
    await letters.start({ DLQ_CIRCUIT_OPEN_MS: '60000', DLQ_CIRCUIT_MAX_OPEN_MS: '60000' });
    const dead = { knativeerrordest: 'http://127.0.0.1:1/dead' };
    await letters.publish(Array.from({ length: 30 }, (_, n) => ({ headers: letters.attributes(`dead${n}`, dead) })));
    await letters.publish(Array.from({ length: 30 }, (_, n) => ({ headers: letters.attributes(`live${n}`) })));
    await until(
      () => letters.subscriber.deliveries.length,
      (count) => count === 30,
    );
    await until(
      () => letters.consumer.metric('knative_lambda_dlq_deferrals_total'),
      (count) => count >= 29,
    );
    expect(await letters.consumer.metric('knative_lambda_dlq_redeliveries_total{outcome="subscriber_unavailable"}')).toBe(1);
    expect(await letters.consumer.metric('knative_lambda_dlq_circuits{state="open"}')).toBe(1);
  });

  test('with DLQ_ORDERED the letters of a function arrive in their order, however often one of them fails', async () => {
    await letters.start({ DLQ_ORDERED: 'true', DLQ_DELAYS_MS: '100,200,300' });
    const taken: string[] = [];
    letters.subscriber.answer((response, { id, attempt }) => {
      const fails = Number(id.slice(1)) % 3 === 0 && attempt === 1;
      if (!fails) taken.push(id);
      response.writeHead(fails ? 503 : 202).end();
    });
    const sent = Array.from({ length: 24 }, (_, n) => ({
      headers: letters.attributes(`${'ab'[n % 2] ?? ''}${n}`, { subject: `parser-${n % 2}` }),
    }));
    await letters.publish(sent);
    await until(
      () => taken.length,
      (count) => count === 24,
      40_000,
    );
    for (const line of ['a', 'b']) {
      const numbers = taken.filter((id) => id.startsWith(line)).map((id) => Number(id.slice(1)));
      expect(numbers).toEqual([...numbers].sort((one, other) => one - other));
    }
    await until(letters.parked, (all) => all.length === 0);
  });

  test('stopping finishes what is in hand, and a letter that can not be finished in time is not lost', async () => {
    await letters.start({ SHUTDOWN_SECONDS: '2' });
    let release: (() => void) | undefined;
    letters.subscriber.answer((response, { id }) => {
      if (id === 'slow') release = () => response.writeHead(202).end();
    });
    await letters.publish([{ headers: letters.attributes('slow') }, { headers: letters.attributes('stuck') }]);
    await until(
      () => letters.subscriber.deliveries.length,
      (count) => count >= 1,
    );
    const closing = letters.consumer.close();
    setTimeout(() => release?.(), 200);
    await closing;
    await letters.start();
    letters.subscriber.answer((response) => response.writeHead(202).end());
    await until(
      () => letters.delivered('stuck'),
      (all) => all.length > 0,
    );
    await until(
      async () => (await letters.consumer.get('/dead-letters/stats')).body,
      ({ places }) => places.due === 0 && places.waiting === 0,
    );
    expect(await letters.parked()).toEqual([]);
  }, 30_000);
});
