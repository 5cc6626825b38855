import { describe, expect, test } from '@jest/globals';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ChannelModel, MessageProperties } from 'amqplib';
import { undecodableHeader } from '../../../../src/adapters/rabbitmq/frame-reader.ts';
import { limitHeldBytes } from '../../../../src/adapters/rabbitmq/held-bytes.ts';
import { letterFromMessage } from '../../../../src/adapters/rabbitmq/letter-message.ts';

type Frame = { id: number; channel: number; size: number; fields: { headers?: Record<string, unknown> } };
type Reader = { rest: Buffer; stream: PassThrough; recvFrame: () => Frame | false };

const require = createRequire(import.meta.url);
// The client's own connection: what is shown here is shown of the code that reads.
const { Connection } = require(join(dirname(require.resolve('amqplib')), 'lib/connection.js')) as {
  Connection: new (stream: PassThrough) => Reader;
};

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

/** An array in an array in an array, as AMQP writes it. */
const nested = (depth: number): Buffer => {
  let value = Buffer.from('t\u0001', 'latin1');
  for (let n = 0; n < depth; n++) value = Buffer.concat([Buffer.from('A'), uint32(value.length), value]);
  return value;
};

/** Of the message's content header: the property flag of headers, and one of them. */
const headerFrame = (value: Buffer, contentBytes: number, channel = 7): Buffer => {
  const entry = Buffer.concat([Buffer.from([4]), Buffer.from('deep'), value]);
  const table = Buffer.concat([uint32(entry.length), entry]);
  const size = Buffer.alloc(8);
  size.writeBigInt64BE(BigInt(contentBytes));
  const payload = Buffer.concat([Buffer.from([0, 60, 0, 0]), size, Buffer.from([0x20, 0]), table]);
  const start = Buffer.alloc(7);
  start.writeUInt8(2);
  start.writeUInt16BE(channel, 1);
  start.writeUInt32BE(payload.length, 3);
  return Buffer.concat([start, payload, Buffer.from([0xce])]);
};

const readerOf = (): Reader => {
  const reader = new Connection(new PassThrough());
  limitHeldBytes({ connection: reader } as unknown as ChannelModel, 1_000);
  return reader;
};

describe('a frame of headers', () => {
  test('is read as it is when it can be', () => {
    const reader = readerOf();
    reader.rest = headerFrame(nested(2), 9);
    expect(reader.recvFrame()).toMatchObject({ id: 60, channel: 7, size: 9, fields: { headers: { deep: [[true]] } } });
  });

  test.each([20_000, 9_000])('that is nested %i deep is read without them, and the frame after it is read', (depth) => {
    const reader = readerOf();
    const deep = headerFrame(nested(depth), 9);
    const bytes = Buffer.concat([deep, headerFrame(nested(1), 3)]);
    // In two pieces, as a socket gives it.
    reader.rest = bytes.subarray(0, 12);
    reader.stream.write(bytes.subarray(12));
    const frame = reader.recvFrame();
    expect(frame).toMatchObject({ id: 60, channel: 7, size: 9 });
    expect(reader.recvFrame()).toMatchObject({ size: 3, fields: { headers: { deep: [true] } } });
  });

  test('that is no frame ends the connection, as before', () => {
    const reader = readerOf();
    const broken = headerFrame(nested(1), 9);
    broken[broken.length - 1] = 0;
    reader.rest = broken;
    expect(() => reader.recvFrame()).toThrow('Invalid frame');
  });
});

test('a message that came without its headers is a letter with its bytes, which says so', () => {
  const properties = { headers: { [undecodableHeader]: 'Maximum call stack size exceeded' } } as unknown as MessageProperties;
  expect(letterFromMessage({ content: Buffer.from('x'), properties }, 1)).toMatchObject({
    category: 'unreadable',
    reason: "Its headers can't be read: Maximum call stack size exceeded",
    raw: { bytes: Buffer.from('x'), headers: {} },
  });
});
