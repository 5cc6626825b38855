// Ways to send a request that are valid, however rare: each is taken for what it is.
import type { Case } from '../check.ts';
import { attributeHeaders, binary, message, plain, structuredType, type Header } from '../requests.ts';

const taken = { status: 200, outcome: 'skipped' } as const;
const chunkedEvent = (chunks: string, more: readonly Header[] = []): Buffer =>
  message(
    'POST /cloudevents HTTP/1.1',
    [
      ['Host', '127.0.0.1'],
      ...attributeHeaders(plain),
      ['Content-Type', 'application/json'],
      ['Transfer-Encoding', 'chunked'],
      ...more,
    ],
    chunks,
  );

const startingWith = (startLine: string): Buffer =>
  message(startLine, [['Host', '127.0.0.1'], ...attributeHeaders(plain), ['Content-Length', '0']]);

const text = JSON.stringify(plain);

export const transfer: readonly Case[] = [
  ['takes a body in chunks', chunkedEvent('1\r\n{\r\n1\r\n}\r\n0\r\n\r\n'), taken],
  ['takes no chunks for no body', chunkedEvent('0\r\n\r\n'), taken],
  ['takes a chunk size in upper case with leading zeros', chunkedEvent('00000E\r\n{"added": "x"}\r\n0\r\n\r\n'), taken],
  ['passes over chunk extensions', chunkedEvent('2;name=value\r\n{}\r\n0\r\n\r\n'), taken],
  [
    'passes over trailers, of which none becomes an attribute',
    chunkedEvent('2\r\n{}\r\n0\r\nce-subject: other\r\n\r\n'),
    { ...taken, body: { parser_id: 'wire' } },
  ],
  [
    'knows chunked by any case',
    message(
      'POST /cloudevents HTTP/1.1',
      [['Host', 'x'], ...attributeHeaders(plain), ['transfer-encoding', 'CHUNKED']],
      '0\r\n\r\n',
    ),
    taken,
  ],
  [
    'takes a structured event in chunks',
    message(
      'POST /cloudevents HTTP/1.1',
      [
        ['Host', 'x'],
        ['Content-Type', structuredType],
        ['Transfer-Encoding', 'chunked'],
      ],
      `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`,
    ),
    taken,
  ],
  ['passes over empty lines before a request', Buffer.concat([Buffer.from('\r\n\r\n'), binary()]), taken],
  ['takes spaces and tabs around a header value for none', binary({ attributes: { subject: ' \t wire \t ' } }), taken],
  ['takes a URL with a host, as a proxy sends it', startingWith('POST http://elsewhere.example/cloudevents HTTP/1.1'), taken],
  ['takes a path with characters that are encoded without need', startingWith('POST /cloud%65vents HTTP/1.1'), taken],
  ['takes a query that it does not know', startingWith('POST /cloudevents?a=b&%3Cc%3E HTTP/1.1'), taken],
  [
    'takes an event of HTTP/1.0 without a Host',
    message('POST /cloudevents HTTP/1.0', [...attributeHeaders(plain), ['Content-Length', '0']]),
    { ...taken, headers: { connection: 'close' } },
  ],
  ['tells a sender that asks first to go on', binary({ headers: [['Expect', '100-continue']], body: '{}' }), taken],
  ['passes over an expectation that it does not know', binary({ headers: [['Expect', 'miracles']], body: '{}' }), taken],
  [
    'stays with HTTP/1.1 when another protocol is offered',
    binary({
      headers: [
        ['Connection', 'Upgrade'],
        ['Upgrade', 'h2c'],
      ],
    }),
    taken,
  ],
  ['does not let a method be overridden by a header', binary({ headers: [['X-HTTP-Method-Override', 'DELETE']] }), taken],
];
