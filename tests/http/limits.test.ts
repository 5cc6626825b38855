// Limits on the wire: how much a tenant may send, all tenants together, and how many builds wait.
import { describe, expect, it } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchange, type RawResponse } from '../support/raw-connection.ts';
import { checkAnswer, type Expected } from './check.ts';
import { batch, binary, fromBroker, plain, withData } from './requests.ts';
import { withPlatform } from './with-platform.ts';

const taken = { status: 200, outcome: 'skipped' } as const;

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
