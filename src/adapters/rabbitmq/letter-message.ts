// A letter as a message, the same in every queue: the event as the broker publishes it, and what we know of it in `x-dlq-` headers.
import type { CloudEvent } from '../../core/cloudevent.ts';
import { categoryNamed } from '../../core/dead-letter.ts';
import { CodedError } from '../../core/errors.ts';
import { countOf, letterOf, unreadableLetterOf, type Arrival } from '../../core/letter-intake.ts';
import { isAttempt } from '../../core/letter-trail.ts';
import { letterIdOf, rawLetterIdOf, type DeadLetter, type DeliveryAttempt, type RawMessage } from '../../core/letter.ts';
import { plainText } from '../../core/plain-text.ts';
import { eventFromMessage, messageFromEvent, type Outgoing } from './event-message.ts';
import { undecodableHeader } from './frame-reader.ts';
import { asText, messageFromRaw, rawHeader, rawOf, type Headers, type Received } from './raw-message.ts';

export const letterHeaders = {
  id: 'x-dlq-id',
  attempt: 'x-dlq-attempt',
  category: 'x-dlq-category',
  reason: 'x-dlq-reason',
  firstFailedAt: 'x-dlq-first-failed-at',
  lastFailedAt: 'x-dlq-last-failed-at',
  destination: 'x-dlq-original-destination',
  history: 'x-dlq-history',
  deferrals: 'x-dlq-deferrals',
  run: 'x-dlq-redrive',
  from: 'x-dlq-redriven-from',
  heldUntil: 'x-dlq-held-until',
  order: 'x-dlq-order',
  rawHeaders: rawHeader,
} as const;

/** Entries of a history that travel with the letter; of a longer one the oldest go first. */
const maxHistory = 64;
const maxHeaderText = 8_192;

const textOf = (value: unknown, maxLength: number): string => (typeof value === 'string' ? plainText(value, maxLength) : '');
const timeOf = (value: unknown, otherwise: number): number => {
  const time = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? otherwise : time;
};

const historyOf = (value: unknown): { history?: readonly DeliveryAttempt[] } => {
  try {
    const entries: unknown = typeof value === 'string' ? JSON.parse(value) : undefined;
    return Array.isArray(entries) && entries.length > 0 ? { history: entries.filter(isAttempt) } : {};
  } catch {
    return {};
  }
};

/** A history that fits into a header, whatever was answered to each attempt. */
const historyText = (history: readonly DeliveryAttempt[]): string => {
  let kept = history.slice(-maxHistory);
  let text = JSON.stringify(kept);
  while (Buffer.byteLength(text) > maxHeaderText && kept.length > 1) {
    kept = kept.slice(1);
    text = JSON.stringify(kept);
  }
  return text;
};

const describe = (headers: Headers, letter: DeadLetter): void => {
  headers[letterHeaders.id] = letter.id;
  headers[letterHeaders.attempt] = letter.attempts;
  headers[letterHeaders.category] = letter.category;
  headers[letterHeaders.reason] = plainText(letter.reason, 512);
  headers[letterHeaders.firstFailedAt] = new Date(letter.firstFailedAt).toISOString();
  headers[letterHeaders.lastFailedAt] = new Date(letter.lastFailedAt).toISOString();
  headers[letterHeaders.destination] = plainText(letter.destination, 2048);
  const { history, deferrals, redrive, held } = letter;
  if (history !== undefined && history.length > 0) headers[letterHeaders.history] = historyText(history);
  if (deferrals !== undefined && deferrals > 0) headers[letterHeaders.deferrals] = deferrals;
  if (redrive !== undefined) {
    headers[letterHeaders.run] = redrive.run;
    if (redrive.from !== undefined) headers[letterHeaders.from] = redrive.from;
  }
  if (held === undefined) return;
  headers[letterHeaders.heldUntil] = new Date(held.dueAt).toISOString();
  if (held.order !== undefined) headers[letterHeaders.order] = held.order;
};

export const messageFromLetter = (letter: DeadLetter): Outgoing => {
  const message = letter.event === undefined ? messageFromRaw(letter.raw) : messageFromEvent(letter.event);
  describe(message.properties.headers, letter);
  return message;
};

/** What RabbitMQ says of the queue that gave the message up. */
const arrivalOf = (headers: Headers, now: number): Arrival => {
  const from = headers['x-first-death-queue'];
  const deaths: unknown = headers['x-death'];
  const first: unknown = Array.isArray(deaths) ? deaths.at(-1) : undefined;
  const time =
    typeof first === 'object' && first !== null && 'time' in first
      ? (first.time as { value?: unknown } | null)?.value
      : undefined;
  return {
    now,
    ...(typeof time === 'number' && time > 0 && time < 8.64e12 ? { firstFailedAt: time * 1000 } : {}),
    ...(typeof from === 'string' ? { from } : {}),
  };
};

/** A position in a stream is no count: it goes far beyond a million. */
const positionOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;

const redriveOf = (headers: Headers): { redrive?: DeadLetter['redrive'] & object } => {
  const run = textOf(headers[letterHeaders.run], 64);
  const from = headers[letterHeaders.from];
  if (run === '') return {};
  return { redrive: from === undefined ? { run } : { run, from: positionOf(from) } };
};

/** Until when a parked letter is only held, and its place in the order. */
export const heldIn = (headers: Headers): { dueAt: number; order?: number } | undefined => {
  const dueAt = timeOf(headers[letterHeaders.heldUntil], NaN);
  const order: unknown = headers[letterHeaders.order];
  if (Number.isNaN(dueAt)) return undefined;
  return typeof order === 'number' ? { dueAt, order: positionOf(order) } : { dueAt };
};

const contentOf = (message: Received): { event: CloudEvent } | { raw: RawMessage } =>
  typeof message.properties.headers?.[letterHeaders.rawHeaders] === 'string'
    ? { raw: rawOf(message) }
    : { event: eventFromMessage(message) };

const idOf = (given: unknown, content: { event: CloudEvent } | { raw: RawMessage }, destination: string): string => {
  if (typeof given === 'string' && /^[0-9a-f]{32}$/.test(given)) return given;
  return 'event' in content ? letterIdOf(content.event, destination) : rawLetterIdOf(content.raw);
};

/** A letter that we stored. Its headers are read as carefully as any other's: whoever may publish may write them. */
const storedLetter = (message: Received, now: number): DeadLetter => {
  const headers: Headers = message.properties.headers ?? {};
  const content = contentOf(message);
  const destination = textOf(headers[letterHeaders.destination], 2048);
  const deferrals = countOf(headers[letterHeaders.deferrals]);
  const held = heldIn(headers);
  return {
    id: idOf(headers[letterHeaders.id], content, destination),
    category: 'event' in content ? categoryNamed(textOf(headers[letterHeaders.category], 64)) : 'unreadable',
    reason: textOf(headers[letterHeaders.reason], 512),
    destination,
    attempts: countOf(headers[letterHeaders.attempt]),
    firstFailedAt: timeOf(headers[letterHeaders.firstFailedAt], now),
    lastFailedAt: timeOf(headers[letterHeaders.lastFailedAt], now),
    ...historyOf(headers[letterHeaders.history]),
    ...(deferrals === 0 ? {} : { deferrals }),
    ...redriveOf(headers),
    ...(held === undefined ? {} : { held }),
    ...content,
  };
};

/** The bytes alone, whatever they are: for what must not be parsed once more. */
export const unparsedLetter = (message: Received, why: string, now: number): DeadLetter => {
  const headers: Headers = message.properties.headers ?? {};
  const error = new CodedError('DEAD_LETTER_UNREADABLE', why);
  return { ...unreadableLetterOf(rawOf(message), error, arrivalOf(headers, now)), ...redriveOf(headers) };
};

/** Never throws: what is no event is a letter too, with its bytes. */
export const letterFromMessage = (message: Received, now: number): DeadLetter => {
  const headers: Headers = message.properties.headers ?? {};
  const undecodable = headers[undecodableHeader];
  if (undecodable !== undefined) return unparsedLetter(message, `Its headers can't be read: ${asText(undecodable)}`, now);
  try {
    if (typeof headers[letterHeaders.id] === 'string') return storedLetter(message, now);
    return letterOf(eventFromMessage(message), arrivalOf(headers, now));
  } catch (thrown) {
    return unreadableLetterOf(rawOf(message), thrown, arrivalOf(headers, now));
  }
};
