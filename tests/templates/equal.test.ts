// The same request to all languages at once: whatever the answer is, it is the same answer, to the letter of its details.
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { binaryMode } from './cases/binary-mode.ts';
import { attributes, batch, binary, structured, type Case } from './cases/case.ts';
import { failures } from './cases/failures.ts';
import { refused } from './cases/refused.ts';
import { replies } from './cases/replies.ts';
import { structuredMode } from './cases/structured-mode.ts';
import { buildFunction } from './harness/build.ts';
import { startFunction, type FunctionProcess } from './harness/function-process.ts';
import type { HttpResponse } from './harness/http-response.ts';
import { removeFolder } from './harness/leaks.ts';
import { send, type HttpRequest } from './harness/raw-http.ts';
import { behaviours, languages, missingTool, type Language } from './languages.ts';

const here: readonly Language[] = Object.values(languages).filter((language) => missingTool(language) === undefined);

/** What differs from one moment, or one language, to the other: times, ids of spans, and how a connection is kept. */
const itsOwn = new Set(['date', 'connection', 'keep-alive', 'content-length', 'ce-time', 'ce-traceparent', 'transfer-encoding']);
const itsOwnMembers = new Set(['time', 'traceparent', 'remainingMs', 'trace_id']);

function comparable(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => !itsOwnMembers.has(name));
  return Object.fromEntries(members.map(([name, member]) => [name, comparable(member)]));
}

function bodyOf(response: HttpResponse): unknown {
  if (!/json/.test(response.headers['content-type'] ?? '')) return response.body.toString('base64');
  const body = response.json() as Record<string, unknown>;
  // What a language says of its own values is its own.
  return body['code'] === 'RESULT_NOT_SERIALIZABLE' ? { ...body, detail: '', trace_id: '' } : comparable(body);
}

const seen = ({ status, headers, ...response }: HttpResponse): unknown => ({
  status,
  headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !itsOwn.has(name))),
  body: bodyOf({ status, headers, ...response }),
});

const tables: readonly Case[] = [...binaryMode, ...structuredMode, ...refused, ...replies, ...failures];

const odd: readonly (readonly [title: string, request: HttpRequest])[] = [
  ['JSON behind a byte order mark', binary({ 'content-type': 'application/json' }, '\ufeff{"a":1}')],
  ['JSON between white space', binary({ 'content-type': 'application/json' }, ' \r\n\t{"a":1}\n ')],
  ['NaN, which JSON does not know', binary({ 'content-type': 'application/json' }, '{"a":NaN}')],
  ['a name that is given twice', structured(`{"id":"1","id":"2","specversion":"1.0","source":"a","type":"b"}`)],
  ['data that is given twice', structured(`{"id":"1","data":1,"specversion":"1.0","source":"a","type":"b","data":2}`)],
  ['an escaped name', structured(`{"\\u0069d":"1","specversion":"1.0","source":"a","type":"b"}`)],
  ['an escaped contextId', binary({ 'content-type': 'application/json' }, '{"contextI\\u0064":"c"}')],
  ['a contextId further down', binary({ 'content-type': 'application/json' }, '{"a":{"contextId":"c"},"b":"contextId"}')],
  ['an empty contextId', binary({ 'content-type': 'application/json' }, '{"contextId":""}')],
  ['an integer as a fraction', structured('{"id":"1","specversion":"1.0","source":"a","type":"b","note":1.0}')],
  ['a lone surrogate in an attribute', structured('{"id":"1","specversion":"1.0","source":"a","type":"b","note":"\\ud800"}')],
  ['a noncharacter in an attribute', structured({ ...attributes, note: '\uffff' })],
  ['two rules broken at once', structured({ ...attributes, time: 'now', note: 1.5, Bad: 'x' })],
  ['a batch within a batch', batch([[attributes]])],
  ['a media type with parameters', binary({ 'content-type': 'application/json;a="b;c";charset=US-ASCII' }, '{}')],
  ['a media type with an empty charset', binary({ 'content-type': 'text/plain; charset=' }, 'x')],
  ['a media type that ends in +json and has no subtype', binary({ 'content-type': 'a/+json' }, '{}')],
  ['a content type of white space', binary({ 'content-type': ' ' }, 'x')],
  [
    'two content types',
    { headers: [...(binary({ 'content-type': 'application/json' }).headers ?? []), ['content-type', 'text/plain']], body: '1' },
  ],
  ['a correlation id that no log should hold', binary({ 'ce-correlationid': 'x'.repeat(129) })],
  ['a trace of a later version', binary({ 'ce-traceparent': '01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more' })],
  ['a trace of zeros', binary({ 'ce-traceparent': `00-${'0'.repeat(32)}-b7ad6b7169203331-01` })],
];

const event = 'ce-specversion: 1.0\r\nce-id: 1\r\nce-source: a\r\nce-type: b\r\n';
const host = 'Host: a\r\n';

/** Bytes on the wire, and the statuses of the answers before the connection is closed. */
const wire: readonly (readonly [title: string, bytes: string, statuses: readonly number[]])[] = [
  ['no Host', `POST / HTTP/1.1\r\n${event}Content-Length: 0\r\nConnection: close\r\n\r\n`, [400]],
  ['HTTP/1.0, which needs no Host', `POST / HTTP/1.0\r\n${event}Content-Length: 0\r\n\r\n`, [200]],
  [
    'two requests at once',
    `GET /healthz HTTP/1.1\r\n${host}\r\nGET /readyz HTTP/1.1\r\n${host}Connection: close\r\n\r\n`,
    [200, 200],
  ],
  ['an empty line before the request', `\r\nGET /healthz HTTP/1.1\r\n${host}Connection: close\r\n\r\n`, [200]],
  ['a space before the colon', `GET /healthz HTTP/1.1\r\n${host}A : b\r\n\r\n`, [400]],
  ['a folded header', `GET /healthz HTTP/1.1\r\n${host}A: b\r\n c\r\n\r\n`, [400]],
  ['a header without a colon', `GET /healthz HTTP/1.1\r\n${host}A\r\n\r\n`, [400]],
  ['a null byte in a header', `GET /healthz HTTP/1.1\r\n${host}A: b\0c\r\n\r\n`, [400]],
  ['a lone carriage return', `GET /healthz HTTP/1.1\r\n${host}A: b\rc\r\n\r\n`, [400]],
  ['two lengths', `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx`, [400]],
  ['a length with a sign', `POST / HTTP/1.1\r\n${host}Content-Length: +1\r\n\r\nx`, [400]],
  [
    'a length beside a transfer coding',
    `POST / HTTP/1.1\r\n${host}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    [400],
  ],
  ['a chunk size that is none', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\nxyz\r\n`, [400]],
  ['a chunk longer than it says', `POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n`, [400]],
  ['no HTTP at all', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', [400]],
  ['a head without end', `GET /healthz HTTP/1.1\r\n${host}A: ${'b'.repeat(20_000)}`, [431]],
];

/** Talks until the other side hangs up. */
function statusesOf(port: number, bytes: string): Promise<number[]> {
  return new Promise((resolve) => {
    let heard = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'latin1')));
    socket.setEncoding('latin1').on('data', (text: string) => (heard += text));
    socket
      .on('error', () => undefined)
      .on('close', () => {
        resolve([...heard.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)));
      });
  });
}

describe('all languages answer alike', () => {
  const running: FunctionProcess[] = [];
  const folders: string[] = [];
  beforeAll(async () => {
    for (const language of here) {
      const folder = await buildFunction(language.name, behaviours(language));
      folders.push(folder);
      running.push(await startFunction(language.name, folder, { environment: { LOG_LEVEL: 'error' } }));
    }
  }, 300_000);
  afterAll(async () => {
    await Promise.all(running.map((one) => one.stop()));
    await Promise.all(folders.map(removeFolder));
  });

  const expectEqual = async (request: HttpRequest): Promise<void> => {
    const answers = await Promise.all(running.map(({ port }) => send(port, request)));
    const [first, ...others] = answers.map((answer, row) => ({ by: here[row]?.name, ...(seen(answer) as object) }));
    for (const other of others) expect(other).toEqual({ ...first, by: other.by });
  };

  test.each(tables)('$title', ({ request }) => expectEqual(request));
  test.each(odd)('%s', (_title, request) => expectEqual(request));

  test.each(wire)('on the wire: %s', async (_title, bytes, statuses) => {
    const heard = await Promise.all(running.map(({ port }) => statusesOf(port, bytes)));
    expect(Object.fromEntries(heard.map((each, row) => [here[row]?.name, each]))).toEqual(
      Object.fromEntries(here.map(({ name }) => [name, statuses])),
    );
  });

  test('whatever a header holds', async () => {
    const values = fc.stringMatching(/^[\x21-\x7e]([ -~\x80-\xff]{0,12}[\x21-\x7e])?$/);
    const names = fc.constantFrom(
      'ce-note',
      'ce-id',
      'ce-source',
      'ce-type',
      'ce-time',
      'ce-subject',
      'ce-specversion',
      'ce-dataschema',
      'content-type',
      'ce-traceparent',
      'ce-correlationid',
    );
    const changes = fc.dictionary(names, values, { minKeys: 1, maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(changes, (changed) => expectEqual(binary(changed, '{"a":1}'))),
      { numRuns: 150 },
    );
  });

  test('whatever an event in JSON holds', async () => {
    const names = fc.constantFrom(
      'id',
      'source',
      'type',
      'specversion',
      'time',
      'datacontenttype',
      'data_base64',
      'note',
      'data',
    );
    const value = fc.oneof(
      fc.jsonValue({ maxDepth: 2 }),
      fc.constantFrom('1.0', 'a/b', '2026-01-01T00:00:00Z', 'AA==', 'text/plain', 2147483647, -2147483649),
    );
    const members = fc.dictionary(names, value, { maxKeys: 3 });
    await fc.assert(
      fc.asyncProperty(members, (changed) => expectEqual(structured({ ...attributes, ...changed }))),
      { numRuns: 150 },
    );
  });

  test('whatever the text of the data is', async () => {
    const text = fc.oneof(fc.json({ maxDepth: 3 }), fc.stringMatching(/^[\][{}",:0-9a-z \\.\-+eE]{0,20}$/));
    await fc.assert(
      fc.asyncProperty(text, (body) => expectEqual(binary({ 'content-type': 'application/json' }, body))),
      { numRuns: 150 },
    );
  });
});
