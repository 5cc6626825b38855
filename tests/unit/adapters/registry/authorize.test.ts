// Where credentials may go, and how long a token is believed.
import { describe, expect, it } from '@jest/globals';
import { authorize, type Authorization, type TokenOptions } from '../../../../src/adapters/registry/authorize.ts';
import { imageReference } from '../../../../src/adapters/registry/image-reference.ts';

const john = { username: 'john', password: 'secret' };

const ask = async (
  realm: string,
  options: Partial<TokenOptions> = {},
  answer: object = { token: 't' },
): Promise<Authorization | number> => {
  let asked = 0;
  const defaults: TokenOptions = {
    host: 'registry.example',
    tokenHosts: ['auth.example'],
    plainHttp: false,
    fetch: () => {
      asked++;
      return Promise.resolve({ status: 200, headers: new Headers(), body: Buffer.from(JSON.stringify(answer)) });
    },
    signal: new AbortController().signal,
    now: () => 1_000_000,
  };
  try {
    return await authorize({ scheme: 'bearer', realm: new URL(realm) }, 'repo', john, { ...defaults, ...options });
  } catch {
    return asked;
  }
};

describe('a token server', () => {
  it.each(['https://registry.example/token', 'https://auth.example/token?x=1'])('%s is asked', async (realm) => {
    expect(await ask(realm)).toMatchObject({ header: 'Bearer t' });
  });

  it.each([
    'http://registry.example/token',
    'https://registry.example:444/token',
    'https://registry.example.evil/token',
    'https://auth.example@evil/token',
    'https://john@registry.example/token',
    'https://:x@registry.example/token',
    'file:///etc/passwd',
  ])('%s is not', async (realm) => {
    expect(await ask(realm)).toBe(0);
  });

  it('without TLS is asked by a registry without TLS only', async () => {
    expect(await ask('http://registry.example/token', { plainHttp: true })).toMatchObject({ header: 'Bearer t' });
    expect(await ask('ftp://registry.example/token', { plainHttp: true })).toBe(0);
  });

  it.each([
    [undefined, 50],
    [-5, 50],
    ['300', 50],
    [300, 290],
    [1e9, 3_590],
  ])('that says its token is valid for %s seconds is believed for %s', async (expires_in, seconds) => {
    const authorization = await ask('https://registry.example/token', {}, { access_token: 't', expires_in });
    expect(authorization).toMatchObject({ validUntil: 1_000_000 + seconds * 1000 });
  });
});

it('Docker Hub serves its images from another host than they are named by', () => {
  expect(imageReference('docker.io/library/busybox:1')).toMatchObject({ host: 'docker.io', server: 'registry-1.docker.io' });
  expect(imageReference('ghcr.io/a/b:1')).toMatchObject({
    host: 'ghcr.io',
    server: 'ghcr.io',
    repository: 'a/b',
    reference: '1',
  });
});
