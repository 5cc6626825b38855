import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { challengeOf } from '../../../../src/adapters/registry/challenge.ts';

describe('what a registry asks for', () => {
  it.each([
    [
      'Bearer realm="https://auth.example/token",service="r"',
      { scheme: 'bearer', realm: 'https://auth.example/token', service: 'r' },
    ],
    [
      'bearer service="a \\"b\\"" , scope=a , Realm = "https://auth.example/t"',
      { scheme: 'bearer', realm: 'https://auth.example/t', service: 'a "b"' },
    ],
    ['Basic realm="x", Bearer realm="https://a/t"', { scheme: 'bearer', realm: 'https://a/t' }],
    ['Negotiate, Basic realm="Bearer realm=no"', { scheme: 'basic' }],
    ['Bearer service="r"', undefined],
    ['Bearer realm="not a URL"', undefined],
    ['', undefined],
    [null, undefined],
  ])('%s', (header, expected) => {
    const found = challengeOf(header);
    expect(found?.scheme === 'bearer' ? { ...found, realm: found.realm.href } : found).toEqual(expected);
  });

  it('is not looked for in a header that is longer than any in good faith', () => {
    expect(challengeOf(`Negotiate x="${'x'.repeat(9_000)}", Basic realm="r"`)).toBeUndefined();
  });

  it('is found or not, in time, whatever the header is', () => {
    const piece = fc.constantFrom('Bearer', 'Basic', 'realm', '=', '"', '\\', ',', ' ', 'https://a/t', 'x');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 200 }), (pieces) => {
        const begun = performance.now();
        challengeOf(pieces.join(''));
        expect(performance.now() - begun).toBeLessThan(200);
      }),
    );
  });
});
