// Opening a session on a real RabbitMQ: all of it, or nothing.
import { expect, test } from '@jest/globals';
import { openSession } from '../../src/adapters/rabbitmq/session.ts';
import { until } from './support/consumer.ts';
import { findSharedBroker } from './support/rabbitmq.ts';

const broker = await findSharedBroker();
const amqpUrl = 'url' in broker ? broker.url : '';

const sockets = (): number => process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;

('url' in broker ? test : test.skip)('a session that can not have its channels leaves no connection behind', async () => {
  const url = new URL(amqpUrl);
  url.searchParams.set('channelMax', '1');
  const options = { url: url.href, connectionName: 'test', heartbeatSeconds: 10, connectTimeoutMs: 5_000, maxHeldBytes: 2 ** 20 };
  const before = sockets();
  await expect(openSession(options, { blocked: () => undefined, unblocked: () => undefined })).rejects.toThrow(
    /No channels left/,
  );
  await until(sockets, (count) => count <= before, 5_000);
});
