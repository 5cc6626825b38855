// What the wire may carry, generated: ids, attribute values that CloudEvents 1.0.2 allows, and whole events.
import fc from 'fast-check';
import { cloudEvent, type AttributeValue, type CloudEvent, type EventData } from '../../../src/core/cloudevent.ts';
import type { FunctionRef } from '../../../src/core/function.ts';

export const ids: fc.Arbitrary<string> = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/);

export const refs: fc.Arbitrary<FunctionRef> = fc.record({ tenant: ids, function: ids });

export const hex = (length: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...Array.from('0123456789abcdef')), minLength: length, maxLength: length });

/** CloudEvents 1.0.2, section 3.1, type String: everything but control characters, surrogates and noncharacters. */
const isAllowed = (point: number): boolean =>
  point > 0x1f &&
  (point < 0x7f || point > 0x9f) &&
  (point < 0xd800 || point > 0xdfff) &&
  (point < 0xfdd0 || point > 0xfdef) &&
  (point & 0xfffe) !== 0xfffe;

const characters = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
  { weight: 2, arbitrary: fc.integer({ min: 0xa0, max: 0x2fff }) },
  { weight: 1, arbitrary: fc.integer({ min: 0x3000, max: 0x10ffff }).filter(isAllowed) },
  // What header values and URIs treat in a way of their own.
  {
    weight: 2,
    arbitrary: fc.constantFrom(...Array.from('"%\\ ;,+\u2028\ufeff\u{1f600}', (character) => character.codePointAt(0) ?? 0)),
  },
);

export const texts = (constraints: { minLength?: number; maxLength?: number } = {}): fc.Arbitrary<string> =>
  fc.string({ unit: characters.map((point) => String.fromCodePoint(point)), maxLength: 24, ...constraints });

const uriCharacters = [...Array.from("abzAZ09-._~!$&'()*+,;=@"), '%20', '%e2'];
const segment = fc.string({ unit: fc.constantFrom(...uriCharacters, ':'), maxLength: 6 });
const segmentWithoutColon = fc.string({ unit: fc.constantFrom(...uriCharacters), minLength: 1, maxLength: 6 });
const rest = fc.array(segment, { maxLength: 3 }).map((segments) => segments.map((text) => `/${text}`).join(''));
const scheme = fc.stringMatching(/^[A-Za-z][A-Za-z0-9+.-]{0,5}$/);
const authority = fc
  .tuple(
    fc.constantFrom('', 'user@', 'user:secret@'),
    fc.constantFrom('', 'example.com', '127.0.0.1', '[::1]', '[2001:db8::7]', '[v1.fe:80]', 'a%20b'),
    fc.constantFrom('', ':', ':8080'),
  )
  .map((parts) => parts.join(''));
const query = fc.option(fc.string({ unit: fc.constantFrom(...uriCharacters, ':', '/', '?'), maxLength: 6 }), { nil: undefined });

/** RFC 3986, section 4.3, built from the grammar's own parts. */
export const absoluteUris: fc.Arbitrary<string> = fc
  .tuple(
    scheme,
    fc.oneof(
      fc.tuple(authority, rest).map(([host, path]) => `//${host}${path}`),
      fc.tuple(fc.constantFrom('', '/'), segmentWithoutColon, rest).map((parts) => parts.join('')),
      fc.constant(''),
    ),
    query,
  )
  .map(([name, hierarchy, search]) => `${name}:${hierarchy}${search === undefined ? '' : `?${search}`}`);

/** RFC 3986, section 4.1, not empty. */
export const uriReferences: fc.Arbitrary<string> = fc
  .tuple(
    fc.oneof(
      absoluteUris,
      fc.tuple(authority, rest).map(([host, path]) => `//${host}${path}`),
      fc.tuple(segmentWithoutColon, rest).map((parts) => parts.join('')),
      fc.tuple(segmentWithoutColon, rest).map((parts) => `/${parts.join('')}`),
    ),
    fc.constantFrom('', '#', '#part', '#/a?b'),
  )
  .map(([reference, fragment]) => reference + fragment);

const noInvalidDate = { noInvalidDate: true, min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z') };

export const timestamps: fc.Arbitrary<string> = fc
  .tuple(
    fc.date(noInvalidDate).map((date) => date.toISOString().slice(0, 19)),
    fc.constantFrom('', '.0', '.123', '.123456789'),
    fc.constantFrom('Z', 'z', '+00:00', '-00:00', '+05:45', '-23:59'),
    fc.boolean(),
  )
  .map(([instant, fraction, zone, lower]) => `${lower ? instant.replace('T', 't') : instant}${fraction}${zone}`);

export const jsonTypes = [
  'application/json',
  'APPLICATION/JSON;Charset="UTF-8"',
  'application/vnd.acme+json',
  'text/json',
  'application/cloudevents+json',
];
export const otherTypes = [
  'text/plain',
  'text/plain; charset=utf-8',
  'text/csv; header=present',
  'application/xml',
  'application/octet-stream',
  'multipart/mixed; boundary="a \\"b\\""',
  'application/cloudevents+avro',
];

export const extensionNames: fc.Arbitrary<string> = fc
  .oneof(
    fc.stringMatching(/^[a-z0-9]{1,20}$/),
    fc.constantFrom('constructor', 'extensions', 'valueof', 'tostring', '0', 'bytes', 'json', 'traceparent'),
  )
  .filter(
    (name) => !['data', 'specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'dataschema'].includes(name),
  );

/** A value once it has been through JSON: no -0, no undefined, no key that only JavaScript knows. */
export const jsonValues: fc.Arbitrary<unknown> = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array)),
  texts({ maxLength: 64 }).map((text) => Buffer.from(text)),
  jsonValues.map((value) => Buffer.from(JSON.stringify(value))),
  fc
    .constantFrom('{"a": 1}', '10000000000000001', '{"a":1,"a":2}', '"\\u00e9"', '\ufeff{}', '-0', '1e400')
    .map((text) => Buffer.from(text)),
);

/** Data, and the type it is declared as. */
const contents: fc.Arbitrary<{ datacontenttype?: string; data?: EventData }> = fc.oneof(
  fc.record({ datacontenttype: fc.constantFrom(...jsonTypes, ...otherTypes) }, { requiredKeys: [] }),
  fc.record(
    { datacontenttype: fc.constantFrom(...jsonTypes, ...otherTypes), data: fc.record({ bytes }) },
    { requiredKeys: ['data'] },
  ),
  fc.record(
    { datacontenttype: fc.constantFrom(...jsonTypes), data: fc.record({ json: jsonValues }) },
    { requiredKeys: ['data'] },
  ),
  fc.record({ datacontenttype: fc.constantFrom(...otherTypes), data: fc.record({ json: texts({ maxLength: 64 }) }) }),
);

const attributeValues: fc.Arbitrary<AttributeValue> = fc.oneof(
  texts(),
  fc.boolean(),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
);

/** Events as they are once parsed. */
export const cloudEvents: fc.Arbitrary<CloudEvent> = fc
  .tuple(
    fc.record({ id: texts({ minLength: 1 }), source: uriReferences, type: texts({ minLength: 1 }) }),
    fc.record({ subject: texts({ minLength: 1 }), time: timestamps, dataschema: absoluteUris }, { requiredKeys: [] }),
    fc.dictionary(extensionNames, attributeValues, { maxKeys: 4 }),
    contents,
  )
  .map(([required, optional, extensions, { datacontenttype, data }]) =>
    cloudEvent(
      Object.entries({
        specversion: '1.0',
        ...required,
        ...optional,
        ...(datacontenttype === undefined ? {} : { datacontenttype }),
        ...extensions,
      } as Record<string, AttributeValue>),
      data,
    ),
  );
