// A stored letter's summary out of its headers alone: whoever follows the stream sees every letter, and needs none of their data.
import type { Message } from 'amqplib';
import { categoryNamed } from '../../core/dead-letter.ts';
import { isId, tenantOfSource } from '../../core/function.ts';
import { countOf } from '../../core/letter-intake.ts';
import { summaryOf, type LetterSummary } from '../../core/letter.ts';
import { letterFromMessage, letterHeaders } from './letter-message.ts';

type Headers = Record<string, unknown>;

const isText = (value: unknown): value is string => typeof value === 'string';
const timeOf = (value: unknown): number => (isText(value) ? Date.parse(value) : NaN);

type Named = Pick<LetterSummary, 'tenant' | 'function' | 'type' | 'eventSource' | 'eventId'>;

/** Of events of the common form: attributes without a prefix, and a source that names the tenant. */
const eventIn = ({ source, type, id, subject }: Headers): Named | undefined => {
  if (!isText(source) || !isText(type) || !isText(id)) return undefined;
  const tenant = tenantOfSource(source);
  if (tenant === undefined) return undefined;
  const named = { tenant, type, eventSource: source, eventId: id };
  return isText(subject) && isId(subject) ? { ...named, function: subject } : named;
};

const fromHeaders = (headers: Headers): LetterSummary | undefined => {
  const event = eventIn(headers);
  const id = headers[letterHeaders.id];
  const reason = headers[letterHeaders.reason];
  const destination = headers[letterHeaders.destination];
  const category = headers[letterHeaders.category];
  if (event === undefined || !isText(id) || !isText(reason) || !isText(destination) || !isText(category)) return undefined;
  const firstFailedAt = timeOf(headers[letterHeaders.firstFailedAt]);
  const lastFailedAt = timeOf(headers[letterHeaders.lastFailedAt]);
  if (Number.isNaN(firstFailedAt + lastFailedAt)) return undefined;
  const attempts = countOf(headers[letterHeaders.attempt]);
  return { id, category: categoryNamed(category), reason, destination, attempts, firstFailedAt, lastFailedAt, ...event };
};

export const summaryFromMessage = (message: Pick<Message, 'content' | 'properties'>, now: number): LetterSummary =>
  fromHeaders(message.properties.headers ?? {}) ?? summaryOf(letterFromMessage(message, now));
