// The whole consumer in this process, with a subscriber and a broker to deliver to.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createEventPoster } from '../../../src/adapters/http/post-event.ts';
import { createRabbitDeadLetters } from '../../../src/adapters/rabbitmq/dead-letters.ts';
import { dlqSettings, posterOptionsOf, rabbitOptionsOf, type DlqConfig } from '../../../src/dlq-consumer/config.ts';
import { startConsumer, type Adapters } from '../../../src/dlq-consumer/start-consumer.ts';
import { readConfig } from '../../../src/ops/config.ts';
import { quiet } from './dead-letters.ts';

export type Delivery = { path: string; id: string; attempt: number; trail: string; at: number };
type Answer = (response: ServerResponse, delivery: Delivery) => void;

export type Subscriber = { address: string; deliveries: Delivery[]; answer: (how: Answer) => void; close(): Promise<void> };

/** What is too long for headers comes as one JSON. */
const attributesOf = ({ headers }: IncomingMessage, body: Buffer): Record<string, unknown> =>
  headers['content-type']?.startsWith('application/cloudevents+json') === true
    ? (JSON.parse(body.toString()) as Record<string, unknown>)
    : { id: headers['ce-id'], dlqattempt: headers['ce-dlqattempt'], dlqtrail: headers['ce-dlqtrail'] };

export const startSubscriber = async (): Promise<Subscriber> => {
  const deliveries: Delivery[] = [];
  let answer: Answer = (response) => response.writeHead(202).end();
  const handle = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.once('end', () => {
      const { id, dlqattempt: attempt, dlqtrail: trail } = attributesOf(request, Buffer.concat(chunks));
      const counted = { attempt: Number(attempt), trail: String(trail), at: Date.now() };
      const delivery = { path: request.url ?? '', id: String(id), ...counted };
      deliveries.push(delivery);
      answer(response, delivery);
    });
  };
  // A letter may have far larger headers than Node takes by default.
  const server = createServer({ maxHeaderSize: 2 ** 17 }, handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    deliveries,
    answer: (how) => void (answer = how),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

export type Shown = { id: string; event_id?: string; category: string; reason: string; attempts: number; last_failed_at: string };

/** Members of the answers that the tests look at; which of them are there depends on the route. */
export type Body = {
  dead_letters: Shown[];
  history: unknown[];
  places: Record<string, number>;
  run: string;
  state: string;
};

export type TestConsumer = {
  address: string;
  config: DlqConfig;
  get(path: string): Promise<{ status: number; body: Body }>;
  send(method: string, path: string, body?: unknown): Promise<{ status: number; body: Body }>;
  metric(line: string): Promise<number>;
  close(): Promise<void>;
};

export const startTestConsumer = async (
  url: string,
  prefix: string,
  subscriber: Subscriber,
  environment: Record<string, string> = {},
  more: Partial<Adapters> = {},
): Promise<TestConsumer> => {
  const config = readConfig(dlqSettings, {
    AMQP_URL: url,
    BROKER_URL: `${subscriber.address}/broker`,
    PORT: '0',
    DLQ_NAME: prefix,
    DLQ_DELAYS_MS: '100,200,300',
    DLQ_ALLOWED_DESTINATIONS: '127.0.0.1',
    DLQ_RATE_PER_SECOND: '0',
    DLQ_CIRCUIT_OPEN_MS: '100',
    DLQ_CIRCUIT_MAX_OPEN_MS: '400',
    DLQ_DELIVERY_TIMEOUT_SECONDS: '1',
    ...environment,
  });
  const poster = createEventPoster(posterOptionsOf(config));
  const options = rabbitOptionsOf(config);
  const consumer = await startConsumer(config, quiet, {
    createLetters: (handlers) =>
      createRabbitDeadLetters({ ...options, link: { ...options.link, minBackoffMs: 50, maxBackoffMs: 500 } }, handlers, quiet),
    post: (url, event, timeoutMs, signal) => poster.post(url, event, timeoutMs, signal),
    ...more,
  });
  const send: TestConsumer['send'] = async (method, path, body) => {
    const response = await fetch(`${consumer.address}${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  return {
    address: consumer.address,
    config,
    get: (path) => send('GET', path),
    send,
    metric: async (name) => {
      const text = await (await fetch(`${consumer.address}/metrics`)).text();
      const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
      return line === undefined ? NaN : Number(line.slice(name.length + 1));
    },
    close: async () => {
      await consumer.close();
      poster.close();
    },
  };
};

/** Asks until the answer is right, and fails with the last one after a while. */
export const until = async <T>(ask: () => Promise<T> | T, isRight: (value: T) => boolean, ms = 15_000): Promise<T> => {
  const deadline = Date.now() + ms;
  for (;;) {
    let last: unknown;
    try {
      const value = await ask();
      if (isRight(value)) return value;
      last = value;
    } catch (error) {
      last = error;
    }
    if (Date.now() > deadline)
      throw new Error(`It did not come about: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
};
