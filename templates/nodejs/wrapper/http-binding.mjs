// CloudEvents HTTP binding 1.0.2: which of the three modes a request is in, and the events it carries.
import { checkComplete, checkName, checkText, refuseAttribute } from './attributes.mjs';
import { decodeHeaderValue } from './header-value.mjs';
import { fromJson, parseJson } from './json-format.mjs';
import { readMediaType } from './media-type.mjs';
import { Refusal } from './problem.mjs';

/**
 * @typedef {{ specversion: string, id: string, source: string, type: string, data?: unknown, [attribute: string]: unknown }} Event
 *   every attribute and extension by its wire name; data is absent, a JSON value, or bytes
 * @typedef {{ events: Event[], batch: boolean }} Message
 */

const isAttribute = (header) => header.charCodeAt(0) === 99 && header.charCodeAt(1) === 101 && header.charCodeAt(2) === 45; // ce-

/** node:http joins what is sent twice; which value is the attribute's, nobody can say. */
function refuseRepeated(rawHeaders) {
  const seen = new Set();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at].toLowerCase();
    if (!isAttribute(header)) continue;
    const name = header.slice(3, 67);
    if (seen.has(header)) throw new Refusal('DUPLICATE_ATTRIBUTE', `Header "ce-${name}" is given twice`, name);
    seen.add(header);
  }
}

/**
 * What a header names, and what it held when it was last found right: most attributes of a function's events are always the same,
 * and need no second look. @typedef {{ name: string, remembers: boolean, sent: string | undefined, value: string }} Attribute
 * @type {Map<string, Attribute>}
 */
const attributesOfHeaders = new Map();
/** These are never the same. */
const changing = new Set(['id', 'time', 'traceparent']);

/** @returns {Attribute} */
function newAttribute(header) {
  const name = header.slice(3);
  checkName(name);
  if (name === 'datacontenttype') refuseAttribute(name, 'is carried by Content-Type in binary mode');
  const attribute = { name, remembers: !changing.has(name), sent: undefined, value: '' };
  // A sender chooses the names; only so many are remembered.
  if (attributesOfHeaders.size < 256 && header.length < 64) attributesOfHeaders.set(header, attribute);
  return attribute;
}

function readValue(attribute, sent) {
  if (attribute.sent === sent) return attribute.value;
  const value = decodeHeaderValue(attribute.name, sent);
  checkText(attribute.name, value);
  if (attribute.remembers && sent.length < 512) {
    attribute.sent = sent;
    attribute.value = value;
  }
  return value;
}

function readData({ kind }, body) {
  if (body.length === 0) return undefined;
  if (kind === 'json') return parseJson(body, 'data');
  if (kind === 'bytes') return body;
  const text = body.toString('utf8');
  // Text that is no UTF-8, whatever it says, is handed over as it came.
  return text.includes('\ufffd') && !Buffer.from(text).equals(body) ? body : text;
}

function readBinary(headers, rawHeaders, type, body) {
  const event = {};
  const names = Object.keys(headers);
  if (names.length * 2 !== rawHeaders.length) refuseRepeated(rawHeaders);
  for (const header of names) {
    if (!isAttribute(header)) continue;
    const attribute = attributesOfHeaders.get(header) ?? newAttribute(header);
    event[attribute.name] = readValue(attribute, headers[header]);
  }
  checkComplete(event);
  const contentType = headers['content-type'];
  if (contentType !== undefined && contentType !== '') {
    if (!type.valid) refuseAttribute('datacontenttype', 'must be a media type (RFC 2046)');
    event.datacontenttype = contentType;
  }
  const data = readData(type, body);
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
 * @param {{ headers: Record<string, string>, rawHeaders: string[] }} request
 * @param {Buffer} body
 * @returns {Message}
 */
export function readMessage({ headers, rawHeaders }, body) {
  const type = readMediaType(headers['content-type'] ?? '');
  const { name, utf8 } = type;
  if (!name.startsWith('application/cloudevents')) return { events: [readBinary(headers, rawHeaders, type, body)], batch: false };
  if (!utf8) throw new Refusal('UNSUPPORTED_MEDIA_TYPE', 'The charset of an event in JSON format must be UTF-8', 'content-type');
  if (name === 'application/cloudevents+json') return { events: [fromJson(parseJson(body, 'body'))], batch: false };
  if (name === 'application/cloudevents-batch+json') return { events: readBatch(body), batch: true };
  throw new Refusal('UNSUPPORTED_MEDIA_TYPE', 'Of the CloudEvents formats only JSON is spoken here', 'content-type');
}
