// CloudEvents 1.0.2: what an event is and which attribute values the text allows. Nothing is repaired: what breaks a rule is refused.
import { CodedError } from './errors.ts';
import { isTimestamp } from './timestamp.ts';
import { isAbsoluteUri, isUriReference } from './uri.ts';

export type AttributeValue = string | number | boolean;

/** Data is kept in the form it came in, so that what is handed on is not changed by passing through. */
export type EventData = { readonly json: unknown } | { readonly bytes: Buffer };

export type CloudEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject?: string;
  readonly time?: string;
  readonly datacontenttype?: string;
  readonly dataschema?: string;
  readonly extensions: Readonly<Record<string, AttributeValue>>;
  readonly data?: EventData;
};

/** In characters. What passes an event on derives attributes of its own from these, and keeps them as short. */
export const maxAttributeLength = 8192;

const printableAscii = /^[\x20-\x7e]*$/;
// Type System, String: no control characters, no lone surrogates, no noncharacters.
const forbidden = /[\u0000-\u001f\u007f-\u009f\p{Surrogate}\p{Noncharacter_Code_Point}]/u; // eslint-disable-line no-control-regex
const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
const quoted = '"(?:[ !#-\\[\\]-~]|\\\\[ -~])*"';
const mediaType = new RegExp(`^${token}/${token}(?:[ \\t]*;[ \\t]*${token}=(?:${token}|${quoted}))*[ \\t]*;?$`);
const attributeName = /^[a-z0-9]+$/;

const refuse = (name: string, rule: string): never => {
  // The sender chose the name, and may have chosen a very long one.
  const field = name.slice(0, 64);
  throw new CodedError('INVALID_ATTRIBUTE', `Attribute "${field}" ${rule}`, { field });
};

const rules: Record<string, (value: string) => string | undefined> = {
  source: (value) => (isUriReference(value) ? undefined : 'must be a URI reference (RFC 3986)'),
  dataschema: (value) =>
    isAbsoluteUri(value) ? undefined : 'must be an absolute URI without a fragment (RFC 3986, section 4.3)',
  datacontenttype: (value) => (mediaType.test(value) ? undefined : 'must be a media type (RFC 2046)'),
  time: (value) => (isTimestamp(value) ? undefined : 'must be a timestamp (RFC 3339)'),
};

const required = ['specversion', 'id', 'source', 'type'] as const;
const optional = ['subject', 'time', 'datacontenttype', 'dataschema'] as const;
const core: ReadonlySet<string> = new Set([...required, ...optional]);

const checkText = (name: string, value: string): void => {
  if (value.length > maxAttributeLength) refuse(name, `is longer than ${maxAttributeLength} characters`);
  if (!printableAscii.test(value) && forbidden.test(value))
    refuse(name, 'has a character that the specification forbids (Type System, String)');
};

const checkCore = (name: string, value: AttributeValue): void => {
  if (typeof value !== 'string') return refuse(name, 'must be a string');
  if (value === '') return refuse(name, 'must not be empty');
  checkText(name, value);
  const broken = rules[name]?.(value);
  if (broken !== undefined) refuse(name, broken);
};

const checkExtension = (name: string, value: AttributeValue): void => {
  if (!attributeName.test(name)) refuse(name, 'has a name that is not lower-case letters and digits');
  if (name === 'data') refuse(name, 'has a reserved name');
  if (typeof value === 'string') checkText(name, value);
  // Type System, Integer: 32 bits with a sign.
  else if (typeof value === 'number' && value !== (value | 0)) refuse(name, 'must be a 32-bit integer');
};

/**
 * An event out of its attributes, as they were received.
 * @throws CodedError naming the attribute and the rule
 */
export const cloudEvent = (attributes: Iterable<readonly [string, AttributeValue]>, data: EventData | undefined): CloudEvent => {
  const event: Record<string, AttributeValue> = {};
  const extensions: Record<string, AttributeValue> = {};
  for (const [name, value] of attributes) {
    if (core.has(name)) {
      checkCore(name, value);
      event[name] = value;
    } else {
      checkExtension(name, value);
      extensions[name] = value;
    }
  }
  for (const name of required) {
    if (event[name] === undefined) throw new CodedError('MISSING_ATTRIBUTE', `Attribute "${name}" is required`, { field: name });
  }
  if (event.specversion !== '1.0') {
    throw new CodedError('UNSUPPORTED_SPECVERSION', 'Attribute "specversion" must be "1.0"', { field: 'specversion' });
  }
  return { ...event, extensions, ...(data === undefined ? {} : { data }) } as unknown as CloudEvent;
};

/** Every attribute but the data, core attributes first: the inverse of `cloudEvent`. */
export const attributesOf = (event: CloudEvent): [string, AttributeValue][] => {
  const named: [string, AttributeValue][] = [];
  for (const name of [...required, ...optional]) {
    const value = event[name];
    if (value !== undefined) named.push([name, value]);
  }
  return [...named, ...Object.entries(event.extensions)];
};

type EventName = Pick<CloudEvent, 'source' | 'id'>;

/** CloudEvents 1.0.2, attribute id: equal source and id is the same event, sent again. */
export const isSameEvent = (one: EventName, other: EventName): boolean => one.source === other.source && one.id === other.id;
