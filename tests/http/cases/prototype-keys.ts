// Names that every JavaScript object has already: in headers, in JSON and as ids they are names as any other, or none.
import type { Case } from '../check.ts';
import { binary, plain, request, structured, withData } from '../requests.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const inherited = ['constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf'];

const asIds: readonly Case[] = inherited.flatMap((name): Case[] => [
  [
    `takes ${name} as a tenant, and counts its events as anybody's`,
    binary({ attributes: { source: `network.notifi.${name}` } }),
    { ...taken, body: { third_party_id: name } },
  ],
  [`takes ${name} as a function`, binary({ attributes: { subject: name } }), { ...taken, body: { parser_id: name } }],
]);

const polluting =
  '{"__proto__":{"third_party_id":"evil","parser_id":"evil","polluted":true},"constructor":{"prototype":{"polluted":true}}}';

export const prototypeKeys: readonly Case[] = [
  ...asIds,
  [
    'refuses __proto__ as a tenant: it begins with a line',
    binary({ attributes: { source: 'network.notifi.__proto__' } }),
    { status: 422, code: 'IDENTITY_MISSING', field: 'data.third_party_id' },
  ],
  [
    'refuses __proto__ as a function',
    binary({ attributes: { subject: '__proto__' } }),
    { status: 400, code: 'INVALID_ATTRIBUTE', field: 'subject' },
  ],
  [
    'refuses an attribute called __proto__',
    binary({ headers: [['ce-__proto__', 'x']] }),
    { status: 400, code: 'INVALID_ATTRIBUTE', field: '__proto__' },
  ],
  [
    'refuses a structured attribute called __proto__',
    structured(JSON.stringify(plain).replace('{', '{"__proto__":"x",')),
    { status: 400, code: 'INVALID_ATTRIBUTE', field: '__proto__' },
  ],
  [
    'refuses a structured event whose __proto__ would have given it its attributes',
    structured(`{"__proto__":${JSON.stringify(plain)}}`),
    { status: 400, code: 'INVALID_ATTRIBUTE', field: '__proto__' },
  ],
  ['takes an attribute called constructor', binary({ headers: [['ce-constructor', 'x']] }), taken],
  [
    'takes data with prototype keys and reads none of them',
    binary({ body: polluting }),
    { ...taken, body: { third_party_id: 'acme', parser_id: 'wire' } },
  ],
  [
    'finds no identity in the prototype of data',
    binary({ attributes: { source: 'test-cli' }, body: polluting }),
    { status: 422, code: 'IDENTITY_MISSING', field: 'data.third_party_id' },
  ],
  [
    'takes parameters with prototype keys for parameters',
    withData('parser.start', JSON.parse(`{"s3_key":"parsers/none.js","parameters":${polluting}}`)),
    { status: 422, code: 'SOURCE_NOT_FOUND', field: 's3_key' },
  ],
  ['takes a query with prototype keys', request({ method: 'GET', path: '/builds?__proto__=x&constructor=y' }), { status: 200 }],
  [
    'knows no runtime called constructor',
    withData('build.start', { runtime: 'constructor' }),
    { status: 422, code: 'INVALID_DATA', field: 'data.runtime' },
  ],
  [
    'knows no event type called constructor',
    binary({ attributes: { type: 'network.notifi.lambda.constructor' } }),
    { status: 422, code: 'UNKNOWN_EVENT_TYPE', field: 'type' },
  ],
  [
    'is itself as before after all of these',
    binary({ attributes: { source: 'test-cli' } }),
    { status: 422, code: 'IDENTITY_MISSING', field: 'data.third_party_id' },
  ],
];
