// POST /functions/{tenant}/{function}/invoke: a function that answers what it was given, run by the request itself.
import type { Case } from '../check.ts';
import { batch, binary, plain, request, structured, withData } from '../requests.ts';

export const echo = { tenant: 'acme', name: 'echo' };
const path = `/functions/${echo.tenant}/${echo.name}/invoke`;

/** The event that makes it. */
export const startEcho = withData(
  'build.start',
  { s3_key: 'parsers/echo.js' },
  { attributes: { id: 'make-echo', subject: echo.name } },
);

const replied = (data: unknown, headers = {}) => ({
  status: 200,
  headers: {
    'ce-type': 'network.notifi.lambda.parser.complete',
    'ce-source': `network.notifi.${echo.tenant}`,
    'ce-subject': echo.name,
    ...headers,
  },
  body: { data },
});

const json = (body: string): Buffer => request({ path }, [['Content-Type', 'application/json']], body);
const event = { ...plain, subject: echo.name, type: 'network.notifi.lambda.parser.start' };

export const invocation: readonly Case[] = [
  ...['{"a":1}', 'false', '0', '""', '[]', 'null'].map((body): Case => [
    `runs the function with the body ${body} as its data`,
    json(body),
    replied(JSON.parse(body)),
  ]),
  ['runs the function without data', request({ path }, [], ''), replied(null)],
  [
    'runs the function with a binary event, and its reply has an id made of the event’s',
    binary({ path, attributes: { ...event, id: 'wire-2' }, body: '{"a":2}' }),
    replied({ a: 2 }, { 'ce-id': 'wire-2-reply' }),
  ],
  [
    'runs the function with a structured event',
    structured({ ...event, id: 'wire-3', data: { a: 3 } }, { path }),
    replied({ a: 3 }, { 'ce-id': 'wire-3-reply' }),
  ],
  [
    'refuses to run a function with a batch',
    batch([event], { path }),
    { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', field: 'content-type' },
  ],
  [
    'refuses to run a function with half an event',
    binary({ path, attributes: { ...event, id: undefined } }),
    { status: 400, code: 'MISSING_ATTRIBUTE', field: 'id' },
  ],
  [
    'refuses two Content-Types for one body',
    request(
      { path },
      [
        ['Content-Type', 'application/json'],
        ['Content-Type', 'text/plain'],
      ],
      '{}',
    ),
    { status: 400, code: 'DUPLICATE_ATTRIBUTE', field: 'content-type' },
  ],
  [
    'starts the function for an event that names it, because it is there',
    binary({ attributes: { ...event, id: 'wire-4' }, body: '{}' }),
    { status: 202, outcome: 'begun' },
  ],
  [
    'builds nothing for an equal source',
    withData('build.start', { s3_key: 'parsers/echo.js' }, { attributes: { id: 'again', subject: echo.name } }),
    { status: 200, outcome: 'skipped' },
  ],
];
