// The CloudEvents HTTP binding 1.0.2: a request's headers and body as events, and an event as headers and body.
import { isUtf8 } from 'node:buffer';
import { attributesOf, cloudEvent, type CloudEvent } from './cloudevent.ts';
import { CodedError, toCodedError, type ErrorCode } from './errors.ts';
import { bytesOf, isUtf8MediaType, parseJson } from './event-data.ts';
import { fromJsonFormat, toJsonFormat } from './json-format.ts';
import { repeatedNames } from './repeated-names.ts';

export type Received =
  { mode: 'binary' | 'structured'; event: CloudEvent } | { mode: 'batch'; events: (CloudEvent | CodedError)[] };

/** Each refused event of a batch costs far more memory than the two bytes it takes in the body. */
const maxBatchEvents = 1000;

const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

const refuse = (name: string, rule: string, code: ErrorCode = 'INVALID_ATTRIBUTE'): never => {
  const field = name.slice(0, 64);
  throw new CodedError(code, `Header "ce-${field}" ${rule}`, { field });
};

/** The media type alone, without parameters. */
const essenceOf = (contentType = ''): string => contentType.replace(/;.*/s, '').trim().toLowerCase();

/** Section 3: whatever begins so is an event format, known or not. */
const isEventFormat = (mediaType: string): boolean => mediaType.startsWith('application/cloudevents');

const unquote = (field: string, value: string): string => {
  if (!value.startsWith('"')) return value;
  if (!/^"(?:[^"\\]|\\.)*"$/.test(value)) refuse(field, 'has an unbalanced double-quoted string (RFC 7230, section 3.2.6)');
  return value.slice(1, -1).replace(/\\(.)/g, '$1');
};

/** Section 3.1.3.2: unescape double quotes, then one round of percent-decoding; bytes that are not UTF-8 are refused. */
const decodeHeaderValue = (field: string, raw: string): string => {
  if (/[^\x20-\x7e]/.test(raw)) refuse(field, 'has a byte outside of printable ASCII; percent-encode it');
  if (!raw.includes('"') && !raw.includes('%')) return raw;
  const value = unquote(field, raw);
  if (!value.includes('%')) return value;
  const bytes = Buffer.from(
    value.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
  if (!isUtf8(bytes)) refuse(field, 'is percent-encoded from bytes that are not UTF-8');
  return bytes.toString('utf8');
};

const encodeHeaderValue = (value: string): string =>
  value.replace(/[^\x21-\x7e]|["%]/gu, (character) =>
    [...Buffer.from(character, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );

/** The attribute that a header carries, `undefined` for any other header. Header names are case-insensitive (RFC 7230, section 3.2). */
const attributeOf = (header: string | undefined): string | undefined =>
  header?.slice(0, 3).toLowerCase() === 'ce-' ? header.slice(3).toLowerCase() : undefined;

const readBinary = (rawHeaders: readonly string[], contentType: string | undefined, body: Buffer): CloudEvent => {
  const attributes = new Map<string, string>();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = attributeOf(rawHeaders[i]);
    const value = rawHeaders[i + 1];
    if (name === undefined || value === undefined) continue;
    if (attributes.has(name)) refuse(name, 'is given twice', 'DUPLICATE_ATTRIBUTE');
    if (name === 'datacontenttype') refuse(name, 'must not be present in binary mode; Content-Type carries it (section 3.1.1)');
    attributes.set(name, decodeHeaderValue(name, value));
  }
  if (attributes.size === 0) {
    throw new CodedError('MISSING_ATTRIBUTE', 'No CloudEvent: send ce- headers, or Content-Type application/cloudevents+json', {
      field: 'specversion',
    });
  }
  if (contentType !== undefined && contentType !== '') attributes.set('datacontenttype', contentType);
  return cloudEvent(attributes, body.length === 0 ? undefined : { bytes: body });
};

const readMembers = (value: unknown, repeated: string | undefined): CloudEvent => {
  if (repeated === undefined) return fromJsonFormat(value);
  const field = repeated.slice(0, 64);
  throw new CodedError('DUPLICATE_ATTRIBUTE', `Member "${field}" is given twice`, { field });
};

const readBatch = (body: Buffer): (CloudEvent | CodedError)[] => {
  const value = parseJson(body, 'body');
  if (!Array.isArray(value)) throw new CodedError('INVALID_ENVELOPE', 'A batch is a JSON array of events', { field: 'body' });
  if (value.length > maxBatchEvents) {
    throw new CodedError('BODY_TOO_LARGE', `A batch holds at most ${maxBatchEvents} events`, { field: 'body' });
  }
  const repeated = repeatedNames(body, 2);
  return value.map((element, place) => {
    try {
      return readMembers(element, repeated.get(place));
    } catch (thrown) {
      return toCodedError(thrown);
    }
  });
};

/**
 * What a request carries. A broken event in a batch is an error in its place; the others stand.
 * @param rawHeaders name, value, name, value … as they came, so that a repeated header is seen
 * @throws CodedError naming the attribute and the rule
 */
export const readRequest = (rawHeaders: readonly string[], contentType: string | undefined, body: Buffer): Received => {
  const mediaType = essenceOf(contentType);
  if (!isEventFormat(mediaType)) return { mode: 'binary', event: readBinary(rawHeaders, contentType, body) };
  if (!isUtf8MediaType(contentType)) {
    throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'The charset of an event in JSON format must be UTF-8', {
      field: 'content-type',
    });
  }
  if (mediaType === 'application/cloudevents+json') {
    return { mode: 'structured', event: readMembers(parseJson(body, 'body'), repeatedNames(body, 1).get(0)) };
  }
  if (mediaType === 'application/cloudevents-batch+json') return { mode: 'batch', events: readBatch(body) };
  throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'Of the CloudEvents formats only JSON is spoken here', {
    field: 'content-type',
  });
};

export type HttpMessage = { headers: Record<string, string>; body: Buffer };

/** Readers stop at 16 KiB of headers, Node's and many a proxy's, and beside ours there are those of whoever passes the event on. */
const maxHeaderBytes = 8_192;

/** With the colon, the space and the end of the line. */
const bytesOfHeaders = (headers: Readonly<Record<string, string>>): number => {
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) bytes += name.length + value.length + 4;
  return bytes;
};

/** An extension's name is checked again: it becomes a header name. */
const binaryHeaders = (event: CloudEvent): Record<string, string> => {
  const headers: Record<string, string> = {};
  for (const [name, value] of attributesOf(event)) {
    if (!token.test(name)) refuse(name, 'is not a header name');
    if (name === 'datacontenttype') headers['content-type'] = String(value);
    else headers[`ce-${name}`] = encodeHeaderValue(String(value));
  }
  return headers;
};

/**
 * The event so that any reader understands it: in binary mode, or in structured mode where its attributes are too long for headers, and
 * where its data is an event format itself, which a reader would take for the event.
 */
export const writeEvent = (event: CloudEvent): HttpMessage => {
  if (isEventFormat(essenceOf(event.datacontenttype))) return writeStructured(event);
  const headers = binaryHeaders(event);
  if (bytesOfHeaders(headers) > maxHeaderBytes) return writeStructured(event);
  const body = bytesOf(event);
  if (body !== undefined && headers['content-type'] === undefined) headers['content-type'] = 'application/json';
  return { headers, body: body ?? Buffer.alloc(0) };
};

/** The event in structured mode, JSON format. */
export const writeStructured = (event: CloudEvent): HttpMessage => ({
  headers: { 'content-type': 'application/cloudevents+json; charset=utf-8' },
  body: Buffer.from(JSON.stringify(toJsonFormat(event))),
});
