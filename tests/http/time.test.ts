// How long a request may take to arrive.
import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, openConnection, type RawResponse } from '../support/raw-connection.ts';
import { checkAnswer } from './check.ts';
import { binary, fromBroker } from './requests.ts';
import { withPlatform } from './with-platform.ts';

const taken = { status: 200, outcome: 'skipped' } as const;

describe('a request that takes its time', () => {
  const platform = withPlatform({ REQUEST_TIMEOUT_SECONDS: '1' });
  const slow = { status: 503, code: 'SLOW_REQUEST', headers: { 'retry-after': '1', connection: 'close' } } as const;
  const whole = binary({ body: `{"reason":"${' '.repeat(100)}"}` }).toString();

  /** Some of it, then a byte now and then, which must not win it more time. */
  const drip = async (begin: string, then: string): Promise<RawResponse> => {
    const connection = await openConnection(platform().port);
    const dripping = { on: true };
    try {
      await connection.write(begin);
      const rest = (async () => {
        for (let at = 0; dripping.on; at++) {
          await sleep(200);
          await connection.write(then.charAt(at % then.length));
        }
      })();
      const response = await connection.response();
      dripping.on = false;
      await rest;
      expect(await connection.isClosed()).toBe(true);
      return response;
    } finally {
      connection.destroy();
    }
  };

  it.each([
    ['in its request line', 'POST /cloud', 'e'],
    ['in its headers', 'POST /cloudevents HTTP/1.1\r\nHost: x\r\nce-id: ', 'a'],
    ['in a header that never ends', whole.slice(0, whole.indexOf('Content-Length')), 'X'],
    ['in its body', whole.slice(0, -100), ' '],
    ['in its body, from a broker', whole.replace('/cloudevents', fromBroker).slice(0, -100), ' '],
    ['in its chunks', whole.slice(0, whole.indexOf('Content-Length')) + 'Transfer-Encoding: chunked\r\n\r\n', '0'],
  ])('%s is answered 503, and may come again', async (_where, begin, then) => {
    checkAnswer(await drip(begin, then), slow);
  });

  it('does not keep others waiting', async () => {
    const slowOnes = await Promise.all(Array.from({ length: 20 }, () => openConnection(platform().port)));
    await Promise.all(slowOnes.map((connection) => connection.write(whole.slice(0, -1))));
    checkAnswer(await exchange(platform().port, binary()), taken);
    const closed = await Promise.all(slowOnes.map((connection) => connection.isClosed()));
    for (const connection of slowOnes) connection.destroy();
    expect(closed.every(Boolean)).toBe(true);
  });

  it('is closed when it sends nothing at all', async () => {
    const connection = await openConnection(platform().port);
    expect(await connection.isClosed()).toBe(true);
    connection.destroy();
  });

  it('is answered after the ones before it on the same connection', async () => {
    const connection = await openConnection(platform().port);
    try {
      await connection.write(binary().toString() + whole.slice(0, -1));
      checkAnswer(await connection.response(), taken);
      checkAnswer(await connection.response(), slow);
      expect(await connection.isClosed()).toBe(true);
    } finally {
      connection.destroy();
    }
  });

  it.each([
    ['a body that is shorter than its length', whole.slice(0, -5)],
    [
      'a chunk that is shorter than its size',
      whole.slice(0, whole.indexOf('Content-Length')) + 'Transfer-Encoding: chunked\r\n\r\n5\r\n{}',
    ],
    ['headers without an end', whole.slice(0, 100)],
  ])('does not take %s for an event when its sender hangs up', async (_what, begin) => {
    const connection = await openConnection(platform().port);
    try {
      await connection.write(begin);
      connection.end();
      checkAnswer(await connection.response(), { status: 400, code: 'MALFORMED_REQUEST' });
      expect(await connection.isClosed()).toBe(true);
    } finally {
      connection.destroy();
    }
  });
});
