// What can never be an event is refused with 4xx, naming the attribute, and never reaches the function.
import { attributes, batch, binary, structured, type Case } from './case.ts';

/** The codes are the builder's own (src/core/errors.ts): the same event is refused with the same code at every door. */
type Code =
  | 'MISSING_ATTRIBUTE'
  | 'INVALID_ATTRIBUTE'
  | 'DUPLICATE_ATTRIBUTE'
  | 'UNSUPPORTED_SPECVERSION'
  | 'INVALID_JSON'
  | 'INVALID_ENVELOPE';

function refusal(code: Code): (title: string, request: Case['request'], field: string, more?: Record<string, unknown>) => Case {
  return (title, request, field, more = {}) => ({
    title,
    request,
    expect: {
      status: 400,
      problem: { type: `urn:knative-lambda:error:${code}`, status: 400, code, retryable: false, field, ...more },
    },
  });
}

const missing = refusal('MISSING_ATTRIBUTE');
const invalid = refusal('INVALID_ATTRIBUTE');
const twice = refusal('DUPLICATE_ATTRIBUTE');
const version = refusal('UNSUPPORTED_SPECVERSION');
const notJson = refusal('INVALID_JSON');
const envelope = refusal('INVALID_ENVELOPE');

const { id, source, type, ...rest } = attributes;
const { specversion } = rest;
const badTimes = [
  'yesterday',
  '2026-13-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2026-01-01 00:00:00Z',
  '2026-01-01T00:00:00',
  '2026-01-01T24:00:00Z',
  '2026-01-01T00:00:00+24:00',
  '2025-02-29T00:00:00Z',
];

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

const inHeaders: readonly Case[] = [
  ...['id', 'source', 'type', 'specversion'].map((name) =>
    missing(`refuses a binary event without ${name}`, binary({ [`ce-${name}`]: null }), name),
  ),
  missing(
    'refuses a request that is no event at all',
    { headers: [['content-type', 'application/json']], body: '{}' },
    'specversion',
  ),
  ...['id', 'source', 'type', 'subject'].map((name) =>
    invalid(`refuses a binary event whose ${name} is empty`, binary({ [`ce-${name}`]: '' }), name),
  ),
  ...['0.3', '1.1', '9.9', '1'].map((text) =>
    version(`refuses specversion ${text}`, binary({ 'ce-specversion': text }), 'specversion'),
  ),
  ...badTimes.map((time) => invalid(`refuses the time ${time}`, binary({ 'ce-time': time }), 'time')),
  ...['my-extension', 'my_extension', 'data', 'a.b'].map((name) =>
    invalid(`refuses an extension named ${name}`, binary({ [`ce-${name}`]: 'x' }), name),
  ),
  ...['a%20b', 'a<b', '%25zz'].map((text) =>
    invalid(`refuses the source ${text}, which is no URI reference`, binary({ 'ce-source': text }), 'source'),
  ),
  invalid('refuses a relative dataschema', binary({ 'ce-dataschema': '/schema' }), 'dataschema'),
  invalid('refuses a content type that is no media type', binary({ 'content-type': 'json' }, '{}'), 'datacontenttype'),
  invalid(
    'refuses the content type as an attribute header',
    binary({ 'ce-datacontenttype': 'application/json' }),
    'datacontenttype',
  ),
  invalid('refuses control characters in an attribute', binary({ 'ce-note': 'a%0D%0Ab' }), 'note'),
  invalid('refuses percent-encoding that is no UTF-8', binary({ 'ce-note': '%ff%fe' }), 'note'),
  invalid('refuses raw bytes that are no UTF-8', binary({ 'ce-note': 'Z\u00fcrich' }), 'note'),
  invalid('refuses a quoted string without its end', binary({ 'ce-note': '"a' }), 'note'),
  twice('refuses an attribute that is given twice', { headers: [...(binary({}).headers ?? []), ['CE-ID', 'event-2']] }, 'id'),
  notJson('refuses data that is not the JSON it says it is', binary({ 'content-type': 'application/json' }, '{"a":'), 'data'),
  notJson(
    'refuses JSON data that is no UTF-8',
    binary({ 'content-type': 'application/json' }, Buffer.from([0x22, 0xff, 0x22])),
    'data',
  ),
  notJson(
    'refuses JSON data that is nested deeper than 512',
    binary({ 'content-type': 'application/json' }, nested(513)),
    'data',
  ),
  notJson(
    'refuses a string without an end, however many quotes are in it',
    binary({ 'content-type': 'application/json' }, `${'['.repeat(600)}"${'\\"'.repeat(400_000)}`),
    'data',
  ),
  notJson(
    'refuses JSON data that is nested a hundred thousand deep and never closed',
    binary({ 'content-type': 'application/json' }, '['.repeat(100_000)),
    'data',
  ),
];

const inJson: readonly Case[] = [
  missing('refuses a structured event without id', structured({ specversion, source, type }), 'id'),
  missing('refuses a structured event without source', structured({ specversion, id, type }), 'source'),
  missing('refuses a structured event without type', structured({ specversion, id, source }), 'type'),
  missing('refuses a structured event without specversion', structured({ id, source, type }), 'specversion'),
  missing('refuses an id that is null', structured({ ...attributes, id: null }), 'id'),
  invalid('refuses an id that is a number', structured({ ...attributes, id: 7 }), 'id'),
  invalid('refuses an id of more than 8192 characters', structured({ ...attributes, id: 'i'.repeat(8193) }), 'id'),
  version('refuses another specversion', structured({ ...attributes, specversion: '0.3' }), 'specversion'),
  invalid('refuses a bad time', structured({ ...attributes, time: 'now' }), 'time'),
  invalid('refuses an extension name with capitals', structured({ ...attributes, traceParent: 'x' }), 'traceParent'),
  invalid('refuses an extension name with an underscore', structured({ ...attributes, my_ext: 'x' }), 'my_ext'),
  invalid('refuses an extension that is an object', structured({ ...attributes, note: { a: 1 } }), 'note'),
  invalid('refuses an extension that is a fraction', structured({ ...attributes, note: 1.5 }), 'note'),
  invalid('refuses an extension beyond 32 bits', structured({ ...attributes, note: 2147483648 }), 'note'),
  invalid('refuses a control character in a structured event', structured({ ...attributes, note: 'a\u0000b' }), 'note'),
  envelope('refuses data beside data_base64', structured({ ...attributes, data: 1, data_base64: 'AA==' }), 'data_base64'),
  ...['A', 'AA=', 'A A=', '_-8=', 'AA==AA==', 'AAAA====', 'A===', '====', 'AAAA='].map((text) =>
    envelope(`refuses the base64 "${text}"`, structured({ ...attributes, data_base64: text }), 'data_base64'),
  ),
  notJson('refuses a body that is nested deeper than 512', structured(`{"data":${nested(512)}}`), 'body'),
  notJson('refuses a body that is not JSON', structured('{"specversion":'), 'body'),
  notJson(
    'refuses a body that is no UTF-8',
    { headers: [['content-type', 'application/cloudevents+json']], body: Buffer.from([0x7b, 0xff, 0x7d]) },
    'body',
  ),
  notJson('refuses an empty structured event', structured(''), 'body'),
  envelope('refuses a body that is JSON but no object', structured('[]'), 'event'),
  envelope('refuses a batch that is no array', batch({ ...attributes }), 'body'),
  envelope('refuses a batch of something else', batch([7]), 'event', { index: 0 }),
  invalid(
    'refuses a whole batch for one bad event, before any is handled',
    batch([{ ...attributes }, { ...attributes, id: '' }]),
    'id',
    { index: 1 },
  ),
];

function unsupported(contentType: string): Case {
  return {
    title: `answers 415 to ${contentType}`,
    request: structured({ ...attributes }, contentType),
    expect: { status: 415, problem: { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', retryable: false } },
  };
}

export const refused: readonly Case[] = [
  ...inHeaders,
  ...inJson,
  unsupported('application/cloudevents'),
  unsupported('application/cloudevents+avro'),
  unsupported('application/cloudevents-batch+avro'),
  unsupported('application/cloudevents+json; charset=iso-8859-1'),
  ...['GET', 'PUT', 'DELETE', 'PATCH'].map((method) => ({
    title: `answers 405 to ${method} /`,
    request: { method },
    expect: { status: 405, headers: { allow: 'POST' }, problem: { status: 405, code: 'METHOD_NOT_ALLOWED', retryable: false } },
  })),
];
