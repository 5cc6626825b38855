// Ids reach file names, object names, labels, Dockerfiles and URLs. In every place where one is taken, the same values are refused.
import type { Case } from '../check.ts';
import { binary, plain, request, structured, withData } from '../requests.ts';

const hostile: readonly [value: string, why: string][] = [
  ['', 'empty'],
  ['.', 'the folder itself'],
  ['..', 'the folder above'],
  ['../../etc/passwd', 'a path that climbs'],
  ['/etc/passwd', 'an absolute path'],
  ['a/b', 'a path'],
  ['a\\b', 'a path elsewhere'],
  ['a%2fb', 'a path that somebody would decode'],
  ['a.b', 'two labels of a host name'],
  ['-rf', 'an option of a command'],
  ['_a', 'a line first'],
  ['a b', 'two words of a command'],
  ['a;id', 'two commands'],
  ['$(id)', 'a command'],
  ['`id`', 'a command'],
  ["a'b", 'the end of a quote'],
  ['a"b', 'the end of a quote'],
  ['a\nb', 'two lines of a Dockerfile'],
  ['a\n', 'a line break at its end, where a careless pattern does not look'],
  ['a\u0000b', 'a name that C would cut'],
  ['a\u2028b', 'a line break of JavaScript'],
  ['{{a}}', 'a template'],
  ['*', 'a pattern'],
  ['é', 'no ASCII'],
  ['а', 'a letter that looks like another'],
  ['a'.repeat(101), '101 characters'],
];

const shown = (value: string): string => JSON.stringify(value.length > 20 ? `${value.slice(0, 20)}…` : value);

const inData = (field: string, type: string): Case[] =>
  hostile.map(([value, why]) => [
    `refuses ${shown(value)} as ${field} of ${type}: ${why}`,
    withData(type, { [field]: value }),
    { status: 422, code: 'INVALID_DATA', field: `data.${field}` },
  ]);

/** An empty subject is refused as an attribute, and one with control characters before it is looked at as an id: by the same code. */
const asSubject: readonly Case[] = hostile.map(([value, why]) => [
  `refuses ${shown(value)} as subject: ${why}`,
  structured({ ...plain, subject: value }),
  { status: 400, code: 'INVALID_ATTRIBUTE', field: 'subject' },
]);

/** What is no URI reference is refused as such; the rest is a source of another form, which names no tenant. */
const noUri = /[^!#$%&'()*+,./:;=?@_~A-Za-z0-9[\]-]/;

const asTenantOfSource: readonly Case[] = hostile.map(([value, why]) => [
  `takes no tenant from the source network.notifi.${shown(value)}: ${why}`,
  structured({ ...plain, source: `network.notifi.${value}`, data: { parser_id: plain.subject } }),
  noUri.test(value)
    ? { status: 400, code: 'INVALID_ATTRIBUTE', field: 'source' }
    : { status: 422, code: 'IDENTITY_MISSING', field: 'data.third_party_id' },
]);

/** What a URL can't carry at all never gets here; an empty segment is another path. */
const inPath = (path: (value: string) => string, field: string): Case[] =>
  hostile
    .filter(([value]) => value !== '' && value !== '.' && value !== '..')
    .map(([value, why]) => [
      `refuses ${shown(value)} in the path ${path(':id')}: ${why}`,
      request({ method: 'GET', path: path(encodeURIComponent(value)) }),
      { status: 400, code: 'INVALID_QUERY', field },
    ]);

const inQuery = (field: string): Case[] =>
  hostile.map(([value, why]) => [
    `refuses ${shown(value)} as ${field} in a query: ${why}`,
    request({ method: 'GET', path: `/builds?${field}=${encodeURIComponent(value)}` }),
    { status: 400, code: 'INVALID_QUERY', field: `querystring.${field}` },
  ]);

const climbing: readonly Case[] = [
  [
    'does not walk up from /builds',
    request({ method: 'GET', path: '/builds/../healthz' }),
    { status: 404, code: 'ROUTE_NOT_FOUND' },
  ],
  [
    'does not walk up from /functions',
    request({ method: 'GET', path: '/functions/../../etc/passwd' }),
    { status: 404, code: 'ROUTE_NOT_FOUND' },
  ],
  [
    'does not decode a path twice',
    request({ method: 'GET', path: '/builds/%252e%252e' }),
    { status: 400, code: 'INVALID_QUERY', field: 'params.id' },
  ],
  [
    'takes an encoded slash for a character of an id',
    request({ method: 'GET', path: '/builds/..%2f..%2fetc' }),
    { status: 400, code: 'INVALID_QUERY', field: 'params.id' },
  ],
  [
    'refuses a path that is percent-encoded wrongly',
    request({ method: 'GET', path: '/builds/%zz' }),
    { status: 400, code: 'MALFORMED_REQUEST', field: 'url' },
  ],
  [
    'refuses a path whose bytes are no UTF-8',
    request({ method: 'GET', path: '/builds/%ff' }),
    { status: 400, code: 'MALFORMED_REQUEST', field: 'url' },
  ],
  [
    'refuses a part of a path that is longer than any id',
    request({ method: 'GET', path: `/builds/${'a'.repeat(300)}` }),
    { status: 400, code: 'MALFORMED_REQUEST', field: 'url' },
  ],
];

export const hostileIds: readonly Case[] = [
  ...inData('third_party_id', 'build.start'),
  ...inData('parser_id', 'parser.start'),
  ...inData('build_id', 'build.cancel'),
  ...inData('build_id', 'build.complete'),
  ...asSubject,
  ...asTenantOfSource,
  ...inPath((value) => `/functions/${value}/wire`, 'params.tenant'),
  ...inPath((value) => `/functions/acme/${value}`, 'params.function'),
  ...inPath((value) => `/builds/${value}/logs`, 'params.id'),
  ...inQuery('third_party_id'),
  ...climbing,
  [
    'takes an id of 100 characters',
    binary({ attributes: { subject: 'a'.repeat(100) } }),
    { status: 200, outcome: 'skipped', body: { parser_id: 'a'.repeat(100) } },
  ],
];
