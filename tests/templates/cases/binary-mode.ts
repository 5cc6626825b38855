// CloudEvents 1.0.2, HTTP binding 3.1: attributes in headers, data in the body.
import { attributes, binary, json, minimal, type Case } from './case.ts';

const data = { 'content-type': 'application/json' };

/** Header values: unquoted, unescaped, then one round of percent-decoding (3.1.3.2). */
const headerValues: readonly (readonly [title: string, sent: string, means: string])[] = [
  ['a percent-encoded space', 'a%20b', 'a b'],
  ['percent-encoded UTF-8', 'Euro%20%E2%82%AC%20%F0%9F%98%80', 'Euro € 😀'],
  ['lower-case hexadecimal', '%e2%82%ac', '€'],
  ['only one round of decoding', 'a%2520b', 'a%20b'],
  ['a plus sign, which is no space', 'a+b', 'a+b'],
  ['a percent sign that starts no sequence', '100% sure %zz', '100% sure %zz'],
  ['a double-quoted string', '"a b"', 'a b'],
  ['backslash escapes within a quoted string', '"a\\"b\\\\c"', 'a"b\\c'],
  ['percent-encoding within a quoted string', '"a%20b"', 'a b'],
  ['an encoded quote, which is no quoting', '%22a%22', '"a"'],
  ['a quote in the middle, which is no quoting', 'a"b"', 'a"b"'],
  ['a backslash outside of quotes, which escapes nothing', 'a\\b', 'a\\b'],
  ['raw UTF-8 bytes from an older sender', Buffer.from('Zürich').toString('latin1'), 'Zürich'],
  ['a comma, which separates nothing', 'a, b', 'a, b'],
  ['white space around the value, which is HTTP’s', '  a  ', 'a'],
];

const bodies: readonly (readonly [
  title: string,
  contentType: string | null,
  body: string | Buffer,
  report: Record<string, unknown>,
])[] = [
  ['JSON null', 'application/json', 'null', { kind: 'value', data: null }],
  ['JSON false', 'application/json', 'false', { kind: 'value', data: false }],
  ['JSON zero', 'application/json', '0', { kind: 'value', data: 0 }],
  ['an empty JSON string', 'application/json', '""', { kind: 'value', data: '' }],
  ['an empty JSON array', 'application/json', '[]', { kind: 'value', data: [] }],
  ['JSON with a charset in capitals', 'application/json; charset=UTF-8', '{"a":"ü"}', { kind: 'value', data: { a: 'ü' } }],
  ['JSON with a quoted charset', 'application/json; charset="utf-8"', '{"a":1}', { kind: 'value', data: { a: 1 } }],
  ['a media type in capitals', 'Application/JSON', '{"a":1}', { kind: 'value', data: { a: 1 } }],
  ['JSON that is nested 512 deep', 'application/json', `${'['.repeat(512)}${']'.repeat(512)}`, { kind: 'value' }],
  [
    'JSON with brackets and quotes in its strings',
    'application/json',
    JSON.stringify('[{\\"'.repeat(1000)),
    { kind: 'value', data: '[{\\"'.repeat(1000) },
  ],
  ['a JSON-based media type', 'application/vnd.acme.price+json', '{"a":1}', { kind: 'value', data: { a: 1 } }],
  ['text', 'text/plain', 'grüezi', { kind: 'value', data: 'grüezi' }],
  ['XML as text', 'application/xml', '<a/>', { kind: 'value', data: '<a/>' }],
  [
    'text of another charset as its bytes',
    'text/plain; charset=iso-8859-1',
    Buffer.from([0x67, 0xfc]),
    { kind: 'bytes', data: 'Z/w=' },
  ],
  ['any other type as its bytes', 'application/octet-stream', Buffer.from([0, 255, 1]), { kind: 'bytes', data: 'AP8B' }],
  ['a body without a type as its bytes', null, '{"a":1}', { kind: 'bytes', data: 'eyJhIjoxfQ==' }],
];

export const binaryMode: readonly Case[] = [
  {
    title: 'hands over the required attributes, and no data when there is no body',
    request: binary({}),
    expect: { status: 200, report: { kind: 'none', event: attributes }, absent: ['subject', 'time', 'datacontenttype'] },
  },
  {
    title: 'hands over the optional attributes and the content type',
    request: binary(
      {
        ...data,
        'ce-subject': 'price_feed',
        'ce-time': '2026-02-28T23:59:59.123456789+02:00',
        'ce-dataschema': 'https://acme.test/schema',
      },
      '{}',
    ),
    expect: {
      status: 200,
      report: {
        event: {
          subject: 'price_feed',
          time: '2026-02-28T23:59:59.123456789+02:00',
          dataschema: 'https://acme.test/schema',
          datacontenttype: 'application/json',
        },
      },
    },
  },
  {
    title: 'hands over every extension by its lower-case name',
    request: binary({
      'Ce-CorrelationId': 'c-1',
      'CE-PARTITIONKEY': '7',
      'ce-a1': 'x',
      'ce-knativearrivaltime': '2026-01-01T00:00:00Z',
    }),
    expect: {
      status: 200,
      report: { event: { correlationid: 'c-1', partitionkey: '7', a1: 'x', knativearrivaltime: '2026-01-01T00:00:00Z' } },
    },
  },
  {
    title: 'keeps extensions apart from what a language has on every object',
    request: binary({ 'ce-constructor': 'a', 'ce-tostring': 'b', 'ce-get': 'c', 'ce-class': 'd' }),
    expect: { status: 200, report: { event: { constructor: 'a', tostring: 'b', get: 'c', class: 'd' } } },
  },
  {
    title: 'does not take other headers for attributes',
    request: { headers: [...minimal, ['x-ce-other', 'a'], ['cesubject', 'b'], ['authorization', 'Bearer t']] },
    expect: { status: 200, report: { event: attributes }, absent: ['other', 'subject', 'cesubject', 'authorization'] },
  },
  ...headerValues.map(([title, sent, means]) => ({
    title: `decodes a header value with ${title}`,
    request: binary({ 'ce-note': sent }),
    expect: { status: 200, report: { event: { note: means } } },
  })),
  ...bodies.map(([title, contentType, body, report]) => ({
    title: `hands over ${title}`,
    request: binary({ 'content-type': contentType }, body),
    expect: { status: 200, report },
  })),
  {
    title: 'takes an event on any path',
    request: { path: '/some/where?else=1', headers: [...minimal, json], body: '{"a":1}' },
    expect: { status: 200, report: { data: { a: 1 } } },
  },
  ...['2026-01-01T00:00:00Z', '2024-02-29T12:00:00.5-00:00', '2026-12-31t23:59:60z'].map((time) => ({
    title: `accepts the time ${time}`,
    request: binary({ 'ce-time': time }),
    expect: { status: 200, report: { event: { time } } },
  })),
];
