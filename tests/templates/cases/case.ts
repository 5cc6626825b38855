// One row of the shared table: what is sent, and what must come back, in every language.
import type { Header, HttpRequest } from '../harness/raw-http.ts';

export interface Expected {
  readonly status: number;
  /** part of what the test function says it was given (see functions/README.md) */
  readonly report?: Readonly<Record<string, unknown>>;
  /** attributes that must not reach the function */
  readonly absent?: readonly string[];
  /** the answer's body as JSON, to the letter */
  readonly json?: unknown;
  /** the answer's body, byte by byte */
  readonly bytes?: Uint8Array;
  /** response headers; `null` must be absent */
  readonly headers?: Readonly<Record<string, string | RegExp | null>>;
  /** part of the problem document */
  readonly problem?: Readonly<Record<string, unknown>>;
}

export interface Case {
  readonly title: string;
  readonly request: HttpRequest;
  readonly expect: Expected;
}

export const minimal: readonly Header[] = [
  ['ce-specversion', '1.0'],
  ['ce-id', 'event-1'],
  ['ce-source', 'network.notifi.acme-corp'],
  ['ce-type', 'network.notifi.lambda.parser.start'],
];

export const attributes = {
  specversion: '1.0',
  id: 'event-1',
  source: 'network.notifi.acme-corp',
  type: 'network.notifi.lambda.parser.start',
} as const;

export const json: Header = ['content-type', 'application/json'];

/** The minimal event in binary mode, with other or more headers. A value of `null` leaves the header out. */
export function binary(changes: Readonly<Record<string, string | null>>, body?: string | Uint8Array): HttpRequest {
  const headers = minimal.filter(([name]) => !(name in changes));
  for (const [name, value] of Object.entries(changes)) if (value !== null) headers.push([name, value]);
  return body === undefined ? { headers } : { headers, body };
}

export function structured(event: unknown, contentType = 'application/cloudevents+json'): HttpRequest {
  return { headers: [['content-type', contentType]], body: typeof event === 'string' ? event : JSON.stringify(event) };
}

export function batch(events: unknown, contentType = 'application/cloudevents-batch+json'): HttpRequest {
  return structured(events, contentType);
}

/** Asks the test function to do something (see functions/README.md). */
export function asked(
  task: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, string | null>> = {},
): HttpRequest {
  return binary({ 'content-type': 'application/json', ...changes }, JSON.stringify(task));
}

/** The same as an event of a batch. */
export function askedEvent(id: string, task: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return { ...attributes, id, data: task };
}
