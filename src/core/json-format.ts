// The CloudEvents JSON format 1.0.2 (structured and batched mode, and how events are kept on disk and in the object store).
import { attributesOf, cloudEvent, type AttributeValue, type CloudEvent, type EventData } from './cloudevent.ts';
import { CodedError } from './errors.ts';
import { isJsonMediaType } from './event-data.ts';
import { isUtf8 } from 'node:buffer';

const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

const refuse = (field: string, message: string): never => {
  throw new CodedError('INVALID_ENVELOPE', message, { field });
};

const dataOf = (members: Record<string, unknown>): EventData | undefined => {
  const encoded = members.data_base64;
  if (encoded === undefined || encoded === null) return 'data' in members ? { json: members.data } : undefined;
  if ('data' in members) refuse('data_base64', 'Only one of "data" and "data_base64" may be present (JSON format 3.1)');
  if (typeof encoded !== 'string' || !base64.test(encoded))
    return refuse('data_base64', '"data_base64" must be base64 (RFC 4648, section 4)');
  return { bytes: Buffer.from(encoded, 'base64') };
};

/** @throws CodedError when the value is not one event in JSON format */
export const fromJsonFormat = (value: unknown): CloudEvent => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return refuse('event', 'An event in JSON format is a JSON object');
  const members = value as Record<string, unknown>;
  const attributes: [string, AttributeValue][] = [];
  for (const [name, member] of Object.entries(members)) {
    // JSON format 2.2: null stands for an attribute that is not set.
    if (name === 'data' || name === 'data_base64' || member === null) continue;
    if (typeof member !== 'string' && typeof member !== 'number' && typeof member !== 'boolean') {
      throw new CodedError('INVALID_ATTRIBUTE', `Attribute "${name.slice(0, 64)}" must be a string, an integer or a boolean`, {
        field: name,
      });
    }
    attributes.push([name, member]);
  }
  return cloudEvent(attributes, dataOf(members));
};

const isText = (mediaType: string | undefined): boolean => /^text\//i.test(mediaType ?? '');

/** The event as a JSON object; bytes that are not JSON or UTF-8 text become `data_base64`. */
export const toJsonFormat = (event: CloudEvent): Record<string, unknown> => {
  const members: Record<string, unknown> = Object.fromEntries(attributesOf(event));
  if (event.data === undefined) return members;
  if ('json' in event.data) return { ...members, data: event.data.json };
  const { bytes } = event.data;
  if (isText(event.datacontenttype) && isUtf8(bytes)) return { ...members, data: bytes.toString('utf8') };
  const json = isJsonMediaType(event.datacontenttype) ? losslessJson(bytes) : undefined;
  return json === undefined ? { ...members, data_base64: bytes.toString('base64') } : { ...members, data: json.value };
};

/** The parsed value, if writing it again gives the same value back: 10000000000000001 or a repeated key would not, and stays as bytes. */
const losslessJson = (bytes: Buffer): { value: unknown } | undefined => {
  const text = bytes.toString('utf8');
  try {
    const value: unknown = JSON.parse(text);
    return JSON.stringify(value) === text ? { value } : undefined;
  } catch {
    return undefined;
  }
};
