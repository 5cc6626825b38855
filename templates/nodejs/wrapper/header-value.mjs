// CloudEvents HTTP binding 3.1.3.2: attribute values as header values, and back.
import { checkCharacters, refuseAttribute } from './attributes.mjs';

const plain = /^[\x20\x21\x23\x24\x26-\x7e]*$/;
const quoted = /^"(?:[^"\\]|\\.)*"$/;

function strictUtf8(name, text) {
  const bytes = Buffer.from(text, 'latin1');
  const decoded = bytes.toString('utf8');
  if (decoded.includes('\ufffd') && !Buffer.from(decoded).equals(bytes)) refuseAttribute(name, 'has bytes that are no UTF-8');
  return decoded;
}

/**
 * Double quotes and their escapes first, then one round of percent-decoding. Raw UTF-8 of older senders is taken, too.
 * @returns {string} without characters that the specification forbids
 */
export function decodeHeaderValue(name, raw) {
  if (plain.test(raw)) return raw;
  let value = raw;
  if (value.startsWith('"')) {
    if (!quoted.test(value)) refuseAttribute(name, 'has a double-quoted string without its end (RFC 7230, section 3.2.6)');
    value = value.slice(1, -1).replace(/\\(.)/g, '$1');
  }
  // A percent sign that starts no sequence stays: senders that do not encode are common, and nothing is lost by it.
  value = value.replace(/%([0-9A-Fa-f]{2})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  const decoded = strictUtf8(name, value);
  checkCharacters(name, decoded);
  return decoded;
}

function encodeCharacter(character) {
  let encoded = '';
  for (const byte of Buffer.from(character)) encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return encoded;
}

/** Everything but printable ASCII, and space, quote and percent, is percent-encoded: no value can break out of its header. */
export function encodeHeaderValue(value) {
  return /^[\x21\x23\x24\x26-\x7e]*$/.test(value) ? value : value.replace(/[^\x21-\x7e]|["%]/gu, encodeCharacter);
}
