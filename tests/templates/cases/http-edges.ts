// HTTP itself: probes, body limit, odd but legal requests. The limit of this process is 1 MiB (see suites/table.ts).
import { attributes, binary, minimal, structured, type Case } from './case.ts';

export const bodyLimit = 1024 * 1024;
const tooLarge = { status: 413, problem: { status: 413, code: 'BODY_TOO_LARGE', retryable: false } };

function octets(count: number): Case['request'] {
  return binary({ 'content-type': 'text/plain' }, 'x'.repeat(count));
}

export const httpEdges: readonly Case[] = [
  {
    title: 'says that it is alive',
    request: { method: 'GET', path: '/healthz' },
    expect: { status: 200, json: { status: 'ok' } },
  },
  {
    title: 'says that it is ready',
    request: { method: 'GET', path: '/readyz' },
    expect: { status: 200, json: { status: 'ready' } },
  },
  {
    title: 'answers a probe with a query',
    request: { method: 'GET', path: '/readyz?verbose' },
    expect: { status: 200, json: { status: 'ready' } },
  },
  {
    title: 'takes a body of exactly the limit',
    request: octets(bodyLimit),
    expect: { status: 200, report: { data: 'x'.repeat(bodyLimit) } },
  },
  { title: 'answers 413 to one byte more', request: octets(bodyLimit + 1), expect: tooLarge },
  {
    title: 'answers 413 to a chunked body of one byte more',
    request: { ...octets(bodyLimit + 1), chunked: true },
    expect: tooLarge,
  },
  { title: 'answers 413 to four times the limit', request: octets(bodyLimit * 4), expect: tooLarge },
  {
    title: 'answers 413 to a structured event above the limit',
    request: structured({ ...attributes, data: 'x'.repeat(bodyLimit) }),
    expect: tooLarge,
  },
  {
    title: 'takes a body that arrives byte by byte',
    request: { headers: [...minimal, ['content-type', 'application/json']], body: '{"a":"€"}', pieceBytes: 1 },
    expect: { status: 200, report: { data: { a: '€' } } },
  },
  {
    title: 'takes a header value of 4 KiB',
    request: binary({ 'ce-note': 'n'.repeat(4096) }),
    expect: { status: 200, report: { event: { note: 'n'.repeat(4096) } } },
  },
  {
    title: 'takes forty extensions',
    request: binary(Object.fromEntries(Array.from({ length: 40 }, (_, row) => [`ce-x${row}`, `${row}`]))),
    expect: { status: 200, report: { event: Object.fromEntries(Array.from({ length: 40 }, (_, row) => [`x${row}`, `${row}`])) } },
  },
];
