// A message as it is after a journey: encoded and decoded by the client's own codec.
import type { Message } from 'amqplib';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Outgoing } from '../../../../src/adapters/rabbitmq/event-message.ts';

type Codec = {
  encodeProperties: (id: number, channel: number, size: number, fields: object) => Buffer;
  decode: (id: number, bytes: Buffer) => Message['properties'];
};
const require = createRequire(import.meta.url);
// Not one of the package's own entries; it is the code that its entries use.
const { encodeProperties, decode } = require(join(dirname(require.resolve('amqplib')), 'lib/defs.js')) as Codec;
const basicProperties = 60;
/** Type, channel and size of the frame; class, weight and size of the content. */
const headerBytes = 7 + 12;
/** What client and broker agree on; a content header is never split. */
const maxFrameBytes = 131_072;

export const throughWire = ({ content, properties }: Outgoing): Pick<Message, 'content' | 'properties'> => {
  const { persistent, ...fields } = properties;
  const frame = encodeProperties(basicProperties, 1, content.length, { ...fields, deliveryMode: persistent === true ? 2 : 1 });
  if (frame.length > maxFrameBytes) throw new Error('The headers do not fit into a frame');
  return { content, properties: decode(basicProperties, frame.subarray(headerBytes, frame.length - 1)) };
};
