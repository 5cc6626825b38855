// How large a body may be.
import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFiles, untilNothing } from '../support/leaks.ts';
import { exchange, openConnection } from '../support/raw-connection.ts';
import { checkAnswer } from './check.ts';
import { attributeHeaders, batch, binary, fromBroker, message, plain, type Header } from './requests.ts';
import { withPlatform } from './with-platform.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const limitBytes = 4096;

describe('a body', () => {
  const platform = withPlatform({ BODY_LIMIT_BYTES: String(limitBytes) });
  const sockets = async (): Promise<string[]> => (await openFiles(platform().pid)).filter((file) => file.startsWith('socket:'));
  const tooLarge = { status: 413, code: 'BODY_TOO_LARGE', field: 'body', headers: { connection: 'close' } } as const;
  const large = `{"a":"${'x'.repeat(limitBytes)}"}`;
  const chunked = (target: string): Buffer => {
    const headers: Header[] = [['Host', 'x'], ...attributeHeaders(plain), ['Transfer-Encoding', 'chunked']];
    return message(`POST ${target} HTTP/1.1`, headers, `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`);
  };

  it.each([
    ['of the limit is taken', binary({ body: `{"a":"${'x'.repeat(limitBytes - 8)}"}` }), taken],
    ['over the limit is refused', binary({ body: large }), tooLarge],
    ['over the limit is refused when its length is not told', chunked('/cloudevents'), tooLarge],
    ['over the limit is refused wherever events are taken', binary({ path: '/', body: large }), tooLarge],
    ['over the limit is refused for a function', binary({ path: '/functions/acme/wire/invoke', body: large }), tooLarge],
    ['over the limit is refused for a batch', batch([{ ...plain, data: large }]), tooLarge],
  ] as const)('%s', async (_sentence, bytes, expected) => {
    checkAnswer(await exchange(platform().port, bytes), expected);
  });

  it('over the limit is refused by its length alone, before any of it is sent', async () => {
    const headers: Header[] = [['Host', 'x'], ...attributeHeaders(plain), ['Content-Length', '999999999999']];
    checkAnswer(await exchange(platform().port, message('POST /cloudevents HTTP/1.1', headers)), tooLarge);
  });

  it.each([binary({ path: fromBroker, body: large }), chunked(fromBroker)])(
    'over the limit, from a broker, is rejected with all that is known of it, because a broker would drop it',
    async (bytes) => {
      const response = await exchange(platform().port, bytes);
      expect(response.status).toBe(200);
      expect(response.headers).toMatchObject({ 'ce-type': 'network.notifi.lambda.event.rejected', connection: 'close' });
      const headers = { 'ce-id': plain.id, 'ce-source': plain.source, 'ce-type': plain.type };
      expect(response.json()).toMatchObject({ code: 'BODY_TOO_LARGE', original_base64: '', original_headers: headers });
    },
  );

  it('over the limit that keeps coming is refused where its sender can read it, although it reads only when all is sent', async () => {
    const connection = await openConnection(platform().port);
    connection.pause();
    try {
      await connection.write(
        message('POST /cloudevents HTTP/1.1', [['Host', 'x'], ...attributeHeaders(plain), ['Transfer-Encoding', 'chunked']]),
      );
      for (let sent = 0; sent < 100; sent++) await connection.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
      connection.resume();
      checkAnswer(await connection.response(), tooLarge);
      expect(await connection.isClosed()).toBe(true);
    } finally {
      connection.destroy();
    }
  });

  it('over the limit that never ends is read no more after a moment', async () => {
    // Before the connection: a busy server accepts it only a moment after it is open here.
    const before = new Set(await sockets());
    const connection = await openConnection(platform().port);
    try {
      await connection.write(
        message('POST /cloudevents HTTP/1.1', [['Host', 'x'], ...attributeHeaders(plain), ['Content-Length', '999999999999']]),
      );
      checkAnswer(await connection.response(), tooLarge);
      const gone = untilNothing(async () => (await sockets()).filter((socket) => !before.has(socket)));
      for (let sent = 0; sent < 20; sent++) {
        await connection.write('x'.repeat(4096));
        await sleep(100);
      }
      expect(await gone).toEqual([]);
    } finally {
      connection.destroy();
    }
  });
});
