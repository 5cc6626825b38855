// What was understood of an event, seen from outside: a broker's delivery of a type that nobody handles comes back inside its rejection.
import { decoded } from './header-values.ts';
import { binary, fromBroker, plain, structured, unhandled } from '../requests.ts';

/** The members of the original in the CloudEvents JSON format; `undefined` is one that must not be there. */
export type Understood = readonly [sentence: string, request: Buffer, original: Record<string, unknown>];

const event = { ...plain, type: unhandled };

const inBinary = (body: string | Buffer, contentType: string | undefined): Buffer =>
  binary({ path: fromBroker, attributes: { type: unhandled }, body, contentType });
const inStructured = (members: object): Buffer => structured({ ...event, ...members }, { path: fromBroker });

const jsonKinds: readonly string[] = [
  'false',
  'true',
  '0',
  '-0.5',
  '1e3',
  '""',
  '"text"',
  'null',
  '[]',
  '{}',
  '{"a":[1,{"b":null}]}',
];

const values: readonly Understood[] = decoded.map(([sent, value]) => [
  `understands the header value ${sent} as ${value}`,
  binary({ path: fromBroker, attributes: { type: unhandled }, headers: [['ce-ext', sent]] }),
  { ...event, ext: value },
]);

const structuredData: readonly Understood[] = jsonKinds.map((text) => [
  `keeps ${text} as the data of a structured event`,
  inStructured({ data: JSON.parse(text) as unknown }),
  { ...event, data: JSON.parse(text) as unknown },
]);

const binaryData: readonly Understood[] = jsonKinds
  // Written in another way than JSON.stringify would: such bytes are kept as they are.
  .filter((text) => text !== '1e3')
  .map((text) => [
    `keeps ${text} as the data of a binary event`,
    inBinary(text, 'application/json'),
    { ...event, datacontenttype: 'application/json', data: JSON.parse(text) as unknown },
  ]);

const bytes = Buffer.from([0, 1, 254, 255]);
const base64 = (text: string | Buffer): string => Buffer.from(text as string).toString('base64');

const otherData: readonly Understood[] = [
  ['tells no data from null', inStructured({}), { ...event, data: undefined, data_base64: undefined }],
  ['knows no data in a binary event without a body', inBinary('', undefined), { ...event, data: undefined }],
  [
    'keeps bytes as they are',
    inBinary(bytes, 'application/octet-stream'),
    { ...event, datacontenttype: 'application/octet-stream', data_base64: base64(bytes) },
  ],
  [
    'keeps text as text',
    inBinary('héllo', 'text/plain; charset=utf-8'),
    { ...event, datacontenttype: 'text/plain; charset=utf-8', data: 'héllo' },
  ],
  [
    'keeps text of another charset as bytes',
    inBinary(Buffer.from('h\xe9llo', 'latin1'), 'text/plain; charset=iso-8859-1'),
    { ...event, datacontenttype: 'text/plain; charset=iso-8859-1', data_base64: base64(Buffer.from('h\xe9llo', 'latin1')) },
  ],
  [
    'keeps a number that a double can not hold, digit by digit',
    inBinary('{"n":10000000000000000001}', 'application/json'),
    { ...event, datacontenttype: 'application/json', data_base64: base64('{"n":10000000000000000001}') },
  ],
  [
    'keeps JSON as its sender wrote it, spaces and all',
    inBinary('{ "a": 1e3 }', 'application/json'),
    { ...event, datacontenttype: 'application/json', data_base64: base64('{ "a": 1e3 }') },
  ],
  ['understands data_base64 as bytes', inStructured({ data_base64: base64(bytes) }), { ...event, data_base64: base64(bytes) }],
  [
    'takes base64 of JSON for that JSON, because it is said to be JSON',
    inStructured({ datacontenttype: 'application/json', data_base64: base64('{"a":1}') }),
    { ...event, datacontenttype: 'application/json', data: { a: 1 } },
  ],
  ['takes an empty data_base64 for no bytes', inStructured({ data_base64: '' }), { ...event, data_base64: '' }],
  [
    'keeps a string as the text that it stands for',
    inStructured({ datacontenttype: 'text/plain', data: 'a' }),
    { ...event, datacontenttype: 'text/plain', data: 'a' },
  ],
  [
    'keeps extensions of every kind',
    inStructured({ text: 'a', flag: false, count: -1, nothing: null }),
    { ...event, text: 'a', flag: false, count: -1, nothing: undefined },
  ],
  [
    'keeps an extension called constructor, which is a name as any other',
    binary({ path: fromBroker, attributes: { type: unhandled }, headers: [['ce-constructor', 'mine']] }),
    { ...event, constructor: 'mine' },
  ],
];

export const understood: readonly Understood[] = [...values, ...structuredData, ...binaryData, ...otherData];
