// CloudEvents 1.0.2, section 3: which attributes an event may have and which values they may hold. What breaks a rule is refused,
// not repaired.
import { Refusal } from './problem.mjs';

const longestValue = 8192;
const printableAscii = /^[\x20-\x7e]*$/;
// Section 3.1, type String: no control characters, no lone surrogates, no noncharacters.
const forbidden = /[\u0000-\u001f\u007f-\u009f\p{Surrogate}\p{Noncharacter_Code_Point}]/u;
const uriReference = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const absoluteUri = /^[A-Za-z][A-Za-z0-9+.-]*:/;
const token = "[\\w!#$%&'*+.^`|~-]+";
const mediaType = new RegExp(`^${token}/${token}(?:[ \\t]*;[ \\t]*${token}=(?:${token}|"(?:[^"\\\\]|\\\\.)*"))*[ \\t]*;?$`);
const timestamp =
  /^(\d{4})-(\d\d)-(\d\d)[Tt](?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:[Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;
const extensionName = /^[a-z0-9]+$/;

function isTimestamp(value) {
  const parts = timestamp.exec(value);
  if (parts === null) return false;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day >= 1 && day <= days;
}

export const isMediaType = (value) => value.length <= longestValue && mediaType.test(value);

/** The attributes that the specification names; each checks a value that is text already and returns the rule that it breaks. */
const rules = {
  specversion: () => undefined,
  id: () => undefined,
  source: (value) => (uriReference.test(value) ? undefined : 'must be a URI reference (RFC 3986)'),
  type: () => undefined,
  subject: () => undefined,
  time: (value) => (isTimestamp(value) ? undefined : 'must be a timestamp (RFC 3339)'),
  datacontenttype: (value) => (isMediaType(value) ? undefined : 'must be a media type (RFC 2046)'),
  dataschema: (value) => (uriReference.test(value) && absoluteUri.test(value) ? undefined : 'must be an absolute URI (RFC 3986)'),
};

export function refuseAttribute(name, rule) {
  throw new Refusal('INVALID_ATTRIBUTE', `Attribute "${name.slice(0, 64)}" ${rule}`, name.slice(0, 64));
}

/** Refuses a name that no attribute may have. */
export function checkName(name) {
  if (!extensionName.test(name) || name === 'data') {
    refuseAttribute(name, 'has a name that is not lower-case letters and digits (section 3)');
  }
}

/** Refuses characters that no text may hold. */
export function checkCharacters(name, value) {
  if (!printableAscii.test(value) && forbidden.test(value)) {
    refuseAttribute(name, 'has a character that the specification forbids (section 3.1)');
  }
}

/** Refuses text that the attribute of this name may not hold; name and characters have been checked. */
export function checkText(name, value) {
  if (value.length > longestValue) refuseAttribute(name, `is longer than ${longestValue} characters`);
  if (!Object.hasOwn(rules, name)) return;
  if (value === '') refuseAttribute(name, 'must not be empty');
  const broken = rules[name](value);
  if (broken !== undefined) refuseAttribute(name, broken);
}

/** Refuses an attribute that may not be as it is; in JSON, extensions can be integers and booleans, too. */
export function checkAttribute(name, value) {
  checkName(name);
  if (typeof value === 'string') {
    checkCharacters(name, value);
    return checkText(name, value);
  }
  if (Object.hasOwn(rules, name)) refuseAttribute(name, 'must be a string');
  if (typeof value === 'boolean') return;
  // Section 3.1, type Integer: 32 bits with a sign.
  if (typeof value !== 'number' || value !== (value | 0)) {
    refuseAttribute(name, 'must be a string, a boolean or a 32-bit integer');
  }
}

/** Refuses an event that lacks an attribute, or that is of another version. */
export function checkComplete(event) {
  if (event.specversion === undefined) throw missing('specversion');
  if (event.specversion !== '1.0') {
    throw new Refusal('UNSUPPORTED_SPECVERSION', 'Attribute "specversion" must be "1.0"', 'specversion');
  }
  if (event.id === undefined) throw missing('id');
  if (event.source === undefined) throw missing('source');
  if (event.type === undefined) throw missing('type');
}

function missing(name) {
  return new Refusal('MISSING_ATTRIBUTE', `Attribute "${name}" is required`, name);
}
