// What can never be an event is refused with 4xx, naming the attribute, and never reaches the function.
import { asked, attributes, batch, binary, structured, type Case } from './case.ts';

function invalid(title: string, request: Case['request'], attribute: string, more: Record<string, unknown> = {}): Case {
  return {
    title,
    request,
    expect: { status: 400, problem: { status: 400, code: 'INVALID_EVENT', retryable: false, attribute, ...more } },
  };
}

const { id, source, type, ...rest } = attributes;
const { specversion } = rest;
const badTimes = ['yesterday', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-01 00:00:00Z', '2026-01-01T00:00:00', '2026-01-01T24:00:00Z', '2026-01-01T00:00:00+24:00', '2025-02-29T00:00:00Z'];

const inHeaders: readonly Case[] = [
  ...['id', 'source', 'type', 'specversion'].map((name) => invalid(`refuses a binary event without ${name}`, binary({ [`ce-${name}`]: null }), name)),
  ...['id', 'source', 'type'].map((name) => invalid(`refuses a binary event whose ${name} is empty`, binary({ [`ce-${name}`]: '' }), name)),
  ...['0.3', '1.1', '9.9', '1'].map((version) => invalid(`refuses specversion ${version}`, binary({ 'ce-specversion': version }), 'specversion')),
  ...badTimes.map((time) => invalid(`refuses the time ${time}`, binary({ 'ce-time': time }), 'time')),
  ...['my-extension', 'my_extension', 'data', 'a.b'].map((name) => invalid(`refuses an extension named ${name}`, binary({ [`ce-${name}`]: 'x' }), name)),
  invalid('refuses an empty subject', binary({ 'ce-subject': '' }), 'subject'),
  invalid('refuses control characters in an attribute', binary({ 'ce-note': 'a%0D%0Ab' }), 'note'),
  invalid('refuses percent-encoding that is no UTF-8', binary({ 'ce-note': '%ff%fe' }), 'note'),
  invalid('refuses an attribute that is given twice', { headers: [...(binary({}).headers ?? []), ['CE-ID', 'event-2']] }, 'id'),
  invalid('refuses a request that is no event at all', { headers: [['content-type', 'application/json']], body: '{}' }, 'specversion'),
  invalid('refuses data that is not the JSON it says it is', { ...asked({}), body: '{"a":' }, 'data'),
  invalid('refuses JSON data that is no UTF-8', binary({ 'content-type': 'application/json' }, Buffer.from([0x22, 0xff, 0x22])), 'data'),
];

const inJson: readonly Case[] = [
  invalid('refuses a structured event without id', structured({ specversion, source, type }), 'id'),
  invalid('refuses a structured event without source', structured({ specversion, id, type }), 'source'),
  invalid('refuses a structured event without type', structured({ specversion, id, source }), 'type'),
  invalid('refuses a structured event without specversion', structured({ id, source, type }), 'specversion'),
  invalid('refuses an id that is a number', structured({ ...attributes, id: 7 }), 'id'),
  invalid('refuses an id that is null', structured({ ...attributes, id: null }), 'id'),
  invalid('refuses a bad time', structured({ ...attributes, time: 'now' }), 'time'),
  invalid('refuses an extension name with capitals', structured({ ...attributes, traceParent: 'x' }), 'traceParent'),
  invalid('refuses an extension name with an underscore', structured({ ...attributes, my_ext: 'x' }), 'my_ext'),
  invalid('refuses an extension that is an object', structured({ ...attributes, note: { a: 1 } }), 'note'),
  invalid('refuses an extension that is a fraction', structured({ ...attributes, note: 1.5 }), 'note'),
  invalid('refuses an extension beyond 32 bits', structured({ ...attributes, note: 2147483648 }), 'note'),
  invalid('refuses data beside data_base64', structured({ ...attributes, data: 1, data_base64: 'AA==' }), 'data_base64'),
  ...['A', 'AA=', 'A A=', '_-8=', 'AA==AA=='].map((text) => invalid(`refuses the base64 "${text}"`, structured({ ...attributes, data_base64: text }), 'data_base64')),
  invalid('refuses a body that is not JSON', structured('{"specversion":'), 'body'),
  invalid('refuses a body that is JSON but no object', structured('[]'), 'body'),
  invalid('refuses a body that is no UTF-8', { headers: [['content-type', 'application/cloudevents+json']], body: Buffer.from([0x7b, 0xff, 0x7d]) }, 'body'),
  invalid('refuses an empty structured event', structured(''), 'body'),
  invalid('refuses a batch that is no array', batch({ ...attributes }), 'body'),
  invalid('refuses a whole batch for one bad event, before any is handled', batch([{ ...attributes }, { ...attributes, id: '' }]), 'id', { index: 1 }),
  invalid('refuses a batch of something else', batch([7]), 'body', { index: 0 }),
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
