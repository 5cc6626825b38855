// The CloudEvents JSON format 1.0.2 (structured and batched mode, and how events are kept on disk and in the object store).
import { isUtf8 } from 'node:buffer';
import { attributesOf, cloudEvent, type AttributeValue, type CloudEvent, type EventData } from './cloudevent.ts';
import { CodedError } from './errors.ts';
import { isJsonMediaType, isUtf8MediaType, jsonOf } from './event-data.ts';

const refuse = (field: string, message: string): never => {
  throw new CodedError('INVALID_ENVELOPE', message, { field });
};

const dataOf = (members: Record<string, unknown>): EventData | undefined => {
  const encoded = members.data_base64;
  if (encoded === undefined || encoded === null) return 'data' in members ? { json: members.data } : undefined;
  if ('data' in members) refuse('data_base64', 'Only one of "data" and "data_base64" may be present (JSON format, section 3.1)');
  const bytes = typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined;
  // Buffer skips what is not base64; that the bytes are written otherwise shows it.
  if (bytes === undefined || bytes.toString('base64') !== encoded) {
    return refuse('data_base64', '"data_base64" must be base64 (RFC 4648, section 4)');
  }
  return { bytes };
};

/** Section 3.1.1: data that is not declared as JSON is a string, which stands for its bytes in the charset of its type. */
const checkText = (data: unknown, mediaType: string | undefined): void => {
  if (isJsonMediaType(mediaType)) return;
  if (typeof data !== 'string' || !data.isWellFormed()) refuse('data', '"data" must be a string where its type is not JSON');
  if (!isUtf8MediaType(mediaType)) refuse('data', '"data" must be UTF-8; send other charsets as "data_base64"');
};

const attributesIn = (members: Record<string, unknown>): [string, AttributeValue][] => {
  const attributes: [string, AttributeValue][] = [];
  for (const [name, member] of Object.entries(members)) {
    // Section 2.2: null stands for an attribute that is not set.
    if (name === 'data' || name === 'data_base64' || member === null) continue;
    if (typeof member !== 'string' && typeof member !== 'number' && typeof member !== 'boolean') {
      const field = name.slice(0, 64);
      throw new CodedError('INVALID_ATTRIBUTE', `Attribute "${field}" must be a string, an integer or a boolean`, { field });
    }
    attributes.push([name, member]);
  }
  return attributes;
};

/** @throws CodedError when the value is not one event in JSON format */
export const fromJsonFormat = (value: unknown): CloudEvent => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse('event', 'An event in JSON format is a JSON object');
  }
  const members = value as Record<string, unknown>;
  const event = cloudEvent(attributesIn(members), dataOf(members));
  if (event.data !== undefined && 'json' in event.data) checkText(event.data.json, event.datacontenttype);
  return event;
};

/** What the bytes say as a member `data`, if that says exactly the same; `undefined` if only base64 does. */
const memberOf = (bytes: Buffer, mediaType: string | undefined): { data: unknown } | undefined => {
  if (!isUtf8(bytes) || !isUtf8MediaType(mediaType)) return undefined;
  const text = bytes.toString('utf8');
  if (isJsonMediaType(mediaType)) return losslessJson(text);
  return mediaType !== undefined && /^text\//i.test(mediaType) ? { data: text } : undefined;
};

/** The parsed value, if writing it again gives the same text back: 10000000000000001 or a repeated key would not. */
const losslessJson = (text: string): { data: unknown } | undefined => {
  try {
    const data: unknown = JSON.parse(text);
    return JSON.stringify(data) === text ? { data } : undefined;
  } catch {
    return undefined;
  }
};

/** The event as a JSON object; bytes that are neither JSON nor text become `data_base64`. */
export const toJsonFormat = (event: CloudEvent): Record<string, unknown> => {
  const members = Object.fromEntries(attributesOf(event));
  if (event.data === undefined) return members;
  if ('json' in event.data) return { ...members, data: event.data.json };
  const { bytes } = event.data;
  return { ...members, ...(memberOf(bytes, event.datacontenttype) ?? { data_base64: bytes.toString('base64') }) };
};

/** The event for people to read: JSON is shown as such, also where other text says the same, such as 15.0 for 15. Not to be handed on. */
export const toReadableJson = (event: CloudEvent): Record<string, unknown> => {
  try {
    const data = jsonOf(event);
    return data === undefined ? toJsonFormat(event) : toJsonFormat({ ...event, data: { json: data } });
  } catch {
    return toJsonFormat(event);
  }
};
