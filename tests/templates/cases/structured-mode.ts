// CloudEvents 1.0.2, HTTP binding 3.2 and the JSON event format.
import { attributes, structured, type Case } from './case.ts';

const values: readonly (readonly [title: string, members: Record<string, unknown>, report: Record<string, unknown>])[] = [
  ['an object', { data: { a: [1, 'ü'] } }, { kind: 'value', data: { a: [1, 'ü'] } }],
  ['null', { data: null }, { kind: 'value', data: null }],
  ['false', { data: false }, { kind: 'value', data: false }],
  ['zero', { data: 0 }, { kind: 'value', data: 0 }],
  ['an empty string', { data: '' }, { kind: 'value', data: '' }],
  ['no data', {}, { kind: 'none' }],
  ['text with a type of its own', { datacontenttype: 'text/plain', data: 'hello' }, { kind: 'value', data: 'hello' }],
  [
    'a JSON string, which is not parsed again',
    { datacontenttype: 'application/json', data: '{"a":1}' },
    { kind: 'value', data: '{"a":1}' },
  ],
  ['base64 as bytes', { datacontenttype: 'application/octet-stream', data_base64: 'AP8B' }, { kind: 'bytes', data: 'AP8B' }],
  [
    'base64 as bytes whatever its type',
    { datacontenttype: 'application/json', data_base64: 'eyJhIjoxfQ==' },
    { kind: 'bytes', data: 'eyJhIjoxfQ==' },
  ],
  ['5 MB of base64', { data_base64: 'AP8B'.repeat(1_300_000) }, { kind: 'bytes', data: 'AP8B'.repeat(1_300_000) }],
  ['empty base64 as no bytes', { data_base64: '' }, { kind: 'bytes', data: '' }],
];

const contentTypes = [
  'application/cloudevents+json',
  'application/cloudevents+json; charset=utf-8',
  'application/cloudevents+json; charset=UTF-8',
  'application/cloudevents+json;charset="utf-8"',
  'Application/CloudEvents+JSON',
];

export const structuredMode: readonly Case[] = [
  ...contentTypes.map((contentType) => ({
    title: `reads ${contentType}`,
    request: structured({ ...attributes, data: { a: 'ü' } }, contentType),
    expect: { status: 200, report: { kind: 'value', data: { a: 'ü' }, event: attributes } },
  })),
  ...values.map(([title, members, report]) => ({
    title: `hands over ${title}`,
    request: structured({ ...attributes, ...members }),
    expect: { status: 200, report },
  })),
  {
    title: 'keeps the types of extensions',
    request: structured({ ...attributes, count: 7, negative: -2147483648, final: true, note: 'a%20b' }),
    expect: { status: 200, report: { event: { count: 7, negative: -2147483648, final: true, note: 'a%20b' } } },
  },
  {
    title: 'takes an attribute that is null for one that is not set',
    request: structured({ ...attributes, subject: null, note: null, time: null }),
    expect: { status: 200, report: { event: attributes }, absent: ['subject', 'note', 'time'] },
  },
  {
    title: 'ignores ce headers beside a structured event',
    request: {
      ...structured(attributes),
      headers: [
        ['content-type', 'application/cloudevents+json'],
        ['ce-id', 'other'],
        ['ce-note', 'x'],
      ],
    },
    expect: { status: 200, report: { event: attributes }, absent: ['note'] },
  },
  {
    title: 'joins UTF-8 that is split between packets',
    request: { ...structured({ ...attributes, data: '😀€ü'.repeat(20) }), pieceBytes: 7 },
    expect: { status: 200, report: { data: '😀€ü'.repeat(20) } },
  },
  {
    title: 'reads a chunked body',
    request: { ...structured({ ...attributes, data: '😀€ü'.repeat(5) }), pieceBytes: 11, chunked: true },
    expect: { status: 200, report: { data: '😀€ü'.repeat(5) } },
  },
];
