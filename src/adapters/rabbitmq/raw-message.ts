// What is no event, kept as it came: the bytes are the body, and the headers one text, since they are for a person.
import type { Message } from 'amqplib';
import { plainText } from '../../core/plain-text.ts';
import type { RawMessage } from '../../core/letter.ts';
import type { Outgoing } from './event-message.ts';

export type Headers = Record<string, unknown>;
export type Received = Pick<Message, 'content' | 'properties'>;

/** On what we stored and is no event: the headers it came with. */
export const rawHeader = 'x-dlq-raw-headers';
const maxRawHeaders = 8_192;

/** What RabbitMQ and we write on a message as it moves: it differs each time, and the letter is the same. */
const moving = /^x-(?:dlq-|stream-|opt-|delivery-count$|acquired-count$|death$|last-death-)/;

/** Headers of what is no event, as text: they are for a person. */
export const rawOf = ({ content, properties }: Received): RawMessage => {
  const headers: Headers = properties.headers ?? {};
  const kept = headers[rawHeader];
  const own = Object.entries(headers).filter(([name]) => !moving.test(name));
  const given =
    typeof kept === 'string' ? parseHeaders(kept) : Object.fromEntries(own.map(([name, value]) => [name, asText(value)]));
  return {
    bytes: content,
    ...(typeof properties.contentType === 'string' && properties.contentType !== ''
      ? { contentType: properties.contentType }
      : {}),
    headers: given,
  };
};

export const asText = (value: unknown): string => {
  if (typeof value === 'string') return plainText(value, 256);
  try {
    return plainText(JSON.stringify(value ?? null), 256);
  } catch {
    // What came in one piece may still be nested too deep to be written down.
    return '(too deep)';
  }
};

const parseHeaders = (text: string): Record<string, string> => {
  try {
    return Object.fromEntries(Object.entries(JSON.parse(text) as Headers).map(([name, value]) => [name, asText(value)]));
  } catch {
    return {};
  }
};

const rawHeadersText = (headers: Readonly<Record<string, string>>): string => {
  const kept: [string, string][] = [];
  let length = 2;
  for (const [name, value] of Object.entries(headers)) {
    const entry: [string, string] = [plainText(name, 128), plainText(value, 256)];
    length += Buffer.byteLength(JSON.stringify(entry));
    if (length > maxRawHeaders) break;
    kept.push(entry);
  }
  return JSON.stringify(Object.fromEntries(kept));
};

export const messageFromRaw = ({ bytes, contentType, headers }: RawMessage): Outgoing => ({
  content: bytes,
  properties: {
    persistent: true,
    ...(contentType !== undefined && Buffer.byteLength(contentType) <= 255 ? { contentType } : {}),
    headers: { [rawHeader]: rawHeadersText(headers) },
  },
});
