// The CloudEvents JSON format 1.0.2: events out of JSON, and JSON out of events.
import { checkAttribute, checkComplete } from './attributes.mjs';
import { Refusal } from './problem.mjs';

const { isUtf8 } = process.getBuiltinModule('node:buffer');

/** Deeper nesting is nobody's data, and JSON.stringify runs out of stack on what JSON.parse still reads. */
const deepest = 512;

const codeOf = (character) => character.charCodeAt(0);
const [quote, backslash] = ['"', '\\'].map(codeOf);
const [openObject, openArray, closeObject, closeArray] = ['{', '[', '}', ']'].map(codeOf);

/** Counts brackets; that they match, the parser sees. */
function isTooDeep(text) {
  // Each level takes two characters, and a longer text is none of the usual ones.
  if (text.length <= 2 * deepest) return false;
  let depth = 0;
  let inString = false;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) inString = !inString;
    else if (inString) {
      if (code === backslash) at += 1;
    } else if (code === openObject || code === openArray) {
      depth += 1;
      if (depth > deepest) return true;
    } else if (code === closeObject || code === closeArray) depth -= 1;
  }
  return false;
}

/** One expression for all of it would need stack for every four characters. */
const isBase64 = (text) => text.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(text.replace(/={1,2}$/, ''));

/** @param {'body' | 'data'} field */
export function parseJson(bytes, field) {
  const text = bytes.toString('utf8');
  // What is no UTF-8 becomes this character, which may also have been sent.
  if (!text.includes('\ufffd') || isUtf8(bytes)) {
    try {
      if (isTooDeep(text)) throw new RangeError('nested too deep');
      return JSON.parse(text);
    } catch {
      // refused below, in words of our own: the parser's quote the sender's data
    }
  }
  throw new Refusal('INVALID_JSON', `The ${field} is not valid JSON in UTF-8`, field);
}

function dataOf(members) {
  const encoded = members.data_base64;
  if (encoded === undefined || encoded === null) return members.data;
  if (Object.hasOwn(members, 'data')) {
    throw new Refusal('INVALID_ENVELOPE', 'Only one of "data" and "data_base64" may be present', 'data_base64');
  }
  if (typeof encoded !== 'string' || !isBase64(encoded)) {
    throw new Refusal('INVALID_ENVELOPE', '"data_base64" must be base64 (RFC 4648, section 4)', 'data_base64');
  }
  return Buffer.from(encoded, 'base64');
}

/** @returns {import('./http-binding.mjs').Event} */
export function fromJson(members) {
  if (typeof members !== 'object' || members === null || Array.isArray(members)) {
    throw new Refusal('INVALID_ENVELOPE', 'An event in JSON format is a JSON object', 'event');
  }
  const event = {};
  for (const name of Object.keys(members)) {
    const value = members[name];
    // JSON format 2.2: null stands for an attribute that is not set.
    if (name === 'data' || name === 'data_base64' || value === null) continue;
    checkAttribute(name, value);
    event[name] = value;
  }
  checkComplete(event);
  const data = dataOf(members);
  if (data !== undefined) event.data = data;
  return event;
}

/** @returns {Record<string, unknown>} the event as an object that JSON can say */
export function toJson({ data, ...attributes }) {
  if (data === undefined) return attributes;
  if (data instanceof Uint8Array) return { ...attributes, data_base64: Buffer.from(data).toString('base64') };
  return { ...attributes, data };
}
