// The door on the wire: one process, every case over a socket of its own. It has to answer each of them as the contract says and be
// there afterwards, as it was before.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openFiles, peakMemory, untilNothing } from '../support/leaks.ts';
import { startPlatform, type PlatformProcess } from '../support/platform-process.ts';
import { exchange, openConnection, type RawResponse } from '../support/raw-connection.ts';
import { archives, bombs, type ArchiveCase } from './cases/archives.ts';
import { attributes, duplicates, extensions } from './cases/attributes.ts';
import { readable, unreadable } from './cases/broker-delivery.ts';
import { completions, type Build } from './cases/completions.ts';
import { batches, contentModes } from './cases/content-modes.ts';
import { eventData } from './cases/event-data.ts';
import { framing } from './cases/framing.ts';
import { headerValues } from './cases/header-values.ts';
import { hostileIds } from './cases/hostile-ids.ts';
import { identity } from './cases/identity.ts';
import { ids } from './cases/ids.ts';
import { echo, invocation, startEcho } from './cases/invocation.ts';
import { mediaTypes } from './cases/media-types.ts';
import { prototypeKeys } from './cases/prototype-keys.ts';
import { handshake, routes } from './cases/routes.ts';
import { sourceKeys } from './cases/source-keys.ts';
import { structuredData } from './cases/structured-data.ts';
import { transfer } from './cases/transfer.ts';
import { understood } from './cases/understood.ts';
import { checkAnswer, describeCases, type Expected } from './check.ts';
import { binary, request, withData } from './requests.ts';
import { writeSources } from './sources.ts';

const testing: { platform?: PlatformProcess } = {};
const platform = (): PlatformProcess => {
  if (testing.platform === undefined) throw new Error('The platform is not there');
  return testing.platform;
};

const get = (path: string) => exchange(platform().port, request({ method: 'GET', path }));

const untilReady = async (tenant: string, name: string): Promise<void> => {
  for (;;) {
    const response = await get(`/functions/${tenant}/${name}`);
    if (response.status === 200 && response.json().ready === true) return;
    await sleep(100);
  }
};

const sockets = async (): Promise<string[]> => (await openFiles(platform().pid)).filter((file) => file.startsWith('socket:'));

let socketsBefore = 0;

beforeAll(async () => {
  testing.platform = await startPlatform();
  await writeSources(platform().folder, [...archives, ...bombs]);
  checkAnswer(await exchange(platform().port, startEcho), { status: 202, outcome: 'begun' });
  await untilReady(echo.tenant, echo.name);
  socketsBefore = (await sockets()).length;
});

afterAll(async () => {
  expect(await platform().stop()).toEqual([]);
});

describeCases('the content mode of a request', platform, contentModes);
describeCases('a batch', platform, batches);
describeCases('an attribute', platform, attributes);
describeCases('an attribute that is given twice', platform, duplicates);
describeCases('an extension', platform, extensions);
describeCases('a header value', platform, headerValues);
describeCases('a media type', platform, mediaTypes);
describeCases('data', platform, structuredData);
describeCases('a name that every object has', platform, prototypeKeys);
describeCases('an id', platform, hostileIds);
describeCases('a source key', platform, sourceKeys);
describeCases('whose function an event is about', platform, identity);
describeCases('the data of an event type', platform, eventData);
describeCases('a transfer', platform, transfer);
describeCases('a route', platform, routes);
describeCases('the webhook handshake', platform, handshake);
describeCases('the ids of a request', platform, ids);
describeCases('a function that is run by a request', platform, invocation);

describe('a completion', () => {
  it.each(completions)('%s', async (_sentence, bytes, expected) => {
    const { builds } = (await get(`/builds?parser_id=${echo.name}`)).json() as { builds: [Build & object] };
    const [{ build_id, job_name, image_uri, image_digest, content_hash }] = builds;
    const build = { build_id, job_name, image_uri, image_digest, content_hash };
    checkAnswer(await exchange(platform().port, bytes(build)), expected);
  });
});

const rejectedType = 'network.notifi.lambda.event.rejected';

describe('an event that a broker delivered', () => {
  it.each(understood)('%s', async (_sentence, bytes, original) => {
    const response = await exchange(platform().port, bytes);
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({ 'ce-type': rejectedType, 'ce-specversion': '1.0', 'ce-causationid': original.id });
    expect(response.json()).toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
    expect(response.json().original).toEqual(original);
  });

  it.each([...readable, ...unreadable])('%s', async (_sentence, bytes, { original, body, headers, ...rejected }) => {
    const [response, again] = [await exchange(platform().port, bytes), await exchange(platform().port, bytes)];
    const data = response.json();
    expect(response.status).toBe(200);
    expect(response.headers).toMatchObject({
      'ce-type': rejectedType,
      'content-type': 'application/json',
      'ce-correlationid': expect.any(String) as unknown,
    });
    expect(data).toMatchObject({ ...rejected, retryable: false, message: expect.any(String) as unknown });
    if (original !== undefined) expect(data.original).toMatchObject(original);
    else expect(data.original_base64).toBe(Buffer.from(body ?? '').toString('base64'));
    expect(data.original_headers).toEqual(headers);
    // The same delivery is the same rejection, whoever retries it; another one is another.
    expect(again.headers['ce-id']).toBe(response.headers['ce-id']);
  });

  it('is a rejection of its own for each that can not be read, so that no dead letter replaces another', async () => {
    const rejections = await Promise.all(unreadable.map(([, bytes]) => exchange(platform().port, bytes)));
    expect(new Set(rejections.map(({ headers }) => headers['ce-id'])).size).toBe(unreadable.length);
  });
});

describe('the framing of requests', () => {
  it.each(framing)('%s', async (_sentence, bytes, answers) => {
    const connection = await openConnection(platform().port);
    try {
      await connection.write(bytes);
      for (const expected of answers) {
        const response = await connection.response();
        checkAnswer(response, expected);
        expect(response.body.toString()).not.toContain('smuggled');
      }
      expect(await connection.isClosed()).toBe(true);
      expect(connection.unread().toString('latin1')).toBe('');
    } finally {
      connection.destroy();
    }
  });
});

const readArchive = ({ key }: ArchiveCase, withinMs = 50_000): Promise<RawResponse> =>
  exchange(platform().port, withData('build.start', { s3_key: key, content_hash: 'a'.repeat(64) }), { withinMs });

/** An archive that is taken is not the one that the event asks for. */
const refusalOf = ({ refused }: ArchiveCase): Expected =>
  refused === undefined
    ? { status: 422, code: 'CONTENT_HASH_MISMATCH', field: 'data.content_hash' }
    : { ...refused, field: 's3_key' };

describe('many events on one connection, sent at once', () => {
  it('are answered in their order', async () => {
    const names = Array.from({ length: 500 }, (_, index) => `wire-${index}`);
    const connection = await openConnection(platform().port);
    try {
      await connection.write(Buffer.concat(names.map((subject) => binary({ attributes: { subject } }))));
      const answered: unknown[] = [];
      while (answered.length < names.length) answered.push((await connection.response()).json().parser_id);
      expect(answered).toEqual(names);
    } finally {
      connection.destroy();
    }
  });
});

describe('a source that is an archive', () => {
  it.each(archives)('$sentence', async (archive) => {
    checkAnswer(await readArchive(archive), refusalOf(archive));
  });
});

describe('an archive that is a bomb, among others', () => {
  const answers = new Map<ArchiveCase, Promise<RawResponse>>();
  const waits: number[] = [];

  beforeAll(async () => {
    for (const bomb of bombs) answers.set(bomb, readArchive(bomb, 110_000));
    const all = Promise.allSettled(answers.values());
    while ((await Promise.race([all, sleep(100, 'going on')])) === 'going on') {
      const begun = performance.now();
      checkAnswer(await exchange(platform().port, binary()), { status: 200, outcome: 'skipped' });
      waits.push(performance.now() - begun);
    }
  }, 120_000);

  it.each(bombs)('$sentence', async (bomb) => {
    const answer = await answers.get(bomb);
    if (answer !== undefined) checkAnswer(answer, refusalOf(bomb));
    expect(answer).toBeDefined();
  });

  it('does not keep other events waiting', () => {
    expect(waits.length).toBeGreaterThan(0);
    // Most of it is the machine's: here two cores do everything at once.
    expect(Math.max(...waits)).toBeLessThan(5_000);
  });
});

describe('after all of it', () => {
  it('is the same process, alive and ready', async () => {
    expect(await platform().isAlive()).toBe(true);
    expect((await get('/healthz')).status).toBe(200);
    expect((await get('/readyz')).status).toBe(200);
  });

  it('has found nothing broken in itself', () => {
    expect(platform().log.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });

  it('has logged no secret, and measured nobody by name', async () => {
    expect(JSON.stringify(platform().log)).not.toContain('Bearer secret');
    const { status, body } = await get('/metrics');
    expect(status).toBe(200);
    expect(body.toString()).not.toMatch(/acme|wire|smuggled|constructor|evil/);
  });

  it('holds no connection of anybody who has gone', async () => {
    const left = await untilNothing(async () => (await sockets()).slice(socketsBefore));
    expect(left).toEqual([]);
  });

  it('has given back every spool, and every file in it', async () => {
    expect(await readdir(join(platform().folder, 'data', 'spool'))).toEqual([]);
    expect((await openFiles(platform().pid)).filter((file) => file.includes('/spool/') || file.includes('/sources/'))).toEqual(
      [],
    );
  });

  it('has written nothing beside its data', async () => {
    expect((await readdir(platform().folder)).sort()).toEqual(['data', 'outside.js', 'sources']);
    const names = await readdir(join(platform().folder, 'data'), { recursive: true });
    expect(names.filter((name) => /[^\w./@%-]|(^|\/)\.\.?(\/|$)|evil|smuggled/.test(name))).toEqual([]);
  });

  it('has not grown with what it was sent', async () => {
    expect(await peakMemory(platform().pid)).toBeLessThan(700 * 2 ** 20);
  });
});
