import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isAbsoluteUri, isUriReference } from '../../../src/core/uri.ts';
import { absoluteUris, uriReferences } from './arbitraries.ts';

describe('a URI reference (RFC 3986, section 4.1)', () => {
  it('is everything that the grammar builds', () => {
    fc.assert(fc.property(uriReferences, isUriReference), { numRuns: 2000 });
  });

  it.each(['', '.', '../up', './a:b', '/', '//', '///', 'a:', 'a:b:c', '?', '#', '?a#b', 'http://a:b@c:1/d;e=f?g=/?h#/?i'])(
    'is "%s"',
    (value) => {
      expect(isUriReference(value)).toBe(true);
    },
  );

  // The examples of RFC 3986, section 1.1.2.
  it.each([
    'ftp://ftp.is.co.za/rfc/rfc1808.txt',
    'http://www.ietf.org/rfc/rfc2396.txt',
    'ldap://[2001:db8::7]/c=GB?objectClass?one',
    'mailto:John.Doe@example.com',
    'news:comp.infosystems.www.servers.unix',
    'tel:+1-816-555-1212',
    'telnet://192.0.2.16:80/',
    'urn:oasis:names:specification:docbook:dtd:xml:4.1.2',
  ])('is the absolute URI %s, too', (value) => {
    expect(isUriReference(value)).toBe(true);
    expect(isAbsoluteUri(value)).toBe(true);
  });

  it('is whatever the URL parser of the platform reads without changing it', () => {
    fc.assert(fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), isUriReference), { numRuns: 500 });
  });

  it('never holds a character that RFC 3986 has no place for', () => {
    fc.assert(
      fc.property(uriReferences, fc.constantFrom(...Array.from(' "<>\\^`{|}\u00e9\n\0%')), fc.nat(), (value, foreign, at) => {
        const place = at % (value.length + 1);
        fc.pre(!value.slice(0, place).endsWith('%') && !(foreign === '%' && /^[0-9a-f]{2}/i.test(value.slice(place))));
        return !isUriReference(value.slice(0, place) + foreign + value.slice(place));
      }),
      { numRuns: 1000 },
    );
  });

  it('is judged in time that grows with its length, so a long hostile one holds nobody up', () => {
    const started = performance.now();
    for (const part of ['a', '/a', '%41', ':', '@', '//', '/a:', '[:']) {
      expect(isUriReference(`${part.repeat(8000 / part.length)} `)).toBe(false);
      expect(isAbsoluteUri(`a:${part.repeat(8000 / part.length)} `)).toBe(false);
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('an absolute URI (RFC 3986, section 4.3)', () => {
  it('is everything that the grammar builds, and loses that when a fragment follows', () => {
    fc.assert(
      fc.property(absoluteUris, (value) => isAbsoluteUri(value) && isUriReference(value) && !isAbsoluteUri(`${value}#part`)),
      { numRuns: 2000 },
    );
  });

  it.each(['', '/path', '//host', 'relative', '1a:b', ':a', '?a:b'])('is not "%s"', (value) => {
    expect(isAbsoluteUri(value)).toBe(false);
  });
});
