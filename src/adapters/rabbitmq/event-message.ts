// CloudEvents as Knative's RabbitMQ broker publishes them: attributes as headers without a prefix, the data as the body.
// Also read: the AMQP binding's prefixes, and the JSON format.
import type { Message, MessageProperties, Options } from 'amqplib';
import { attributesOf, cloudEvent, type AttributeValue, type CloudEvent } from '../../core/cloudevent.ts';
import { CodedError } from '../../core/errors.ts';
import { parseJson } from '../../core/event-data.ts';
import { readRequest } from '../../core/http-binding.ts';
import { deliveryExtensions } from '../../core/letter-intake.ts';
import { plainText } from '../../core/plain-text.ts';
import { toJsonFormat } from '../../core/json-format.ts';

export type Outgoing = { content: Buffer; properties: Omit<Options.Publish, 'headers'> & { headers: Record<string, unknown> } };

/** The AMQP binding 1.0.2 says `cloudEvents:` or `cloudEvents_`; some senders use HTTP's. */
const prefixes = ['', 'cloudEvents:', 'cloudEvents_', 'ce-', 'ce_'];
const eventFormat = /^[ \t]*application\/cloudevents/i;
const bareName = /^[a-z0-9]+$/;

/** All headers of a message are one frame, of at most 64 KiB in this client: what is larger goes into the body. */
const maxAttributeBytes = 24_576;
/** A header's name, and a property such as the content type, are short strings in AMQP. */
const maxShortBytes = 255;
const isShort = (text: string): boolean => Buffer.byteLength(text) <= maxShortBytes;

/** Tells JSON data from bytes, so that a letter is the same after it was stored. */
const dataHeader = 'x-dlq-data';

/** Headers have types of their own; a timestamp is a moment, and what is no attribute value is refused by its name. */
const attributeOf = (name: string, value: unknown): AttributeValue => {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (isTimestamp(value)) return new Date(value.value * 1000).toISOString();
  throw new CodedError('INVALID_ATTRIBUTE', `Header "${name.slice(0, 64)}" must be a string, an integer or a boolean`, {
    field: name,
  });
};

const isTimestamp = (value: unknown): value is { value: number } =>
  typeof value === 'object' &&
  value !== null &&
  '!' in value &&
  value['!'] === 'timestamp' &&
  'value' in value &&
  typeof value.value === 'number' &&
  Math.abs(value.value) < 8.64e12;

/** A subscriber's answer may hold line ends: that does not make the event one that can't be read. */
const withoutLineEnds = (name: string, value: unknown): unknown =>
  typeof value === 'string' && deliveryExtensions.includes(name) ? plainText(value, 8_192) : value;

const attributesIn = (headers: Record<string, unknown>): [string, AttributeValue][] => {
  const prefix = prefixes.find((candidate) => `${candidate}specversion` in headers);
  if (prefix === undefined)
    throw new CodedError('MISSING_ATTRIBUTE', 'Header "specversion" is required', { field: 'specversion' });
  const attributes: [string, AttributeValue][] = [];
  for (const header of Object.keys(headers)) {
    const value = headers[header];
    if (value === null || value === undefined || !header.startsWith(prefix)) continue;
    const name = prefix === '' ? header : header.slice(prefix.length);
    // Without a prefix any header could be meant; only what can be an attribute is one.
    if (prefix === '' && !bareName.test(name)) continue;
    if (name !== 'datacontenttype') attributes.push([name, attributeOf(header, withoutLineEnds(name, value))]);
  }
  return attributes;
};

const contentTypeOf = (properties: MessageProperties): string | undefined =>
  typeof properties.contentType === 'string' && properties.contentType !== '' ? properties.contentType : undefined;

const structuredEvent = (contentType: string, content: Buffer): CloudEvent => {
  const received = readRequest([], contentType, content);
  if (received.mode !== 'batch') return received.event;
  throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'A message holds one event, not a batch', { field: 'content-type' });
};

/** @throws CodedError when the message is no CloudEvent, naming what breaks which rule */
export const eventFromMessage = ({ content, properties }: Pick<Message, 'content' | 'properties'>): CloudEvent => {
  const contentType = contentTypeOf(properties);
  const headers: Record<string, unknown> = properties.headers ?? {};
  if (contentType !== undefined && eventFormat.test(contentType)) return structuredEvent(contentType, content);
  const attributes = attributesIn(headers);
  if (contentType !== undefined) attributes.push(['datacontenttype', contentType]);
  const isJson = headers[dataHeader] === 'json';
  if (isJson) return cloudEvent(attributes, { json: parseJson(content, 'body') });
  return cloudEvent(attributes, content.length === 0 && headers[dataHeader] !== 'bytes' ? undefined : { bytes: content });
};

const lengthOf = (attributes: readonly [string, AttributeValue][]): number =>
  attributes.reduce(
    (sum, [name, value]) => sum + name.length + 8 + (typeof value === 'string' ? Buffer.byteLength(value) : 8),
    0,
  );

/**
 * Whether the attributes can be headers at all: a frame that breaks AMQP's limits would end the connection, again and again.
 * And data that is an event format itself would be taken for the event.
 */
const fitHeaders = (event: CloudEvent, attributes: readonly [string, AttributeValue][]): boolean =>
  lengthOf(attributes) <= maxAttributeBytes &&
  isShort(event.datacontenttype ?? '') &&
  !eventFormat.test(event.datacontenttype ?? '') &&
  attributes.every(([name]) => isShort(name));

/** The data, and whether it has to be said what it is. */
const bodyOf = ({ data }: CloudEvent): { content: Buffer; form?: 'json' | 'bytes' } => {
  if (data === undefined) return { content: Buffer.alloc(0) };
  if ('json' in data) return { content: Buffer.from(JSON.stringify(data.json)), form: 'json' };
  return data.bytes.length === 0 ? { content: data.bytes, form: 'bytes' } : { content: data.bytes };
};

/** Persistent, and known by the event's id. */
export const messageFromEvent = (event: CloudEvent): Outgoing => {
  const attributes = attributesOf(event);
  const headers: Record<string, unknown> = {};
  const properties: Outgoing['properties'] = { persistent: true, headers };
  if (isShort(event.id)) properties.messageId = event.id;
  if (!fitHeaders(event, attributes)) {
    properties.contentType = 'application/cloudevents+json';
    return { content: Buffer.from(JSON.stringify(toJsonFormat(event))), properties };
  }
  for (const [name, value] of attributes) if (name !== 'datacontenttype') headers[name] = value;
  if (event.datacontenttype !== undefined) properties.contentType = event.datacontenttype;
  const { content, form } = bodyOf(event);
  if (form !== undefined) headers[dataHeader] = form;
  return { content, properties };
};
