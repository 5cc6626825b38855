// Events as the bytes that carry them. The plain one is a build.cancel of a function that has no build: it is handled to its end,
// is answered 200 `skipped`, and leaves nothing behind.

export type Header = readonly [name: string, value: string];

export const prefix = 'network.notifi.lambda.';

/** A type that nobody handles: as a broker's delivery it is answered with what was understood of it. */
export const unhandled = 'example.unhandled';

export const plain = {
  specversion: '1.0',
  id: 'wire-1',
  source: 'network.notifi.acme',
  subject: 'wire',
  type: `${prefix}build.cancel`,
} as const;

/** Exactly these bytes: header values in latin1, as headers are. */
export const message = (startLine: string, headers: readonly Header[], body: string | Buffer = ''): Buffer => {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`${startLine}\r\n${lines}\r\n`, 'latin1'), Buffer.from(body as string)]);
};

export type Target = { method?: string; path?: string };

/** A request with a Host and, where there is a body, its length. */
export const request = (target: Target, headers: readonly Header[] = [], body?: string | Buffer): Buffer => {
  const length: Header[] = body === undefined ? [] : [['Content-Length', String(Buffer.byteLength(body))]];
  const { method = 'POST', path = '/cloudevents' } = target;
  return message(`${method} ${path} HTTP/1.1`, [['Host', '127.0.0.1'], ...headers, ...length], body);
};

export type Binary = Target & {
  /** Beside and instead of the plain ones; `undefined` leaves one out. */
  attributes?: Readonly<Record<string, string | undefined>>;
  headers?: readonly Header[];
  /** `undefined` sends no Content-Type. */
  contentType?: string | undefined;
  body?: string | Buffer;
};

export const attributeHeaders = (attributes: Readonly<Record<string, string | undefined>>): Header[] =>
  Object.entries(attributes).flatMap(([name, value]): Header[] => (value === undefined ? [] : [[`ce-${name}`, value]]));

export const binary = (parts: Binary = {}): Buffer => {
  const { attributes, headers = [], body } = parts;
  const contentType = 'contentType' in parts ? parts.contentType : body === undefined ? undefined : 'application/json';
  const all = attributeHeaders({ ...plain, ...attributes });
  if (contentType !== undefined) all.push(['Content-Type', contentType]);
  return request(parts, [...all, ...headers], body ?? '');
};

/** Binary mode, with data as JSON. */
export const withData = (type: string, data: unknown, parts: Binary = {}): Buffer =>
  binary({ ...parts, attributes: { type: `${prefix}${type}`, ...parts.attributes }, body: JSON.stringify(data) });

export const structuredType = 'application/cloudevents+json; charset=utf-8';
export const batchType = 'application/cloudevents-batch+json; charset=utf-8';

const asText = (value: unknown): string | Buffer =>
  typeof value === 'string' || Buffer.isBuffer(value) ? value : JSON.stringify(value);

/** @param event an object, or the text that is sent as it is */
export const structured = (event: unknown, target: Target & { contentType?: string; headers?: Header[] } = {}): Buffer =>
  request(target, [['Content-Type', target.contentType ?? structuredType], ...(target.headers ?? [])], asText(event));

export const batch = (events: unknown, target: Target & { contentType?: string } = {}): Buffer =>
  structured(events, { contentType: batchType, ...target });

export const fromBroker = '/cloudevents?delivery=broker';
