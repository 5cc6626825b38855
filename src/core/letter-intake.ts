// What arrives at the dead-letter queue, as a letter: which category, whose fault, since when. Everything in it may be hostile.
import type { CloudEvent } from './cloudevent.ts';
import { categoryNamed, categoryOfStatus, isPermanent, type Category } from './dead-letter.ts';
import { toCodedError } from './errors.ts';
import { jsonOf } from './event-data.ts';
import { typePrefix } from './event-type.ts';
import { fromJsonFormat } from './json-format.ts';
import { readTrail, trailExtension, type Trail } from './letter-trail.ts';
import { functionOf, letterIdOf, rawLetterIdOf, type DeadLetter, type RawMessage } from './letter.ts';
import { plainText } from './plain-text.ts';

/** The attempts so far, carried by the event itself: a letter that goes round through the broker keeps its count. */
export const attemptExtension = 'dlqattempt';

/** Said of the delivery that failed; they are no part of the event. */
export const deliveryExtensions: readonly string[] = [
  'knativeerrordest',
  'knativeerrorcode',
  'knativeerrordata',
  attemptExtension,
  trailExtension,
];

export type Arrival = {
  /** Milliseconds since the epoch. */
  now: number;
  /** When the broker first gave it up, if it says so. */
  firstFailedAt?: number;
  /** The queue that gave it up, for the reason. */
  from?: string;
};

const maxAttempt = 1_000_000;

/** A count out of a header: whatever else it is, it is none. */
export const countOf = (value: unknown): number => {
  const count = typeof value === 'string' && /^\d{1,7}$/.test(value) ? Number(value) : value;
  return typeof count === 'number' && count > 0 ? Math.min(Math.trunc(count), maxAttempt) : 0;
};

/** Knative puts the subscriber's answer into the extension, in base64 since 1.0. */
const readableData = (value: unknown): string => {
  if (typeof value !== 'string') return '';
  const decoded = /^[A-Za-z0-9+/]{8,}={0,2}$/.test(value) ? Buffer.from(value, 'base64').toString('utf8') : value;
  return plainText(decoded.includes('\ufffd') ? value : decoded, 256);
};

const withoutDelivery = (event: CloudEvent): CloudEvent => {
  const kept = Object.entries(event.extensions).filter(([name]) => !deliveryExtensions.includes(name));
  return { ...event, extensions: Object.fromEntries(kept) };
};

type Content = { event: CloudEvent } | { raw: RawMessage };
/** Why an event was rejected, by whoever did. The reason may be of any length and hold anything. */
const rejectedType = `${typePrefix}event.rejected`;
const failedType = `${typePrefix}parser.failed`;
/** The one type that a function's trigger hands to it. */
const startType = `${typePrefix}parser.start`;

type Refusal = { category: Category; reason: string };
type Rejection = Refusal & { content: Content };

const isSameFunction = (one: CloudEvent, other: CloudEvent): boolean => {
  const [a, b] = [functionOf(one), functionOf(other)];
  return a.tenant === b.tenant && a.function === b.function;
};

const textsIn = (value: unknown): Record<string, string> => {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
};

const originalOf = (event: CloudEvent, data: Record<string, unknown>): Content | undefined => {
  if (typeof data.original_base64 === 'string') {
    const contentType = typeof data.original_content_type === 'string' ? { contentType: data.original_content_type } : {};
    return {
      raw: { bytes: Buffer.from(data.original_base64, 'base64'), ...contentType, headers: textsIn(data.original_headers) },
    };
  }
  try {
    const original = fromJsonFormat(data.original);
    // A function writes its own replies: it must not be able to have another function's event sent in its name, nor what it was never sent.
    const isItsOwn = event.type !== failedType || original.type === startType;
    const isAbout = isSameFunction(event, original) && event.extensions.causationid === original.id;
    return isItsOwn && isAbout ? { event: original } : undefined;
  } catch {
    return undefined;
  }
};

const isRejection = ({ type }: CloudEvent): boolean => type === rejectedType || type === failedType;

/** Of a rejection. Undefined: it can't be read. */
const dataOf = (event: CloudEvent): Record<string, unknown> | undefined => {
  try {
    return (jsonOf(event) ?? {}) as Record<string, unknown>;
  } catch {
    return undefined;
  }
};

/** A function that says `parser.failed` has had the event, and failed for good: no name that it gives makes that a reason to try again. */
const categoryIn = (event: CloudEvent, data: Record<string, unknown>): Category => {
  const category = categoryNamed(typeof data.category === 'string' ? data.category : undefined);
  return event.type === failedType && !isPermanent(category) ? 'function_error_permanent' : category;
};

const refusalOf = (event: CloudEvent, data: Record<string, unknown>): Refusal => ({
  category: categoryIn(event, data),
  reason: typeof data.message === 'string' ? data.message : 'It was rejected without a message',
});

/** What a reply that is a rejection says of the event that it answers; one that can't be read is a rejection all the same. */
export const refusalIn = (reply: CloudEvent): Refusal | undefined =>
  isRejection(reply) ? refusalOf(reply, dataOf(reply) ?? {}) : undefined;

/** A rejection (`event.rejected`, `parser.failed`) carries the event it is about: that one is the letter. */
const rejectionIn = (event: CloudEvent): Rejection | undefined => {
  const data = isRejection(event) ? dataOf(event) : undefined;
  return data === undefined ? undefined : { ...refusalOf(event, data), content: originalOf(event, data) ?? { event } };
};

const explain = (event: CloudEvent, arrival: Arrival): { category: Category; reason: string } => {
  const { knativeerrorcode: code, knativeerrordata: data } = event.extensions;
  const answer = readableData(data);
  const detail = answer === '' ? '' : `: ${answer}`;
  if (code === undefined) {
    const from = arrival.from === undefined ? '' : ` by queue ${plainText(arrival.from, 128)}`;
    return { category: 'unknown', reason: `It was given up${from} without a status${detail}` };
  }
  const status = Number(code);
  const answered = Number.isInteger(status) && status >= 100 && status <= 599;
  return {
    category: categoryOfStatus(answered ? status : undefined),
    reason: answered ? `The subscriber answered ${status}${detail}` : `The subscriber did not answer${detail}`,
  };
};

/** What the event says of the deliveries before, and the event that was rejected: the higher count is the true one. */
const beforeOf = (event: CloudEvent, content: Content): Trail & { attempts: number } => {
  const about = 'event' in content ? content.event : event;
  const attempts = [event, about].map(({ extensions }) => countOf(extensions[attemptExtension]));
  return { attempts: Math.max(...attempts), ...readTrail(about.extensions[trailExtension]) };
};

/** @param event with the extensions that Knative adds to a dead letter; the letter's event is without them */
export const letterOf = (event: CloudEvent, arrival: Arrival): DeadLetter => {
  const rejection = rejectionIn(event);
  const { category, reason } = rejection ?? explain(event, arrival);
  const { knativeerrordest: failedAt } = event.extensions;
  // Who rejected an event did get it: it goes back to where it came from, the broker.
  const destination = rejection === undefined && typeof failedAt === 'string' ? plainText(failedAt, 2048) : '';
  const content = rejection?.content ?? { event };
  const { attempts, firstFailedAt = Infinity, ...trail } = beforeOf(event, content);
  const facts = {
    category,
    reason: plainText(reason, 512),
    destination,
    attempts,
    firstFailedAt: Math.min(arrival.firstFailedAt ?? arrival.now, arrival.now, firstFailedAt),
    lastFailedAt: arrival.now,
    ...trail,
  };
  if ('raw' in content) return { id: rawLetterIdOf(content.raw), ...facts, category: 'unreadable', raw: content.raw };
  return { id: letterIdOf(content.event, destination), ...facts, event: withoutDelivery(content.event) };
};

/** @param thrown why the bytes are no event */
export const unreadableLetterOf = (raw: RawMessage, thrown: unknown, arrival: Arrival): DeadLetter => ({
  id: rawLetterIdOf(raw),
  category: 'unreadable',
  reason: plainText(toCodedError(thrown).message, 512),
  destination: '',
  attempts: 0,
  firstFailedAt: Math.min(arrival.firstFailedAt ?? arrival.now, arrival.now),
  lastFailedAt: arrival.now,
  raw,
});
