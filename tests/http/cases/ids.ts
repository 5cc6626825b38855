// The ids by which a sender finds its request again: taken from it where it brings good ones, made where it brings none.
import { expect } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { Case } from '../check.ts';
import { binary, plain, request, structured } from '../requests.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const matching = (pattern: RegExp): unknown => expect.stringMatching(pattern);

const child = matching(new RegExp(`^00-${traceId}-(?!b7ad6b7169203331)[0-9a-f]{16}-01$`));
const anyTrace = matching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
const derived = createHash('sha256').update(`${plain.source}\0${plain.id}`).digest('hex').slice(0, 32);

const known = (id: unknown) => ({ headers: { 'x-correlation-id': id }, body: { correlation_id: id } });

const badTraces = [
  `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
  `00-${traceId}-${'0'.repeat(16)}-01`,
  `ff-${traceId}-b7ad6b7169203331-01`,
  `00-${traceId.toUpperCase()}-b7ad6b7169203331-01`,
  `${traceparent}-more`,
  'nonsense',
];

export const ids: readonly Case[] = [
  [
    'answers with the correlation id of the event',
    binary({
      headers: [
        ['ce-correlationid', 'order-7'],
        ['X-Correlation-Id', 'other'],
      ],
    }),
    { ...taken, ...known('order-7') },
  ],
  [
    'answers with the correlation id of the request when the event has none',
    binary({ headers: [['X-Correlation-Id', 'order-8']] }),
    { ...taken, ...known('order-8') },
  ],
  ['derives one from the event when nobody gives any, so that a retry has the same', binary(), { ...taken, ...known(derived) }],
  ['takes no correlation id with spaces', binary({ headers: [['X-Correlation-Id', 'a b']] }), { ...taken, ...known(derived) }],
  [
    'takes no correlation id of 129 characters',
    binary({ headers: [['X-Correlation-Id', 'a'.repeat(129)]] }),
    { ...taken, ...known(derived) },
  ],
  [
    'takes none of two correlation ids',
    binary({
      headers: [
        ['X-Correlation-Id', 'a'],
        ['X-Correlation-Id', 'b'],
      ],
    }),
    { ...taken, ...known(derived) },
  ],
  [
    'refuses with the correlation id of the request',
    binary({ attributes: { type: 'example.unhandled' }, headers: [['X-Correlation-Id', 'order-9']] }),
    { status: 422, code: 'UNKNOWN_EVENT_TYPE', field: 'type', ...known('order-9') },
  ],
  [
    'refuses what it can not read with the ids of the request',
    binary({
      attributes: { id: undefined },
      headers: [
        ['X-Correlation-Id', 'order-10'],
        ['traceparent', traceparent],
      ],
    }),
    {
      status: 400,
      code: 'MISSING_ATTRIBUTE',
      field: 'id',
      headers: { 'x-correlation-id': 'order-10' },
      body: { trace_id: traceId },
    },
  ],
  [
    'knows no route with the ids of the request',
    request(
      { path: '/nothing' },
      [
        ['X-Correlation-Id', 'order-11'],
        ['traceparent', traceparent],
      ],
      '',
    ),
    { status: 404, code: 'ROUTE_NOT_FOUND', headers: { 'x-correlation-id': 'order-11' }, body: { trace_id: traceId } },
  ],
  [
    'goes on with the trace of the event',
    binary({ headers: [['ce-traceparent', traceparent]] }),
    { ...taken, headers: { traceparent: child } },
  ],
  [
    'goes on with the trace of a structured event',
    structured({ ...plain, traceparent }),
    { ...taken, headers: { traceparent: child } },
  ],
  [
    'goes on with the trace of the request when the event has none',
    binary({ headers: [['traceparent', traceparent]] }),
    { ...taken, headers: { traceparent: child } },
  ],
  [
    'goes on with the trace of the request when the event has a broken one',
    binary({
      headers: [
        ['ce-traceparent', 'nonsense'],
        ['traceparent', traceparent],
      ],
    }),
    { ...taken, headers: { traceparent: child } },
  ],
  ['begins a trace when nobody gives any', binary(), { ...taken, headers: { traceparent: anyTrace } }],
  ...badTraces.map((bad): Case => [
    `begins a new trace when it is given ${bad}`,
    binary({ headers: [['traceparent', bad]] }),
    { ...taken, headers: { traceparent: matching(new RegExp(`^00-(?!${traceId})[0-9a-f]{32}-[0-9a-f]{16}-01$`)) } },
  ]),
];
