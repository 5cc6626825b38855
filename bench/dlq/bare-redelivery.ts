// The bare loop of a redelivery, over the same queues: to the delay queue with a confirm, back from it, posted, acknowledged.
import { connect } from 'amqplib';
import { Agent, request } from 'node:http';

const { AMQP_URL = '', FROM = '', DELAY = '', DUE = '', SINK = '', PREFETCH = '200', CONCURRENCY = '50' } = process.env;
const connection = await connect(AMQP_URL);
const publishing = await connection.createConfirmChannel();
const consuming = await connection.createChannel();
await consuming.prefetch(Number(PREFETCH));
await consuming.consume(FROM, (message) => {
  if (message === null) return;
  const headers = message.properties.headers ?? {};
  const options = { persistent: true, contentType: 'application/json', headers, expiration: '1' };
  publishing.publish('', DELAY, message.content, options, () => consuming.ack(message));
});

const agent = new Agent({ keepAlive: true, maxSockets: Number(CONCURRENCY) });
const delivering = await connection.createChannel();
await delivering.prefetch(Number(CONCURRENCY));
await delivering.consume(DUE, (message) => {
  if (message === null) return;
  const headers = { 'content-type': 'application/json', 'content-length': message.content.length };
  request(SINK, { method: 'POST', agent, headers }, (response) => {
    response.resume().on('end', () => delivering.ack(message));
  }).end(message.content);
});
process.on('SIGTERM', () => process.exit(0));
