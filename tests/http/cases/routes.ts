// Paths and methods: what is there, what is not, and what a path answers instead.
import { expect } from '@jest/globals';
import type { Case } from '../check.ts';
import { binary, request } from '../requests.ts';

const get = (path: string): Buffer => request({ method: 'GET', path });
const notFound = { status: 404, code: 'ROUTE_NOT_FOUND' } as const;
const notAllowed = (allow: string) => ({ status: 405, code: 'METHOD_NOT_ALLOWED', headers: { allow } }) as const;
const door = 'POST, OPTIONS';
const build = '/builds/0123456789abcdef';

export const routes: readonly Case[] = [
  ...['PUT', 'PATCH', 'DELETE', 'GET', 'TRACE', 'PROPFIND', 'QUERY'].map((method): Case => [
    `does not take events by ${method}, and says what it takes them by`,
    binary({ method }),
    notAllowed(door),
  ]),
  ['does not take events at /healthz', binary({ path: '/healthz' }), notAllowed('GET, HEAD')],
  ['does not put builds', request({ method: 'PUT', path: build }, [], '{}'), notAllowed('GET, HEAD')],
  ['does not post functions', request({ path: '/functions/acme/wire' }, [], '{}'), notAllowed('GET, HEAD, DELETE')],
  ['does not get an invocation', get('/functions/acme/wire/invoke'), notAllowed('POST')],
  ['has no route at /cloudevents/', binary({ path: '/cloudevents/' }), notFound],
  ['has no route at //cloudevents', binary({ path: '//cloudevents' }), notFound],
  ['has no route at /CloudEvents', binary({ path: '/CloudEvents' }), notFound],
  [
    'has no route at /nothing, whatever is sent there',
    binary({ path: '/nothing', body: 'x'.repeat(100_000), contentType: 'garbage' }),
    notFound,
  ],
  ['has no route for a path of many parts', get(`/${'a/'.repeat(2000)}`), notFound],
  ['knows no such build', get(build), { status: 404, code: 'BUILD_NOT_FOUND' }],
  ['knows no logs of such a build', get(`${build}/logs`), { status: 404, code: 'BUILD_NOT_FOUND' }],
  ['follows no logs of such a build', get(`${build}/logs?follow=true`), { status: 404, code: 'BUILD_NOT_FOUND' }],
  ['cancels no such build', request({ path: `${build}/cancel` }, [], ''), { status: 404, code: 'BUILD_NOT_FOUND' }],
  ['knows no such function', get('/functions/acme/none'), { status: 404, code: 'FUNCTION_NOT_FOUND' }],
  [
    'runs no such function',
    request({ path: '/functions/acme/none/invoke' }, [['Content-Type', 'application/json']], '{}'),
    { status: 404, code: 'FUNCTION_NOT_FOUND' },
  ],
  [
    'deletes a function that is not there, which is success',
    request({ method: 'DELETE', path: '/functions/acme/none' }),
    { status: 200, outcome: 'deleted' },
  ],
  ['lists builds', get('/builds?limit=1'), { status: 200, body: { builds: expect.any(Array) as unknown } }],
  ['lists functions', get('/functions'), { status: 200, body: { functions: expect.any(Array) as unknown } }],
  ...(
    [
      ['limit=0', 'limit'],
      ['limit=101', 'limit'],
      ['limit=ten', 'limit'],
      ['limit=1&limit=2', 'limit'],
      ['limit=1e1000', 'limit'],
      ['status=done', 'status'],
      [`cursor=${'a'.repeat(300)}`, 'cursor'],
    ] as const
  ).map(([query, field]): Case => [
    `refuses the query ${query.slice(0, 30)}`,
    get(`/builds?${query}`),
    { status: 400, code: 'INVALID_QUERY', field: `querystring.${field}` },
  ]),
  [
    'refuses a cursor that it did not give',
    get('/builds?cursor=nonsense'),
    { status: 400, code: 'INVALID_QUERY', field: 'cursor' },
  ],
  [
    'refuses an offset that no log has',
    get(`${build}/logs?offset=1e1000`),
    { status: 400, code: 'INVALID_QUERY', field: 'querystring.offset' },
  ],
  [
    'refuses an offset below zero',
    get(`${build}/logs?offset=-1`),
    { status: 400, code: 'INVALID_QUERY', field: 'querystring.offset' },
  ],
];

const origin = ['WebHook-Request-Origin', 'sender.example'] as const;

export const handshake: readonly Case[] = ['/cloudevents', '/', '/events']
  .flatMap((path): Case[] => [
    [
      `allows a sender that asks at ${path} to send, at the tenant's rate`,
      request({ method: 'OPTIONS', path }, [origin, ['WebHook-Request-Rate', '120']]),
      {
        status: 200,
        headers: {
          'webhook-allowed-origin': 'sender.example',
          'webhook-allowed-rate': '6000000',
          allow: expect.stringContaining('POST'),
        },
      },
    ],
    [
      `says what it answers when nobody asks to send at ${path}`,
      request({ method: 'OPTIONS', path }),
      { status: 200, headers: { allow: 'OPTIONS, POST' } },
    ],
  ])
  .concat([
    [
      'hands back no origin that is none',
      request({ method: 'OPTIONS' }, [['WebHook-Request-Origin', '<script>']]),
      { status: 200, headers: { 'webhook-allowed-origin': '*' } },
    ],
  ]);
