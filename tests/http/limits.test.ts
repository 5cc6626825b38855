// Limits on the wire: how much a tenant may send and all tenants together, how large a body may be and how long a request may take.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPlatform, type PlatformProcess } from '../support/platform-process.ts';
import { exchange, openConnection, type RawResponse } from '../support/raw-connection.ts';
import { checkAnswer, type Expected } from './check.ts';
import { attributeHeaders, batch, binary, fromBroker, message, plain, withData, type Header } from './requests.ts';
import { writeSources } from './sources.ts';

const taken = { status: 200, outcome: 'skipped' } as const;

/** A platform for the tests of one `describe`; it has to be there, whole, at their end. */
const withPlatform = (settings: Readonly<Record<string, string>>): (() => PlatformProcess) => {
  const testing: { platform?: PlatformProcess } = {};
  const platform = (): PlatformProcess => {
    if (testing.platform === undefined) throw new Error('The platform is not there');
    return testing.platform;
  };
  beforeAll(async () => {
    testing.platform = await startPlatform(settings);
    await writeSources(platform().folder, []);
  });
  afterAll(async () => {
    expect(await platform().isAlive()).toBe(true);
    expect(platform().log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
    expect(await platform().stop()).toEqual([]);
  });
  return platform;
};

const from = (tenant: string, path = '/cloudevents'): Buffer =>
  binary({ path, attributes: { source: `network.notifi.${tenant}` } });

describe('a tenant that sends more than its limit', () => {
  const burst = 5;
  const platform = withPlatform({ TENANT_EVENTS_BURST: String(burst), TENANT_EVENTS_PER_MINUTE: '20' });
  const send = (bytes: Buffer): Promise<RawResponse> => exchange(platform().port, bytes);
  const flood = async (tenant: string): Promise<void> => {
    for (let sent = 0; sent < burst; sent++) checkAnswer(await send(from(tenant)), taken);
  };

  const refused = {
    status: 429,
    code: 'TENANT_RATE_LIMITED',
    headers: {
      'retry-after': expect.stringMatching(/^[1-9]\d*$/),
      'ratelimit-limit': String(burst),
      'ratelimit-remaining': '0',
      'ratelimit-reset': expect.stringMatching(/^[1-9]\d*$/),
    },
    body: { limit: 'tenant', retryable: true },
  } as const satisfies Expected;

  it('is answered 429, which says which limit it was, whose, and when to come back', async () => {
    await flood('flood');
    const response = await send(from('flood'));
    checkAnswer(response, refused);
    expect(response.json().detail).toContain('"flood"');
  });

  it('is told what is left before it is refused', async () => {
    const remaining = [];
    for (let sent = 0; sent < burst; sent++) remaining.push((await send(from('counted'))).headers['ratelimit-remaining']);
    expect(remaining).toEqual(['4', '3', '2', '1', '0']);
  });

  it('does not touch another tenant, although both come from one address', async () => {
    await flood('loud');
    const answers = await Promise.all([...Array.from({ length: 20 }, () => send(from('loud'))), send(from('quiet'))]);
    checkAnswer(answers.at(-1) as RawResponse, { ...taken, headers: { 'ratelimit-remaining': String(burst - 1) } });
    for (const response of answers.slice(0, -1)) checkAnswer(response, refused);
  });

  it('is 429 to a broker too, which brings the event again', async () => {
    await flood('brokered');
    checkAnswer(await send(from('brokered', fromBroker)), refused);
  });

  it('is told for each event of a batch, in its result', async () => {
    const event = { ...plain, source: 'network.notifi.batched' };
    const response = await send(batch(Array.from({ length: burst + 1 }, () => event)));
    const results = [
      ...Array.from({ length: burst }, () => ({ http_status: 200 })),
      { http_status: 429, code: 'TENANT_RATE_LIMITED', limit: 'tenant', retry_after_seconds: expect.any(Number) as unknown },
    ];
    checkAnswer(response, { status: 207, body: results });
  });

  it('has a limit of its own, whatever it is called', async () => {
    await flood('constructor');
    checkAnswer(await send(from('constructor')), refused);
    await flood('toString');
  });

  it('is taken again once it has waited as long as it was told', async () => {
    await flood('patient');
    const response = await send(from('patient'));
    checkAnswer(response, refused);
    await sleep(Number(response.headers['retry-after']) * 1000 + 250);
    checkAnswer(await send(from('patient')), taken);
  });
});

describe('all tenants together over the limit', () => {
  const platform = withPlatform({ GLOBAL_EVENTS_BURST: '3', GLOBAL_EVENTS_PER_SECOND: '1' });

  it.each([
    ['client', '/cloudevents'],
    ['broker', fromBroker],
  ])('are answered 429 with the limit, as a %s', async (_who, path) => {
    const answers = await Promise.all(
      ['a', 'b', 'c', 'd', 'e', 'f'].map((tenant) => exchange(platform().port, from(tenant, path))),
    );
    const last = answers.find(({ status }) => status !== 200);
    checkAnswer(last as RawResponse, {
      status: 429,
      code: 'GLOBAL_RATE_LIMITED',
      headers: { 'ratelimit-limit': '3', 'ratelimit-remaining': '0', 'retry-after': '1' },
      body: { limit: 'global' },
    });
  });
});

describe('more builds than there is room for', () => {
  const platform = withPlatform({
    PACKING_BURST: '2',
    PACKING_PER_MINUTE: '1',
    PACKING_WAIT_SECONDS: '1',
    MAX_QUEUED_JOBS: '1',
    JOB_STARTS_BURST: '1',
    JOB_STARTS_PER_MINUTE: '1',
  });
  const start = (subject: string, s3_key: string, path = '/cloudevents'): Promise<RawResponse> =>
    exchange(platform().port, withData('build.start', { s3_key }, { path, attributes: { id: subject, subject } }));

  it('are queued, then answered 429, and 503 where a context had to be packed, to a client and to a broker alike', async () => {
    checkAnswer(await start('one', 'parsers/plain.js'), { status: 202, outcome: 'begun' });
    // The same source: its context is packed already.
    checkAnswer(await start('two', 'parsers/plain.js'), { status: 202, outcome: 'begun' });
    const full = { status: 429, code: 'QUEUE_FULL', headers: { 'retry-after': expect.any(String) } } as const;
    checkAnswer(await start('three', 'parsers/plain.js'), full);
    checkAnswer(await start('three', 'parsers/plain.js', fromBroker), full);
    checkAnswer(await start('four', 'parsers/echo.js'), full);
    const busy = { status: 503, code: 'PACKING_BUSY', headers: { 'retry-after': '5' }, body: { limit: 'packing' } } as const;
    checkAnswer(await start('five', 'parsers/'), busy);
    checkAnswer(await start('five', 'parsers/', fromBroker), busy);
  });
});

const limitBytes = 4096;

describe('a body', () => {
  const platform = withPlatform({ BODY_LIMIT_BYTES: String(limitBytes) });
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

  it('over the limit that keeps coming is not read for ever', async () => {
    const connection = await openConnection(platform().port);
    try {
      await connection.write(
        binary({ headers: [['Transfer-Encoding', 'chunked']] })
          .toString()
          .replace('Content-Length: 0\r\n', ''),
      );
      for (let sent = 0; sent < 100; sent++) await connection.write(`1000\r\n${'x'.repeat(4096)}\r\n`);
      checkAnswer(await connection.response(), tooLarge);
      expect(await connection.isClosed()).toBe(true);
    } finally {
      connection.destroy();
    }
  });
});

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
