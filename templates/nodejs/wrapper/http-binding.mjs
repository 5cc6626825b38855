// CloudEvents HTTP binding 1.0.2: which of the three modes a request is in, and the events it carries.
import { checkAttribute, checkComplete, refuseAttribute } from './attributes.mjs';
import { decodeHeaderValue } from './header-value.mjs';
import { fromJson, parseJson } from './json-format.mjs';
import { readMediaType } from './media-type.mjs';
import { Refusal } from './problem.mjs';

/**
 * @typedef {{ specversion: string, id: string, source: string, type: string, data?: unknown, [attribute: string]: unknown }} Event
 *   every attribute and extension by its wire name; data is absent, a JSON value, or bytes
 * @typedef {{ events: Event[], batch: boolean, traceparent: string | undefined }} Message
 */

/** Where in name, value, name, value the attributes are, and what else matters. */
function readHeaders(raw) {
  const found = { attributesAt: /** @type {number[]} */ ([]), contentType: '', traceparent: undefined };
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at];
    if ((name.charCodeAt(0) | 32) === 99 && (name.charCodeAt(1) | 32) === 101 && name[2] === '-') found.attributesAt.push(at);
    else if (name.length === 12 && found.contentType === '' && name.toLowerCase() === 'content-type')
      found.contentType = raw[at + 1];
    else if (name.length === 11 && name.toLowerCase() === 'traceparent') found.traceparent = raw[at + 1];
  }
  return found;
}

function readData(contentType, body) {
  if (body.length === 0) return undefined;
  const { kind } = readMediaType(contentType);
  if (kind === 'json') return parseJson(body, 'data');
  if (kind === 'bytes') return body;
  const text = body.toString('utf8');
  // Text that is no UTF-8, whatever it says, is handed over as it came.
  return text.includes('\ufffd') && !Buffer.from(text).equals(body) ? body : text;
}

function readBinary(raw, { attributesAt, contentType }, body) {
  const event = {};
  for (const at of attributesAt) {
    const name = raw[at].slice(3).toLowerCase();
    if (name === 'datacontenttype') refuseAttribute(name, 'is carried by Content-Type in binary mode');
    const value = decodeHeaderValue(name, raw[at + 1]);
    checkAttribute(name, value);
    if (Object.hasOwn(event, name))
      throw new Refusal('DUPLICATE_ATTRIBUTE', `Header "ce-${name.slice(0, 64)}" is given twice`, name.slice(0, 64));
    event[name] = value;
  }
  checkComplete(event);
  if (contentType !== '') {
    checkAttribute('datacontenttype', contentType);
    event.datacontenttype = contentType;
  }
  const data = readData(contentType, body);
  if (data !== undefined) event.data = data;
  return event;
}

/** The whole batch is judged before any event of it is handled: a sender that repeats it after a refusal repeats nothing. */
function readBatch(body) {
  const members = parseJson(body, 'body');
  if (!Array.isArray(members)) throw new Refusal('INVALID_ENVELOPE', 'A batch is a JSON array of events', 'body');
  return members.map((member, index) => {
    try {
      return fromJson(member);
    } catch (refusal) {
      refusal.index = index;
      throw refusal;
    }
  });
}

/**
 * @param {string[]} rawHeaders
 * @param {Buffer} body
 * @returns {Message}
 */
export function readMessage(rawHeaders, body) {
  const headers = readHeaders(rawHeaders);
  const { traceparent, contentType } = headers;
  const { name, utf8 } = readMediaType(contentType);
  if (!name.startsWith('application/cloudevents'))
    return { events: [readBinary(rawHeaders, headers, body)], batch: false, traceparent };
  if (!utf8) throw new Refusal('UNSUPPORTED_MEDIA_TYPE', 'The charset of an event in JSON format must be UTF-8', 'content-type');
  if (name === 'application/cloudevents+json') return { events: [fromJson(parseJson(body, 'body'))], batch: false, traceparent };
  if (name === 'application/cloudevents-batch+json') return { events: readBatch(body), batch: true, traceparent };
  throw new Refusal('UNSUPPORTED_MEDIA_TYPE', 'Of the CloudEvents formats only JSON is spoken here', 'content-type');
}
