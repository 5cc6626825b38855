// Where one request ends and the next begins. Whoever could make two readers disagree on that could smuggle a request past the first;
// so each of these gets one definite answer, the connection ends, and what follows is not taken for a request.
import type { Expected } from '../check.ts';
import { attributeHeaders, binary, message, plain, request, type Header } from '../requests.ts';

/** Every answer that comes before the connection is closed. */
export type FramingCase = readonly [sentence: string, bytes: Buffer, answers: readonly Expected[]];

/** A second request that must not be handled: it would be seen in its answer. */
const smuggled = binary({ attributes: { subject: 'smuggled' } });

const withHeaders = (
  headers: readonly Header[],
  body = '',
  behind = smuggled,
  startLine = 'POST /cloudevents HTTP/1.1',
): Buffer => Buffer.concat([message(startLine, [['Host', '127.0.0.1'], ...attributeHeaders(plain), ...headers], body), behind]);

const chunked: Header = ['Transfer-Encoding', 'chunked'];
const none = Buffer.alloc(0);
const end = '0\r\n\r\n';

const taken = { status: 200, outcome: 'skipped' } as const;
const malformed = { status: 400, code: 'MALFORMED_REQUEST' } as const;
const refused = [malformed] as const;
const naming = (field: string): readonly Expected[] => [{ ...malformed, field }];
const raw = (text: string): Buffer => Buffer.concat([Buffer.from(text, 'latin1'), smuggled]);
const head = (lines: string): Buffer => raw(`POST /cloudevents HTTP/1.1\r\nHost: 127.0.0.1\r\nce-id: 1\r\n${lines}\r\n`);

const lengths: readonly FramingCase[] = (
  [
    ['both a length and chunks', [['Content-Length', '6'], chunked], end],
    ['both chunks and a length', [chunked, ['Content-Length', '6']], end],
    [
      'two lengths',
      [
        ['Content-Length', '0'],
        ['Content-Length', '2'],
      ],
      '{}',
    ],
    [
      'two equal lengths',
      [
        ['Content-Length', '2'],
        ['Content-Length', '2'],
      ],
      '{}',
    ],
    ['a list of lengths', [['Content-Length', '2, 2']], '{}'],
    ['a length with a sign', [['Content-Length', '+2']], '{}'],
    ['a length below zero', [['Content-Length', '-1']], '{}'],
    ['a length in hexadecimal', [['Content-Length', '0x2']], '{}'],
    ['a length with a space', [['Content-Length', '2 0']], '{}'],
    ['an empty length', [['Content-Length', '']], '{}'],
    ['a length that is a fraction', [['Content-Length', '2.0']], '{}'],
    ['a length that no number holds', [['Content-Length', '99999999999999999999999']], '{}'],
    ['a length of 2^64', [['Content-Length', '18446744073709551616']], '{}'],
  ] as const
).map(([what, headers, body]) => [`refuses ${what}`, withHeaders(headers, body), refused]);

const codings: readonly FramingCase[] = (
  [
    ['chunked with a coding behind it', 'chunked, identity'],
    ['chunked twice', 'chunked, chunked'],
    ['chunked behind a vertical tab', '\x0bchunked'],
    ['an empty transfer coding', ''],
  ] as const
).map(([what, coding]) => [`refuses ${what}`, withHeaders([['Transfer-Encoding', coding]], end), refused]);

const namedCodings: readonly FramingCase[] = (
  [
    ['a transfer coding that is not chunked', 'identity'],
    ['a transfer coding that looks like chunked', 'xchunked'],
    ['a coding that it does not undo', 'gzip, chunked'],
    ['chunked in quotes', '"chunked"'],
    ['chunked with a parameter', 'chunked;q=1'],
  ] as const
).map(([what, coding]) => [`refuses ${what}`, withHeaders([['Transfer-Encoding', coding]], end), naming('transfer-encoding')]);

const chunks: readonly FramingCase[] = (
  [
    ['a chunk size beyond 64 bits', 'fffffffffffffffff\r\n{}\r\n'],
    ['a chunk size that wraps around to 2', '10000000000000002\r\n{}\r\n'],
    ['a chunk size below zero', '-1\r\n{}\r\n'],
    ['a chunk size with 0x', '0x2\r\n{}\r\n'],
    ['a chunk size with a space before it', ' 2\r\n{}\r\n'],
    ['a chunk size that is no number', 'zz\r\n{}\r\n'],
    ['a chunk size that is empty', '\r\n{}\r\n'],
    ['a chunk size that ends in a bare LF', '2\n{}\r\n'],
    ['a chunk extension that holds a line break', '2;a=\n0\r\n{}\r\n'],
    ['a chunk that is longer than it says', '2\r\n{}xx\r\n'],
    ['a chunk that ends in a bare LF', '2\r\n{}\n'],
  ] as const
).map(([what, text]) => [`refuses ${what}`, withHeaders([chunked], `${text}${end}`), refused]);

const heads: readonly FramingCase[] = [
  ['refuses two transfer codings', withHeaders([chunked, ['Transfer-Encoding', 'identity']], end), refused],
  ['refuses a space before the colon', withHeaders([['Transfer-Encoding ', 'chunked']], end), refused],
  ['refuses a header folded over two lines', head('X-A: a\r\n b\r\nContent-Length: 0\r\n'), refused],
  ['refuses an attribute folded over two lines', head('ce-a: a\r\n\tb\r\nContent-Length: 0\r\n'), refused],
  ['refuses a length hidden in a folded header', head('X-A: a\r\n Content-Length: 2\r\n'), refused],
  ['refuses a header line that ends in a bare LF', head('X-A: a\nContent-Length: 0\r\n'), refused],
  ['refuses bare LFs throughout', Buffer.from(binary().toString('latin1').replaceAll('\r\n', '\n'), 'latin1'), refused],
  ['refuses a bare CR within a header', head('X-A: a\rContent-Length: 2\r\n'), refused],
  ['refuses a NUL within a header', head('X-A: a\0b\r\nContent-Length: 0\r\n'), refused],
  ['refuses a header without a name', head(': a\r\nContent-Length: 0\r\n'), refused],
  ['refuses a header without a colon', head('no colon\r\nContent-Length: 0\r\n'), refused],
  ['refuses a header name with a space', head('X A: a\r\nContent-Length: 0\r\n'), refused],
  ['refuses a header name in another alphabet', head('X-\xe9: a\r\nContent-Length: 0\r\n'), refused],
  [
    'refuses a space before the first header',
    raw('POST /cloudevents HTTP/1.1\r\n Host: 127.0.0.1\r\nContent-Length: 0\r\n\r\n'),
    refused,
  ],
  [
    'refuses a request without a Host',
    Buffer.concat([message('POST /cloudevents HTTP/1.1', [...attributeHeaders(plain), ['Content-Length', '0']]), smuggled]),
    naming('host'),
  ],
  [
    'refuses a request with two Hosts',
    withHeaders([
      ['Host', 'other'],
      ['Content-Length', '0'],
    ]),
    naming('host'),
  ],
  [
    'refuses HTTP/2.0 on a connection of HTTP/1.1',
    withHeaders([['Content-Length', '0']], '', none, 'POST /cloudevents HTTP/2.0'),
    naming('version'),
  ],
  [
    'refuses HTTP/0.9 with headers',
    withHeaders([['Content-Length', '0']], '', none, 'POST /cloudevents HTTP/0.9'),
    naming('version'),
  ],
  ['refuses HTTP/1.2', withHeaders([['Content-Length', '0']], '', smuggled, 'POST /cloudevents HTTP/1.2'), refused],
  ['refuses a version that is none', withHeaders([['Content-Length', '0']], '', smuggled, 'POST /cloudevents HTTP/x'), refused],
  ['refuses a request line without a version', raw('POST /cloudevents\r\nHost: 127.0.0.1\r\n\r\n'), naming('version')],
  ['refuses a raw byte in the request line', raw('POST /cloud\0events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), refused],
  ['refuses a method in lower case', raw('post /cloudevents HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), refused],
  ['refuses a method that it does not know', raw('FROB /cloudevents HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'), refused],
  ['refuses the preface of HTTP/2', raw('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), refused],
  ['refuses the hello of TLS', Buffer.from('1603010200010001fc0303', 'hex'), refused],
  ['refuses an answer', raw('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), refused],
  ['refuses a proxy’s greeting', raw('PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n'), refused],
  [
    'opens no tunnel',
    raw('CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'),
    [{ status: 405, code: 'METHOD_NOT_ALLOWED' }],
  ],
];

const tooLarge = [{ status: 431, code: 'HEADERS_TOO_LARGE' }] as const;
const long = 'a'.repeat(40_000);

const largeHeads: readonly FramingCase[] = [
  ['refuses a header of 40 kB', withHeaders([['X-A', long]]), tooLarge],
  ['refuses a header name of 40 kB', withHeaders([[long, '']]), tooLarge],
  ['refuses an attribute of 40 kB', withHeaders([['ce-a', long]]), tooLarge],
  ['refuses a URL of 40 kB', withHeaders([], '', smuggled, `POST /cloudevents?${long} HTTP/1.1`), tooLarge],
  ['refuses ten thousand headers', withHeaders(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, ''])), tooLarge],
  ['refuses trailers of 40 kB', withHeaders([chunked], `0\r\nX-A: ${long}\r\n\r\n`), tooLarge],
];

const hiding = (method: string, path: string): Buffer => request({ method, path }, [], smuggled);
const last = binary({ headers: [['Connection', 'close']] });
const alive = { status: 200, outcome: 'alive' } as const;
const noEvent = { status: 400, code: 'MISSING_ATTRIBUTE', field: 'specversion' } as const;
const notAllowed = { status: 405, code: 'METHOD_NOT_ALLOWED' } as const;
const notFound = { status: 404, code: 'ROUTE_NOT_FOUND' } as const;

/** Bytes behind a whole request are answered behind its answer, never in its place. */
const inOrder: readonly FramingCase[] = [
  [
    'answers the event, then refuses what is no request behind it',
    Buffer.concat([binary(), Buffer.from('no request\r\n\r\n')]),
    [taken, malformed],
  ],
  ['takes a request within the body of a GET for that body', Buffer.concat([hiding('GET', '/healthz'), last]), [alive, taken]],
  [
    'takes a request within the body of an event for that body',
    Buffer.concat([hiding('POST', '/cloudevents'), last]),
    [noEvent, taken],
  ],
  [
    'takes a request within a body that it does not want for that body',
    Buffer.concat([hiding('PUT', '/cloudevents'), last]),
    [notAllowed, taken],
  ],
  [
    'takes a request within a body that nobody wants for that body',
    Buffer.concat([hiding('POST', '/nothing'), last]),
    [notFound, taken],
  ],
  [
    'answers two events, then refuses what is no request behind them',
    Buffer.concat([binary(), binary(), Buffer.from('no request\r\n\r\n')]),
    [taken, taken, malformed],
  ],
  [
    'answers an event without a length, then refuses the body that it said it had not',
    withHeaders([], '{"a":1}'),
    [taken, malformed],
  ],
  [
    'answers the event that its length cuts off, then refuses the rest of it',
    withHeaders([['Content-Length', '1']], '{}', none),
    [{ status: 400, code: 'INVALID_JSON', field: 'data' }, malformed],
  ],
  [
    'answers an event of HTTP/1.0 and nothing behind it',
    withHeaders([['Content-Length', '0']], '', smuggled, 'POST /cloudevents HTTP/1.0'),
    [taken],
  ],
  [
    'answers the last event that the sender announced as such and nothing behind it',
    withHeaders([
      ['Content-Length', '0'],
      ['Connection', 'close'],
    ]),
    [taken],
  ],
];

export const framing: readonly FramingCase[] = [
  ...lengths,
  ...codings,
  ...namedCodings,
  ...chunks,
  ...heads,
  ...largeHeads,
  ...inOrder,
];
