// What a registry may answer, in good faith or not.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { hash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialsInFile } from '../../../../src/adapters/registry/credentials.ts';
import { createRegistry, type RegistryOptions } from '../../../../src/adapters/registry/registry.ts';
import { answerWith, startFakeRegistry, type FakeRegistry, type Handler } from './fake-registry.ts';

let registry: FakeRegistry;
let other: FakeRegistry;

beforeEach(async () => {
  [registry, other] = await Promise.all([startFakeRegistry(), startFakeRegistry()]);
});
afterEach(async () => {
  await Promise.all([registry.close(), other.close()]);
});

const digest = `sha256:${'a'.repeat(64)}`;
const there = answerWith(200, { 'docker-content-digest': digest });
const john = { username: 'john', password: 'secret' };
const basicOfJohn = `Basic ${Buffer.from('john:secret').toString('base64')}`;

const find = (options: RegistryOptions = {}): Promise<string | undefined> =>
  createRegistry({ plainHttp: true, retryPausesMs: [1, 1], timeoutMs: 1_000, ...options }).findImage(
    `${registry.host}/team/functions:tag`,
  );

const refused = { code: 'REGISTRY_UNAVAILABLE', retryable: true };

describe('a registry without a door', () => {
  const afterHead =
    (handler: Handler): Handler =>
    (request, response) =>
      (request.method === 'HEAD' ? answerWith(405) : handler)(request, response);

  it('tells the digest of an image, asked for by one HEAD', async () => {
    registry.handle(there);
    expect(await find()).toBe(digest);
    expect(registry.requests).toEqual([{ method: 'HEAD', url: '/v2/team/functions/manifests/tag', authorization: undefined }]);
  });

  it('404 is an image that is not there', async () => {
    expect(await find()).toBeUndefined();
  });

  it.each([
    ['that does not answer HEAD', answerWith(405)],
    ['that tells no digest', answerWith(200)],
    ['that tells no digest of ours', answerWith(200, { 'docker-content-digest': 'sha256:../../x' })],
  ])('one %s is asked for the manifest itself, whose digest is computed', async (_, head) => {
    const manifest = '{"schemaVersion":2}';
    registry.handle((request, response) => (request.method === 'HEAD' ? head : answerWith(200, {}, manifest))(request, response));
    expect(await find()).toBe(`sha256:${hash('sha256', manifest)}`);
  });

  it('one that sends other bytes than it announced is not believed', async () => {
    registry.handle((request, response) =>
      (request.method === 'HEAD' ? answerWith(405) : answerWith(200, { 'docker-content-digest': digest }, '{}'))(
        request,
        response,
      ),
    );
    await expect(find()).rejects.toMatchObject(refused);
  });

  it('what may heal is tried again, so often as is set', async () => {
    let tries = 0;
    registry.handle((request, response) => (++tries < 3 ? answerWith(503) : there)(request, response));
    expect(await find()).toBe(digest);
    tries = -10;
    await expect(find()).rejects.toMatchObject(refused);
    expect(registry.requests).toHaveLength(6);
  });

  it.each<[string, Handler, string]>([
    ['a broken connection', (request) => request.socket.destroy(), 'does not answer'],
    ['silence', () => undefined, 'did not answer in time'],
    ['403', answerWith(403), 'answered 403'],
    ['an endless manifest', afterHead((_, response) => pour(response.writeHead(200))), 'is longer than'],
  ])('%s is "not now", within the time limit', async (_, handler, words) => {
    registry.handle(handler);
    const begun = Date.now();
    await expect(find()).rejects.toMatchObject({ ...refused, message: expect.stringContaining(words) as unknown });
    expect(Date.now() - begun).toBeLessThan(3_000);
  });

  it('a redirect is not followed', async () => {
    other.handle(there);
    registry.handle(answerWith(307, { location: `http://${other.host}/v2/team/functions/manifests/tag` }));
    await expect(find({ credentials: () => Promise.resolve(john) })).rejects.toMatchObject(refused);
    expect(other.requests).toEqual([]);
  });

  it.each([
    'nowhere',
    'host/Upper:tag',
    'host/name',
    'host/../name:tag',
    'host@evil/name:tag',
    'host/name:tag?x',
    'host/name@sha256:short',
    `host/${'a'.repeat(2_000)}:tag`,
  ])('a name that is none is not asked for: %s', async (name) => {
    await expect(createRegistry().findImage(name)).rejects.toThrow('is no name of an image');
  });
});

const pour = (response: Parameters<Handler>[1]): void => {
  const more = (): void => {
    while (response.write(Buffer.alloc(2 ** 16)));
  };
  response.on('drain', more);
  more();
};

describe('a registry with a door', () => {
  const token =
    (host: string, status = 200, body: unknown = { token: 'the-token', expires_in: 300 }): Handler =>
    (request, response) => {
      if (request.url?.startsWith('/token') === true) answerWith(status, {}, JSON.stringify(body))(request, response);
      else if (request.headers.authorization === 'Bearer the-token') there(request, response);
      else
        answerWith(401, { 'www-authenticate': `Bearer realm="http://${host}/token",service="the registry"` })(request, response);
    };

  it('gives a token for the credentials, which is kept for the next question', async () => {
    registry.handle(token(registry.host));
    const asked = createRegistry({ plainHttp: true, credentials: () => Promise.resolve(john) });
    expect(await asked.findImage(`${registry.host}/team/functions:tag`)).toBe(digest);
    expect(await asked.findImage(`${registry.host}/team/functions:other`)).toBe(digest);
    expect(registry.requests).toMatchObject([
      { authorization: undefined },
      { url: '/token?service=the+registry&scope=repository%3Ateam%2Ffunctions%3Apull', authorization: basicOfJohn },
      { authorization: 'Bearer the-token' },
      { url: '/v2/team/functions/manifests/other', authorization: 'Bearer the-token' },
    ]);
  });

  it('gives one to strangers too, if it wants', async () => {
    registry.handle(token(registry.host));
    expect(await find()).toBe(digest);
    expect(registry.requests[1]?.authorization).toBeUndefined();
  });

  it('a token that is no longer taken is asked for anew', async () => {
    registry.handle(token(registry.host));
    const asked = createRegistry({ plainHttp: true, retryPausesMs: [] });
    const name = `${registry.host}/team/functions:tag`;
    await asked.findImage(name);
    registry.handle((request, response) =>
      request.headers.authorization === 'Bearer the-token'
        ? answerWith(401, { 'www-authenticate': 'Basic realm="x"' })(request, response)
        : answerWith(500)(request, response),
    );
    await expect(asked.findImage(name)).rejects.toMatchObject(refused);
    registry.handle(token(registry.host));
    expect(await asked.findImage(name)).toBe(digest);
  });

  it('credentials do not go where a challenge sends them, unless the operator named that host', async () => {
    registry.handle(token(other.host));
    other.handle(token(other.host));
    await expect(find({ credentials: () => Promise.resolve(john) })).rejects.toMatchObject(refused);
    expect(other.requests).toEqual([]);
    expect(await find({ credentials: () => Promise.resolve(john), tokenHosts: [other.host] })).toBe(digest);
    expect(other.requests).toMatchObject([{ authorization: basicOfJohn }]);
  });

  it.each([
    ['no token', 200, {}, 'no token'],
    ['a token that breaks a header', 200, { token: 'a\r\nhost: evil' }, 'no token'],
    ['no JSON', 200, 'x', 'no token'],
    ['a refusal', 403, { token: 'the-token' }, 'answered 403'],
    ['too much', 200, { token: 'x'.repeat(100_000) }, 'is longer than'],
  ])('%s from the token server is "not now"', async (_, status, body, words) => {
    registry.handle(token(registry.host, status, body));
    await expect(find()).rejects.toMatchObject({ ...refused, message: expect.stringContaining(words) as unknown });
  });

  it('a token is used as long as it is valid, and no longer', async () => {
    registry.handle(token(registry.host));
    let now = 0;
    const asked = createRegistry({ plainHttp: true, now: () => now });
    const tokensAskedFor = async (): Promise<number> => {
      await asked.findImage(`${registry.host}/team/functions:tag`);
      return registry.requests.filter(({ url }) => url.startsWith('/token')).length;
    };
    expect(await tokensAskedFor()).toBe(1);
    now = 289_000;
    expect(await tokensAskedFor()).toBe(1);
    now = 291_000;
    expect(await tokensAskedFor()).toBe(2);
  });

  it('asks for the password itself, as ECR does, which is read from the file that holds it now', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-'));
    const path = join(folder, 'config.json');
    const write = (password: string, host = registry.host): Promise<void> =>
      writeFile(
        path,
        JSON.stringify({
          auths: { [`https://${host}/v1/`]: { auth: Buffer.from(`AWS:${password}`).toString('base64') } },
        }),
      );
    registry.handle((request, response) =>
      (request.headers.authorization === `Basic ${Buffer.from('AWS:new:er').toString('base64')}`
        ? there
        : answerWith(401, { 'www-authenticate': 'Basic realm="https://ecr"' }))(request, response),
    );
    const asked = createRegistry({ plainHttp: true, credentials: credentialsInFile(path), retryPausesMs: [] });
    await write('old');
    await expect(asked.findImage(`${registry.host}/team/functions:tag`)).rejects.toMatchObject(refused);
    await write('new:er', 'other.example');
    await expect(asked.findImage(`${registry.host}/team/functions:tag`)).rejects.toMatchObject({
      message: expect.stringContaining('there are none') as unknown,
    });
    await write('new:er');
    expect(await asked.findImage(`${registry.host}/team/functions:tag`)).toBe(digest);
    await rm(path);
    await expect(find({ credentials: credentialsInFile(path) })).rejects.toMatchObject(refused);
    await rm(folder, { recursive: true });
  });

  it('is Docker Hub, whose credentials stand under the name that `docker login` writes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'registry-'));
    const path = join(folder, 'config.json');
    await writeFile(path, JSON.stringify({ auths: { 'https://index.docker.io/v1/': john } }));
    expect(await credentialsInFile(path)('docker.io')).toEqual(john);
    expect(await credentialsInFile(path)('docker.io.example.com')).toBeUndefined();
    await rm(folder, { recursive: true });
  });

  it('asks for what is not understood', async () => {
    registry.handle(answerWith(401, { 'www-authenticate': 'Negotiate' }));
    await expect(find()).rejects.toMatchObject({ ...refused, message: expect.stringContaining('not understood') as unknown });
  });
});
