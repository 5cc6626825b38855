import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cloudEvent, type EventData } from '../../../src/core/cloudevent.ts';
import { bytesOf, isJsonMediaType, isUtf8MediaType, jsonOf, parseJson } from '../../../src/core/event-data.ts';
import { jsonValues } from './arbitraries.ts';
import { codeAndField, refusalOf } from './refusal.ts';

const eventWith = (data: EventData | undefined, datacontenttype?: string) =>
  cloudEvent(
    [
      ['specversion', '1.0'],
      ['id', '1'],
      ['source', '/s'],
      ['type', 't'],
      ...(datacontenttype === undefined ? [] : [['datacontenttype', datacontenttype] as const]),
    ],
    data,
  );

const kinds: [kind: string, value: unknown][] = [
  ['false', false],
  ['true', true],
  ['0', 0],
  ['a number', -1.5e-7],
  ['null', null],
  ['the empty text', ''],
  ['a text', 'é\u{1f600}\u2028'],
  ['an empty array', []],
  ['an empty object', {}],
  ['an object', { a: [null, { b: false }] }],
];

describe('a media type', () => {
  it.each([
    undefined,
    'application/json',
    'APPLICATION/JSON',
    'text/json',
    'application/vnd.api+json',
    'application/json; charset=utf-8',
    'a/b+JSON ;x=y',
  ])('declares JSON when it is %s (JSON format, section 3.1.1)', (mediaType) => {
    expect(isJsonMediaType(mediaType)).toBe(true);
  });

  it.each([
    'application/jsonl',
    'text/plain',
    'application/json+xml',
    'json',
    'text/plain; format=application/json',
    'application/xml;a=+json',
  ])('declares something else when it is %s', (mediaType) => {
    expect(isJsonMediaType(mediaType)).toBe(false);
  });

  it.each([
    'a/b',
    'a/b; charset=utf-8',
    'a/b;CHARSET=UTF-8',
    'a/b; charset="Utf-8"',
    'a/b; x=y; charset=utf8',
    'a/b; charset=US-ASCII',
  ])('is read as UTF-8 when it is %s, because the parameter is case-insensitive and ASCII is a part of it', (mediaType) => {
    expect(isUtf8MediaType(mediaType)).toBe(true);
  });

  it.each(['a/b; charset=iso-8859-1', 'a/b; charset="utf-16"', 'a/b;charset=', 'a/b; charset=utf-80', 'a/b; charset=""'])(
    'is not read as UTF-8 when it is %s, because its characters would come out wrong',
    (mediaType) => {
      expect(isUtf8MediaType(mediaType)).toBe(false);
    },
  );
});

describe('JSON text', () => {
  it('is read as what was written', () => {
    fc.assert(fc.property(jsonValues, (value) => expect(parseJson(Buffer.from(JSON.stringify(value)), 'body')).toEqual(value)));
  });

  it('is a value or a refusal, whatever the bytes are', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array(),
          fc.string().map((text) => Buffer.from(text)),
        ),
        (bytes) => {
          try {
            parseJson(Buffer.from(bytes), 'body');
          } catch {
            expect(codeAndField(() => parseJson(Buffer.from(bytes), 'body'))).toEqual({ code: 'INVALID_JSON', field: 'body' });
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is refused without a word of it in the message, because it may hold a secret', () => {
    const refusal = refusalOf(() => parseJson(Buffer.from('{"password": hunter2}'), 'body'));
    expect(refusal.message).toBe('The body is not valid JSON');
    expect(refusal.cause).toBeInstanceOf(SyntaxError);
  });

  it('is refused when its bytes are not UTF-8, because the decoder would put other characters in their place', () => {
    expect(refusalOf(() => parseJson(Buffer.from([0x22, 0xff, 0x22]), 'body')).message).toBe('The body is not valid UTF-8');
    expect(codeAndField(() => parseJson(Buffer.from([0x22, 0xc0, 0xa0, 0x22]), 'body')).code).toBe('INVALID_JSON');
  });

  it('may nest 512 levels deep and no deeper, so that writing it again never runs out of stack', () => {
    const nested = (depth: number) => Buffer.from(`${'['.repeat(depth)}${']'.repeat(depth)}`);
    expect(JSON.stringify(parseJson(nested(512), 'body'))).toHaveLength(1024);
    expect(refusalOf(() => parseJson(nested(513), 'body')).message).toContain('deeper than 512');
    expect(codeAndField(() => parseJson(Buffer.from('{"a":'.repeat(100_000)), 'body')).code).toBe('INVALID_JSON');
  });

  it('is not called deep for brackets that stand side by side or in a text', () => {
    const wide = `[${'[],{},'.repeat(1000)}[]]`;
    expect(parseJson(Buffer.from(wide), 'body')).toHaveLength(2001);
    const text = '\\\\\\"[{'.repeat(1000);
    expect(parseJson(Buffer.from(`"${text}"`), 'body')).toBe('\\"[{'.repeat(1000));
  });
});

describe('the data as JSON', () => {
  it.each(kinds)('is %s, whether it came as a value or as bytes', (_, value) => {
    expect(jsonOf(eventWith({ json: value }))).toEqual(value);
    expect(jsonOf(eventWith({ bytes: Buffer.from(JSON.stringify(value)) }, 'application/json'))).toEqual(value);
    expect(jsonOf(eventWith({ bytes: Buffer.from(JSON.stringify(value)) }))).toEqual(value);
  });

  it('is undefined when there is none, which is another thing than null', () => {
    expect(jsonOf(eventWith(undefined))).toBeUndefined();
  });

  it('is refused for bytes of another type, naming the attribute that says so', () => {
    expect(codeAndField(() => jsonOf(eventWith({ bytes: Buffer.from('{}') }, 'text/plain')))).toEqual({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      field: 'datacontenttype',
    });
  });

  it('is refused for bytes in a charset other than UTF-8', () => {
    expect(codeAndField(() => jsonOf(eventWith({ bytes: Buffer.from('{}') }, 'application/json; charset=utf-16')))).toEqual({
      code: 'UNSUPPORTED_MEDIA_TYPE',
      field: 'datacontenttype',
    });
  });

  it('is refused for bytes that only claim to be JSON', () => {
    expect(codeAndField(() => jsonOf(eventWith({ bytes: Buffer.from('{') }, 'application/json')))).toEqual({
      code: 'INVALID_JSON',
      field: 'data',
    });
  });
});

describe('the data as bytes', () => {
  it.each(kinds)('is the JSON text of %s', (_, value) => {
    expect(bytesOf(eventWith({ json: value }))?.toString()).toBe(JSON.stringify(value));
    expect(bytesOf(eventWith({ json: value }, 'application/json'))?.toString()).toBe(JSON.stringify(value));
  });

  it('is the text itself when it is declared as something other than JSON, so no quotation marks appear around it', () => {
    expect(bytesOf(eventWith({ json: '<a/>' }, 'application/xml'))?.toString()).toBe('<a/>');
  });

  it('is what came, byte by byte, when it came as bytes', () => {
    const bytes = Buffer.from([0, 255, 10]);
    expect(bytesOf(eventWith({ bytes }, 'application/json'))).toBe(bytes);
  });

  it('is undefined when there is none', () => {
    expect(bytesOf(eventWith(undefined))).toBeUndefined();
  });
});
