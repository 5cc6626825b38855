// The data of an event as JSON or as bytes, whichever is asked for, whichever way it came.
import { isUtf8 } from 'node:buffer';
import type { CloudEvent } from './cloudevent.ts';
import { CodedError } from './errors.ts';

/** Deeper nesting is nobody's data, and JSON.stringify would run out of stack on it. */
const maxDepth = 512;

const jsonMediaType = /^[^;]*[/+]json[ \t]*(?:;|$)/i;
const charset = /;[ \t]*charset="?([^\s;"]*)/i;

/**
 * Whether text of that type is UTF-8, of which US-ASCII is a part. The parameter's name and value are case-insensitive (RFC 2045);
 * without it the text is taken for UTF-8.
 */
export const isUtf8MediaType = (mediaType: string | undefined): boolean => {
  const [, name = 'utf-8'] = charset.exec(mediaType ?? '') ?? [];
  return /^(?:utf-?8|us-ascii)$/i.test(name);
};

/** CloudEvents JSON format 3.1: no datacontenttype means JSON. */
export const isJsonMediaType = (mediaType: string | undefined): boolean =>
  mediaType === undefined || jsonMediaType.test(mediaType);

const depthExceeds = (text: string, limit: number): boolean => {
  if (text.length <= 2 * limit) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const character = text.charCodeAt(i);
    if (inString) {
      if (character === 0x5c) i++;
      else if (character === 0x22) inString = false;
    } else if (character === 0x22) inString = true;
    else if (character === 0x7b || character === 0x5b) {
      if (++depth > limit) return true;
    } else if (character === 0x7d || character === 0x5d) depth--;
  }
  return false;
};

/** @throws CodedError INVALID_JSON, without the parser's message: it quotes the body */
export const parseJson = (bytes: Buffer, field: string): unknown => {
  if (!isUtf8(bytes)) throw new CodedError('INVALID_JSON', `The ${field} is not valid UTF-8`, { field });
  const text = bytes.toString('utf8');
  if (depthExceeds(text, maxDepth))
    throw new CodedError('INVALID_JSON', `The ${field} is nested deeper than ${maxDepth} levels`, { field });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CodedError('INVALID_JSON', `The ${field} is not valid JSON`, { field, cause });
  }
};

/** @throws CodedError UNSUPPORTED_MEDIA_TYPE when the data is not JSON, INVALID_JSON when it claims to be */
export const jsonOf = (event: CloudEvent): unknown => {
  if (event.data === undefined) return undefined;
  if ('json' in event.data) return event.data.json;
  const mediaType = event.datacontenttype;
  if (!isJsonMediaType(mediaType)) {
    throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'The data must be JSON', { field: 'datacontenttype' });
  }
  if (!isUtf8MediaType(mediaType)) {
    throw new CodedError('UNSUPPORTED_MEDIA_TYPE', 'The charset of the data must be UTF-8', { field: 'datacontenttype' });
  }
  return parseJson(event.data.bytes, 'data');
};

/** The data as a binary-mode body; `undefined` when there is none. */
export const bytesOf = (event: CloudEvent): Buffer | undefined => {
  if (event.data === undefined) return undefined;
  if ('bytes' in event.data) return event.data.bytes;
  const { json } = event.data;
  // JSON format 3.1: a string that is not declared as JSON is its own text.
  if (typeof json === 'string' && !isJsonMediaType(event.datacontenttype)) return Buffer.from(json, 'utf8');
  return Buffer.from(JSON.stringify(json), 'utf8');
};
