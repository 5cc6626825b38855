// The context attributes, judged by the text of CloudEvents 1.0.2, sections 3.1 and the type system.
import type { ErrorCode } from '../../../src/core/errors.ts';
import type { Case } from '../check.ts';
import { binary, plain, structured, type Header } from '../requests.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const refused = (field: string, code: ErrorCode = 'INVALID_ATTRIBUTE') => ({ status: 400, code, field });

const required = ['specversion', 'id', 'source', 'type'] as const;

const missing: readonly Case[] = required.flatMap((name): Case[] => [
  [`refuses an event without ce-${name}`, binary({ attributes: { [name]: undefined } }), refused(name, 'MISSING_ATTRIBUTE')],
  [
    `refuses a structured event without "${name}", and does not take it from a header instead`,
    structured({ ...plain, [name]: undefined }, { headers: [[`ce-${name}`, plain[name]]] }),
    refused(name, 'MISSING_ATTRIBUTE'),
  ],
  [
    `refuses a structured event whose "${name}" is null, which means that it is not set`,
    structured({ ...plain, [name]: null }),
    refused(name, 'MISSING_ATTRIBUTE'),
  ],
  [`refuses an empty ce-${name}`, binary({ attributes: { [name]: '' } }), refused(name)],
  [`refuses a structured event whose "${name}" is a number`, structured({ ...plain, [name]: 1 }), refused(name)],
]);

const values: readonly [name: string, value: string, why: string][] = [
  ['time', 'yesterday', 'no timestamp'],
  ['time', '2018-04-05', 'a date alone'],
  ['time', '2018-02-30T03:56:24Z', 'a day that is in no calendar'],
  ['time', '2018-04-05T03:56:24', 'a time without an offset'],
  ['time', '2018-04-05T25:00:00Z', 'an hour that no day has'],
  ['source', 'a b', 'no URI reference: it has a space'],
  ['source', 'http://[::1', 'no URI reference: its bracket stays open'],
  ['source', '1:b', 'no URI reference: its first segment has a colon and is no scheme'],
  ['dataschema', '/relative', 'a relative reference'],
  ['dataschema', 'http://schemas.example/a#b', 'a URI with a fragment'],
  ['id', '%00', 'a control character'],
  ['id', 'a%0D%0Ace-evil: 1', 'a line break that would forge a header on the next hop'],
  ['id', '%7F', 'a control character'],
  ['subject', '%C2%80', 'a control character of the second block'],
  ['subject', '%EF%BF%BE', 'a noncharacter'],
  ['id', 'x'.repeat(8193), 'longer than the next hop would take it as a header'],
];

const versions: readonly Case[] = ['0.3', '1.0.2', '9.9', '1', 'latest'].map((specversion): Case => [
  `refuses specversion ${specversion}, whose rules it does not know`,
  binary({ attributes: { specversion } }),
  refused('specversion', 'UNSUPPORTED_SPECVERSION'),
]);

const fine: readonly Case[] = [
  [
    'takes a time with an offset and lower-case letters',
    binary({ attributes: { time: '2018-04-05t03:56:24.123456789+02:00' } }),
    taken,
  ],
  ['takes a leap second', binary({ attributes: { time: '2016-12-31T23:59:60Z' } }), taken],
  ['takes an absolute dataschema', binary({ attributes: { dataschema: 'http://schemas.example/a' } }), taken],
  ['takes attribute headers in any case', binary({ attributes: { id: undefined }, headers: [['CE-ID', '1']] }), taken],
  [
    'takes an id of any characters, because nothing is made of it but a hash',
    binary({ attributes: { id: '../../etc/passwd' } }),
    taken,
  ],
];

export const attributes: readonly Case[] = [
  ...missing,
  ...versions,
  ...values.map(([name, value, why]): Case => [
    `refuses a ${name} that is ${why} (${value.slice(0, 40)})`,
    binary({ attributes: { [name]: name === 'source' ? value.replace(' ', '%20') : value } }),
    refused(name),
  ]),
  ['refuses half of a character in a structured attribute', structured({ ...plain, subject: '\ud800' }), refused('subject')],
  ...fine,
];

const twice = (name: string, value: string, other = value): Case => [
  `refuses ${name} that is given twice${value === other ? ', even with equal values' : ''}, because two readers may choose differently`,
  binary({
    headers: [
      [name, value],
      [name.toUpperCase(), other],
    ],
  }),
  refused(name === 'ce-id' ? 'id' : 'someextension', 'DUPLICATE_ATTRIBUTE'),
];

export const duplicates: readonly Case[] = [
  ['refuses ce-id that is given twice', binary({ headers: [['ce-id', 'other']] }), refused('id', 'DUPLICATE_ATTRIBUTE')],
  [
    'refuses ce-id that is given twice in different case',
    binary({ headers: [['CE-Id', plain.id]] }),
    refused('id', 'DUPLICATE_ATTRIBUTE'),
  ],
  twice('ce-someextension', 'a'),
  twice('ce-someextension', 'a', 'b'),
  [
    'refuses ce-datacontenttype beside Content-Type, which carries it (section 3.1.1)',
    binary({ headers: [['ce-datacontenttype', 'application/json']], body: '{}' }),
    refused('datacontenttype'),
  ],
  [
    'refuses ce-datacontenttype alone, which would be read by some and not by others',
    binary({ headers: [['ce-datacontenttype', 'application/json']] }),
    refused('datacontenttype'),
  ],
  [
    'refuses two Content-Types, one of which would make the request structured',
    binary({ headers: [['Content-Type', 'application/cloudevents+json']], body: '{}' }),
    refused('content-type', 'DUPLICATE_ATTRIBUTE'),
  ],
  [
    'refuses an attribute that is given again behind more headers than anybody counts',
    binary({ headers: [...Array.from({ length: 900 }, (): Header => ['x', '']), ['ce-id', 'other']] }),
    refused('id', 'DUPLICATE_ATTRIBUTE'),
  ],
  [
    'refuses a name that is twice in a structured event, of which another reader may take the other',
    structured(JSON.stringify(plain).replace('{', '{"id":"first",')),
    refused('id', 'DUPLICATE_ATTRIBUTE'),
  ],
];

export const extensions: readonly Case[] = [
  ['refuses an extension header with an underscore', binary({ headers: [['ce-some_name', '1']] }), refused('some_name')],
  ['refuses an extension header with a hyphen', binary({ headers: [['ce-some-name', '1']] }), refused('some-name')],
  ['refuses a header that is ce- alone', binary({ headers: [['ce-', '1']] }), refused('')],
  ['refuses an extension called data, which is no attribute', binary({ headers: [['ce-data', '1']] }), refused('data')],
  ['refuses an upper-case name in a structured event', structured({ ...plain, someName: '1' }), refused('someName')],
  ['refuses an extension that is an object', structured({ ...plain, some: {} }), refused('some')],
  ['refuses an extension that is an array', structured({ ...plain, some: [] }), refused('some')],
  ['refuses an extension that is a fraction', structured({ ...plain, some: 1.5 }), refused('some')],
  [
    'refuses an extension that is an integer of more than 32 bits',
    structured({ ...plain, some: 2_147_483_648 }),
    refused('some'),
  ],
  [
    'takes the least integer, a boolean and null as extensions',
    structured({ ...plain, a: -2_147_483_648, b: false, c: null }),
    taken,
  ],
  [
    'names at most 64 characters of a name that is longer, so that an answer does not grow with the attack',
    binary({ headers: [[`ce-${'x'.repeat(5000)}_`, '1']] }),
    refused('x'.repeat(64)),
  ],
];
