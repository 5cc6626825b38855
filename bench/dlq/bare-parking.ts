// The bare loop: takes a message, publishes it to the stream, waits for the confirm, acknowledges. Judges nothing, names nothing.
import { connect } from 'amqplib';

const { AMQP_URL = '', FROM = '', TO = '', PREFETCH = '200' } = process.env;
const connection = await connect(AMQP_URL);
const publishing = await connection.createConfirmChannel();
const consuming = await connection.createChannel();
await consuming.prefetch(Number(PREFETCH));
await consuming.consume(FROM, (message) => {
  if (message === null) return;
  const headers = message.properties.headers ?? {};
  publishing.publish('', TO, message.content, { persistent: true, contentType: 'application/json', headers }, () =>
    consuming.ack(message),
  );
});
process.on('SIGTERM', () => process.exit(0));
