import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attributesOf, cloudEvent, isSameEvent, type AttributeValue } from '../../../src/core/cloudevent.ts';
import { absoluteUris, cloudEvents, extensionNames, texts, timestamps, uriReferences } from './arbitraries.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const minimal: Record<string, AttributeValue> = { specversion: '1.0', id: '1', source: '/s', type: 't' };
const withAttributes = (extra: Record<string, AttributeValue>) => cloudEvent(Object.entries({ ...minimal, ...extra }), undefined);
const refused = (extra: Record<string, AttributeValue>) => codeAndField(() => withAttributes(extra));

describe('the required attributes', () => {
  it('are enough for an event, which then has no data and no extensions', () => {
    expect(withAttributes({})).toEqual({ specversion: '1.0', id: '1', source: '/s', type: 't', extensions: {} });
  });

  it.each(['specversion', 'id', 'source', 'type'])(
    'must all be there, so an event without %s is refused by that name',
    (name) => {
      const entries = Object.entries(minimal).filter(([key]) => key !== name);
      expect(codeAndField(() => cloudEvent(entries, undefined))).toEqual({ code: 'MISSING_ATTRIBUTE', field: name });
    },
  );

  it.each(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'])(
    'and the optional ones are refused when empty, as %s is here',
    (name) => {
      expect(refused({ [name]: '' })).toEqual({ code: 'INVALID_ATTRIBUTE', field: name });
    },
  );

  it.each(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'])(
    'and the optional ones are strings, so a number or a boolean for %s is refused and not converted',
    (name) => {
      expect(refused({ [name]: 1 })).toEqual({ code: 'INVALID_ATTRIBUTE', field: name });
      expect(refused({ [name]: true })).toEqual({ code: 'INVALID_ATTRIBUTE', field: name });
    },
  );

  it.each(['0.3', '1', '1.0.2', '1.1', '2.0', '9.9', '01.0', ' 1.0', '1.0 ', 'v1.0'])(
    'name a version that is not spoken here with "%s", which is refused rather than read as 1.0',
    (specversion) => {
      expect(refused({ specversion })).toEqual({ code: 'UNSUPPORTED_SPECVERSION', field: 'specversion' });
    },
  );
});

describe('source', () => {
  it.each([
    'https://github.com/cloudevents',
    'mailto:cncf-wg-serverless@lists.cncf.io',
    'urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66',
    '/cloudevents/spec/pull/123',
    '/sensors/tn-1234567/alerts',
    '1-555-123-4567',
    'network.notifi.acme_corp',
    'test-cli',
    '//host:80/path',
    'https://[2001:db8::7]:443/apis',
    '?query',
    '#fragment',
    'a/b:c',
    'file:///etc/hosts',
    'http://',
    '/a%20b',
  ])('may be the URI reference "%s"', (source) => {
    expect(withAttributes({ source }).source).toBe(source);
  });

  it.each([
    ['a space', 'two words'],
    ['a percent sign that escapes nothing', '/a%zz'],
    ['a percent sign at its end', '/100%'],
    ['a letter outside of ASCII', '/é'],
    ['a backslash', 'C:\\temp'],
    ['an angle bracket', '<source>'],
    ['two fragments', '/a#b#c'],
    ['a colon in the first segment of a relative path', '1:2'],
    ['a scheme that begins with a digit', '3com:x'],
    ['nothing before the colon', ':path'],
    ['brackets outside of the host', '/a[0]'],
    ['an open bracket in the host', 'http://[::1'],
    ['a host in brackets that is no address', 'http://[host]/'],
    ['a port that is no number', 'http://host:port/'],
    ['two at signs before the host', 'http://a@b@c/'],
    ['a quotation mark', '/"a"'],
    ['a caret', 'a^b'],
    ['a vertical bar', 'a|b'],
    ['a brace', '{tenant}'],
  ])('is refused with %s, because RFC 3986 has no such reference', (_, source) => {
    expect(refused({ source })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'source' });
  });

  it('takes whatever the grammar of RFC 3986 builds', () => {
    fc.assert(
      fc.property(uriReferences, (source) => withAttributes({ source }).source === source),
      { numRuns: 1000 },
    );
  });
});

describe('dataschema', () => {
  it('takes every absolute URI', () => {
    fc.assert(
      fc.property(absoluteUris, (dataschema) => withAttributes({ dataschema }).dataschema === dataschema),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a path alone', '/schema'],
    ['a host without a scheme', '//example.com/schema'],
    ['a relative name', 'schema.json'],
    ['a fragment, which an absolute URI (RFC 3986, section 4.3) has not', 'https://example.com/schema#v1'],
    ['a space', 'https://example.com/my schema'],
  ])('is refused when it is %s', (_, dataschema) => {
    expect(refused({ dataschema })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'dataschema' });
  });
});

describe('datacontenttype', () => {
  it.each([
    'application/json',
    'APPLICATION/JSON',
    'text/xml;charset=utf-8',
    'text/plain; charset="utf-8"',
    'multipart/mixed; boundary="a;\\"b"; x=y',
    'application/vnd.api+json ; a=b',
    'application/json;',
    "a!#$&^_.+-'*`|~%/b",
  ])('may be the media type %s', (datacontenttype) => {
    expect(withAttributes({ datacontenttype }).datacontenttype).toBe(datacontenttype);
  });

  it.each([
    'json',
    'application/',
    '/json',
    'a/b/c',
    'a b/c',
    'text/plain; charset',
    'text/plain; charset=',
    'text/plain; a="b',
    'text/plain, text/html',
    'täxt/plain',
    'text/plain; a="é"',
    'text/plain; a="\\',
    'text/plain; a="b\\"',
  ])('is refused when it is %s, which RFC 2046 does not know', (datacontenttype) => {
    expect(refused({ datacontenttype })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'datacontenttype' });
  });

  it('is judged in time that grows with its length', () => {
    const started = performance.now();
    for (const tail of [' '.repeat(8000), ';a=b'.repeat(2000), `;a="${'\\\\'.repeat(3900)}`, '; '.repeat(4000)]) {
      expect(refused({ datacontenttype: `text/plain${tail}\u00e9` }).code).toBe('INVALID_ATTRIBUTE');
    }
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('time', () => {
  it('is kept as it was written', () => {
    fc.assert(fc.property(timestamps, (time) => withAttributes({ time }).time === time));
  });

  it('is refused when RFC 3339 does not know it', () => {
    expect(refused({ time: 'yesterday' })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'time' });
  });
});

describe('the characters of a value', () => {
  it('may be any that section 3.1 allows, in core and extension attributes alike', () => {
    fc.assert(
      fc.property(texts({ minLength: 1 }), (text) => {
        const event = withAttributes({ id: text, type: text, subject: text, extension: text });
        expect([event.id, event.type, event.subject, event.extensions.extension]).toEqual([text, text, text, text]);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['NUL', '\0'],
    ['a line feed', '\n'],
    ['the last of the C0 controls', '\u001f'],
    ['DEL', '\u007f'],
    ['the last of the C1 controls', '\u009f'],
    ['a lone high surrogate', '\ud800'],
    ['a lone low surrogate', '\udfff'],
    ['surrogates in the wrong order', '\udc00\ud800'],
    ['the first noncharacter', '\ufdd0'],
    ['U+FFFE', '\ufffe'],
    ['U+FFFF', '\uffff'],
    ['the last noncharacter', '\u{10ffff}'],
  ])('are refused when %s is among them, wherever the value stands', (_, character) => {
    for (const name of ['id', 'type', 'subject', 'source', 'someextension']) {
      expect(refused({ [name]: `a${character}b` })).toEqual({ code: 'INVALID_ATTRIBUTE', field: name });
    }
  });

  it('are at most 8192, because the next hop could not take a longer header', () => {
    expect(withAttributes({ subject: 'x'.repeat(8192) }).subject).toHaveLength(8192);
    expect(refused({ subject: 'x'.repeat(8193) })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'subject' });
    expect(refused({ extension: 'x'.repeat(8193) })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'extension' });
  });
});

describe('extensions', () => {
  it.each(['Upper', 'under_score', 'da-sh', 'dot.ted', 'ümlaut', '', ' ', '__proto__', 'hasOwnProperty', 'data_base64', 'a\n'])(
    'are refused under the name "%s", which is not lower-case letters and digits',
    (name) => {
      const refusal = refusalOf(() => cloudEvent([...Object.entries(minimal), [name, 'x']], undefined));
      expect(refusal.code).toBe('INVALID_ATTRIBUTE');
      expect(refusal.details.field).toBe(name);
      expect(refusal.message).toContain('lower-case letters and digits');
    },
  );

  it('are refused under the name "data", which is reserved', () => {
    const refusal = refusalOf(() => withAttributes({ data: 'x' }));
    expect(refusal.details.field).toBe('data');
    expect(refusal.message).toContain('reserved');
  });

  it('keep names that JavaScript knows, without changing what an object is', () => {
    const event = withAttributes({ constructor: 'a', extensions: 'b', valueof: 'c', isprototypeof: 'd' });
    expect(Object.entries(event.extensions)).toEqual([
      ['constructor', 'a'],
      ['extensions', 'b'],
      ['valueof', 'c'],
      ['isprototypeof', 'd'],
    ]);
    expect(Object.getPrototypeOf(event.extensions)).toBe(Object.prototype);
  });

  it('may have a name longer than the recommended 20 characters, an empty text, or any name of letters and digits', () => {
    expect(withAttributes({ averylongnameofanextension: '' }).extensions).toEqual({ averylongnameofanextension: '' });
    fc.assert(fc.property(extensionNames, (name) => withAttributes({ [name]: 'x' }).extensions[name] === 'x'));
  });

  it('keep booleans and 32-bit integers as what they are, to both ends of the range', () => {
    const extensions = { yes: true, no: false, least: -(2 ** 31), most: 2 ** 31 - 1, zero: 0 };
    expect(withAttributes(extensions).extensions).toEqual(extensions);
  });

  it.each([2 ** 31, -(2 ** 31) - 1, 1.5, Number.MAX_SAFE_INTEGER, Infinity, NaN])(
    'refuse the number %s, which is no 32-bit integer',
    (value) => {
      expect(refused({ extension: value })).toEqual({ code: 'INVALID_ATTRIBUTE', field: 'extension' });
    },
  );

  it('are named in a refusal by 64 characters at most, so that a sender gets no flood of its own back', () => {
    const refusal = refusalOf(() => withAttributes({ [`_${'x'.repeat(100_000)}`]: 'x' }));
    expect(refusal.message.length).toBeLessThan(200);
    expect(refusal.details.field).toHaveLength(64);
  });
});

describe('the attributes of a parsed event', () => {
  it('are listed so that the same event can be made of them again', () => {
    fc.assert(fc.property(cloudEvents, (event) => expect(cloudEvent(attributesOf(event), event.data)).toEqual(event)));
  });

  it('are listed with the core attributes first, whatever order they came in', () => {
    const entries = Object.entries({ zebra: 1, time: '2018-04-05T17:31:00Z', ...minimal, subject: 's' });
    expect(attributesOf(cloudEvent(entries, undefined)).map(([name]) => name)).toEqual([
      'specversion',
      'id',
      'source',
      'type',
      'subject',
      'time',
      'zebra',
    ]);
  });
});

describe('two events', () => {
  it('are the same when source and id are equal, whatever else differs, so a resent one is known', () => {
    expect(isSameEvent(withAttributes({}), withAttributes({ type: 'other', subject: 'x' }))).toBe(true);
  });

  it.each([{ id: '2' }, { source: '/other' }])('are different when %j differs', (difference) => {
    expect(isSameEvent(withAttributes({}), withAttributes(difference))).toBe(false);
  });
});
