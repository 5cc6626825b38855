// A result becomes a binary CloudEvent; nothing becomes 204; a permanent failure becomes a parser.failed event.
import { createHash } from 'node:crypto';
import { expect } from '@jest/globals';
import { asked, askedEvent, attributes, batch, binary, structured, type Case } from './case.ts';

const replyHeaders = {
  'ce-specversion': '1.0',
  'ce-id': 'event-1-reply',
  'ce-source': 'network.notifi.acme-corp',
  'ce-subject': 'price_feed',
  'ce-type': 'network.notifi.lambda.parser.complete',
  'ce-causationid': 'event-1',
  'ce-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/,
  'content-type': 'application/json',
} as const;

const returned: readonly unknown[] = [{ a: [1, 'ü', null] }, [], 'grüezi', '', 0, false, 1.5];
const derivedCorrelation = createHash('sha256').update('network.notifi.acme-corp\0event-1').digest('hex').slice(0, 32);
const trace = '0af7651916cd43dd8448eb211c80319c';

function reply(value: unknown, id: string): Record<string, unknown> {
  return {
    specversion: '1.0',
    type: 'network.notifi.lambda.parser.complete',
    source: 'network.notifi.acme-corp',
    subject: 'price_feed',
    id: `${id}-reply`,
    causationid: id,
    data: value,
  };
}

const results: readonly Case[] = [
  ...returned.map((value) => ({
    title: `answers 200 with the value ${JSON.stringify(value)}`,
    request: asked({ do: 'return', value }),
    expect: { status: 200, json: value, headers: replyHeaders },
  })),
  {
    title: 'answers 200 with bytes as they are',
    request: asked({ do: 'return bytes', base64: 'AP8BfwA=' }),
    expect: {
      status: 200,
      bytes: Buffer.from('AP8BfwA=', 'base64'),
      headers: { ...replyHeaders, 'content-type': 'application/octet-stream' },
    },
  },
  ...[asked({ do: 'return nothing' }), asked({ do: 'return', value: null })].map((request, row) => ({
    title: `answers 204 without a reply when the function returns ${row === 0 ? 'nothing' : 'null'}`,
    request,
    expect: { status: 204, bytes: Buffer.alloc(0), headers: { 'ce-id': null, 'content-type': null } },
  })),
  {
    title: 'answers 200 with 5 MiB',
    request: asked({ do: 'return big', size: 5 * 1024 * 1024 }),
    expect: { status: 200, json: 'x'.repeat(5 * 1024 * 1024) },
  },
  {
    title: 'percent-encodes what a header cannot carry',
    request: asked({ do: 'return', value: 1 }, { 'ce-id': 'a%20%22b%22%20%25%20%E2%82%AC' }),
    expect: {
      status: 200,
      headers: { 'ce-id': 'a%20%22b%22%20%25%20%E2%82%AC-reply', 'ce-causationid': 'a%20%22b%22%20%25%20%E2%82%AC' },
    },
  },
  {
    title: 'answers a structured event in binary mode',
    request: structured({ ...attributes, data: { do: 'return', value: { a: 1 } } }),
    expect: { status: 200, json: { a: 1 }, headers: replyHeaders },
  },
  {
    title: 'uses the installed dependency',
    request: asked({ do: 'use the dependency' }),
    expect: { status: 200, json: 'the-dependency-was-used' },
  },
];

const identity: readonly Case[] = [
  {
    title: 'does not keep a correlation id that no log should hold',
    request: asked({ do: 'return', value: 1 }, { 'ce-correlationid': 'a%20b' }),
    expect: { status: 200, headers: { 'ce-correlationid': derivedCorrelation } },
  },
  {
    title: 'keeps the correlation id and the trace of the event',
    request: asked(
      { do: 'return', value: 1 },
      { 'ce-correlationid': 'c-7', 'ce-traceparent': `00-${trace}-b7ad6b7169203331-01` },
    ),
    expect: {
      status: 200,
      headers: { 'ce-correlationid': 'c-7', 'ce-traceparent': new RegExp(`^00-${trace}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`) },
    },
  },
  {
    title: 'takes the trace from the request when the event has none',
    request: asked({ do: 'return', value: 1 }, { traceparent: `00-${trace}-b7ad6b7169203331-00` }),
    expect: { status: 200, headers: { 'ce-traceparent': new RegExp(`^00-${trace}-[0-9a-f]{16}-00$`) } },
  },
  {
    title: 'begins a trace, and derives the correlation id from source and id as the builder does, when the event brings neither',
    request: asked({ do: 'return', value: 1 }, { 'ce-traceparent': '00-zz' }),
    expect: {
      status: 200,
      headers: {
        'ce-correlationid': derivedCorrelation,
        'ce-traceparent': /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/,
      },
    },
  },
  {
    title: 'takes the context id from the data',
    request: binary({ 'content-type': 'application/json' }, '{"contextId":"ctx-1"}'),
    expect: { status: 200, report: { contextId: 'ctx-1' } },
  },
  {
    title: 'uses the event id as context id when the data has none',
    request: binary({ 'content-type': 'application/json' }, '{"contextId":7}'),
    expect: { status: 200, report: { contextId: 'event-1', correlationId: derivedCorrelation } },
  },
];

const failedEvent = {
  ...attributes,
  correlationid: 'c-1',
  datacontenttype: 'application/json',
  data: { do: 'throw permanent', message: 'no such block' },
};

/** Shaped as the builder's event.rejected, so that the dead-letter queue reads one form. */
const reason = {
  code: 'FUNCTION_ERROR_PERMANENT',
  category: 'function_error_permanent',
  retryable: false,
  third_party_id: 'acme-corp',
  parser_id: 'price_feed',
  contextId: 'event-1',
};

const permanent: readonly Case[] = [
  {
    title: 'answers a permanent failure with 200 and a parser.failed event that carries the original',
    request: asked({ do: 'throw permanent', message: 'no such block' }, { 'ce-correlationid': 'c-1' }),
    expect: {
      status: 200,
      headers: { ...replyHeaders, 'ce-type': 'network.notifi.lambda.parser.failed', 'ce-correlationid': 'c-1' },
      json: { ...reason, message: 'no such block', original: failedEvent },
    },
  },
  {
    title: 'carries original bytes as base64',
    request: structured({
      ...attributes,
      datacontenttype: 'application/x-behaviour',
      data_base64: Buffer.from('throw permanent').toString('base64'),
    }),
    expect: {
      status: 200,
      headers: { 'ce-type': 'network.notifi.lambda.parser.failed' },
      json: {
        ...reason,
        message: 'bytes refused',
        original: {
          ...attributes,
          datacontenttype: 'application/x-behaviour',
          data_base64: Buffer.from('throw permanent').toString('base64'),
        },
      },
    },
  },
];

const batches: readonly Case[] = [
  {
    title: 'answers a batch with the batch of its replies, in order',
    request: batch([
      askedEvent('a', { do: 'sleep', ms: 60 }),
      askedEvent('b', { do: 'return nothing' }),
      askedEvent('c', { do: 'return', value: 'c' }),
    ]),
    expect: {
      status: 200,
      headers: { 'content-type': 'application/cloudevents-batch+json; charset=utf-8', 'ce-id': null },
      json: [expect.objectContaining(reply({ slept: 60 }, 'a')), expect.objectContaining(reply('c', 'c'))],
    },
  },
  {
    title: 'carries bytes in a batch as base64',
    request: batch([askedEvent('a', { do: 'return bytes', base64: 'AP8B' })]),
    expect: {
      status: 200,
      json: [expect.objectContaining({ id: 'a-reply', datacontenttype: 'application/octet-stream', data_base64: 'AP8B' })],
    },
  },
  {
    title: 'answers 204 to a batch that returns nothing',
    request: batch([askedEvent('a', { do: 'return nothing' }), askedEvent('b', { do: 'return nothing' })]),
    expect: { status: 204, bytes: Buffer.alloc(0) },
  },
  { title: 'answers 204 to an empty batch', request: batch([]), expect: { status: 204, bytes: Buffer.alloc(0) } },
  {
    title: 'carries a permanent failure of one event among the replies of the others',
    request: batch(
      [askedEvent('a', { do: 'throw permanent', message: 'no' }), askedEvent('b', { do: 'return', value: 1 })],
      'Application/CloudEvents-Batch+JSON; charset=UTF-8',
    ),
    expect: {
      status: 200,
      json: [
        expect.objectContaining({ id: 'a-reply', type: 'network.notifi.lambda.parser.failed' }),
        expect.objectContaining(reply(1, 'b')),
      ],
    },
  },
  {
    title: 'answers 500 to a whole batch when one event fails, so that a broker brings it again',
    request: batch([
      askedEvent('a', { do: 'return', value: 1 }),
      askedEvent('b', { do: 'throw', message: 'not now' }),
      askedEvent('c', { do: 'throw', message: 'later' }),
    ]),
    expect: { status: 500, problem: { status: 500, code: 'FUNCTION_ERROR', retryable: true, detail: 'not now', event_id: 'b' } },
  },
];

export const replies: readonly Case[] = [...results, ...identity, ...permanent, ...batches];
