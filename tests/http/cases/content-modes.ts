// Which of the three modes a request is in, and what becomes of a body that is not what its mode says (HTTP binding, section 3).
import { expect } from '@jest/globals';
import type { Case } from '../check.ts';
import { batch, batchType, binary, plain, request, structured } from '../requests.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const event = (id: string): object => ({ ...plain, id });
const withoutId = { ...plain, id: undefined };

export const contentModes: readonly Case[] = [
  ['takes an event in binary mode', binary(), { ...taken, body: { third_party_id: 'acme', parser_id: 'wire' } }],
  ['takes an event in structured mode', structured(plain), { ...taken, body: { third_party_id: 'acme', parser_id: 'wire' } }],
  ['takes events at /, where older senders post them', binary({ path: '/' }), taken],
  ['takes events at /events, where older senders post them', binary({ path: '/events' }), taken],
  [
    'believes the payload of a structured event and not the ce- headers beside it, because a gateway may have left old ones',
    structured(plain, { headers: [['ce-subject', 'other']] }),
    { ...taken, body: { parser_id: 'wire' } },
  ],
  [
    'knows the structured mode by any case of its media type',
    structured(plain, { contentType: 'Application/CloudEvents+JSON' }),
    taken,
  ],
  [
    'is not led into structured mode by a parameter of another media type',
    binary({ contentType: 'text/plain; x="application/cloudevents+json"', body: '{}' }),
    { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', field: 'datacontenttype' },
  ],
  [
    'tells how to send an event when a request carries none',
    request({}, [['Content-Type', 'application/json']], '{}'),
    { status: 400, code: 'MISSING_ATTRIBUTE', field: 'specversion' },
  ],
  [
    'tells the same when there is no body either',
    request({}, [], ''),
    { status: 400, code: 'MISSING_ATTRIBUTE', field: 'specversion' },
  ],
  [
    'takes a form for no event',
    request({}, [['Content-Type', 'application/x-www-form-urlencoded']], 'specversion=1.0&id=1'),
    { status: 400, code: 'MISSING_ATTRIBUTE', field: 'specversion' },
  ],
  ...[
    'application/cloudevents',
    'application/cloudevents+avro',
    'application/cloudevents+xml',
    'application/cloudevents-batch+avro',
  ].map((contentType): Case => [
    `refuses ${contentType}, a format that it does not read, instead of taking it for data`,
    structured(plain, { contentType }),
    { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', field: 'content-type' },
  ]),
  ['refuses a structured event without a body', structured(''), { status: 400, code: 'INVALID_JSON', field: 'body' }],
  [
    'refuses a structured event that is cut off',
    structured('{"specversion":"1.0"'),
    { status: 400, code: 'INVALID_JSON', field: 'body' },
  ],
  [
    'refuses JSON with something behind it',
    structured(`${JSON.stringify(plain)} {}`),
    { status: 400, code: 'INVALID_JSON', field: 'body' },
  ],
  [
    'refuses a byte order mark before the JSON, which RFC 8259 forbids to send',
    structured(`\ufeff${JSON.stringify(plain)}`),
    { status: 400, code: 'INVALID_JSON', field: 'body' },
  ],
  [
    'refuses JSON that is not UTF-8, instead of handing on replacement characters',
    structured(Buffer.from('{"specversion":"1.0","id":"caf\xe9"}', 'latin1')),
    { status: 400, code: 'INVALID_JSON', field: 'body' },
  ],
  [
    'refuses JSON that is nested deeper than anybody needs, before the parser runs out of stack',
    structured('['.repeat(5_000_000)),
    { status: 400, code: 'INVALID_JSON', field: 'body' },
  ],
  ...['[]', 'null', '"event"', '1', 'true'].map((text): Case => [
    `refuses ${text} as a structured event`,
    structured(text),
    { status: 400, code: 'INVALID_ENVELOPE', field: 'event' },
  ]),
  [
    'refuses a body under a content coding, which it would take for broken data',
    binary({ headers: [['Content-Encoding', 'gzip']], body: '{}' }),
    { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', field: 'content-encoding' },
  ],
  ['takes a body whose content coding is none', binary({ headers: [['Content-Encoding', 'identity']] }), taken],
];

const ok = { http_status: 200, status: 'skipped' };

export const batches: readonly Case[] = [
  [
    'answers a batch with one result for each event, in their order',
    batch([event('a'), event('b')]),
    { status: 200, body: [ok, ok] },
  ],
  ['answers an empty batch with no results, because it is a valid batch', batch([]), { status: 200, body: [] }],
  [
    'answers 207 when one of three is broken, and handles the other two',
    batch([plain, withoutId, plain]),
    { status: 207, body: [ok, { http_status: 400, code: 'MISSING_ATTRIBUTE', field: 'id', retryable: false }, ok] },
  ],
  [
    'answers 207 when one of two can never succeed',
    batch([{ ...plain, type: 'example.unhandled' }, plain]),
    { status: 207, body: [{ http_status: 422, code: 'UNKNOWN_EVENT_TYPE', field: 'type' }, ok] },
  ],
  [
    'answers 207 with a refusal in each place when nothing in the batch is an event',
    batch([null, 1, 'text', [plain]]),
    { status: 207, body: Array.from({ length: 4 }, () => ({ http_status: 400, code: 'INVALID_ENVELOPE', field: 'event' })) },
  ],
  [
    'gives every result of a batch its correlation id, the broken ones too',
    batch([withoutId, plain]),
    { status: 207, body: [{ correlation_id: expect.any(String) as unknown }, { correlation_id: expect.any(String) as unknown }] },
  ],
  [
    'knows the batched mode by any case of its media type',
    batch([], { contentType: batchType.toUpperCase() }),
    { status: 200, body: [] },
  ],
  ['refuses a batch that is one event', batch(plain), { status: 400, code: 'INVALID_ENVELOPE', field: 'body' }],
  ['refuses a batch that is no JSON', batch('[{]'), { status: 400, code: 'INVALID_JSON', field: 'body' }],
  [
    'refuses a batch of more than a thousand, each of which costs more to refuse than to send',
    batch(`[${Array.from({ length: 1001 }, () => '1').join(',')}]`),
    { status: 413, code: 'BODY_TOO_LARGE', field: 'body' },
  ],
];
