// A dead letter: an event that could not be handled, or bytes that are no event, with all that is known of why.
import { createHash, hash } from 'node:crypto';
import { isUtf8 } from 'node:buffer';
import type { CloudEvent } from './cloudevent.ts';
import type { Category } from './dead-letter.ts';
import { isId, tenantOfSource, type FunctionRef } from './function.ts';

/** One try to deliver. `attempt` is its number, from 1; times in milliseconds since the epoch. */
export type DeliveryAttempt = {
  readonly at: number;
  readonly attempt: number;
  readonly destination: string;
  /** The HTTP status it ended with, if there was an answer. */
  readonly status?: number;
  /** What went wrong, for a person. Not there: it was taken. */
  readonly error?: string;
};

/** What arrived and is no CloudEvent: kept as it came. */
export type RawMessage = {
  readonly bytes: Buffer;
  readonly contentType?: string;
  readonly headers: Readonly<Record<string, string>>;
};

type Facts = {
  /** See `letterIdOf`. */
  readonly id: string;
  readonly category: Category;
  /** For a person: what failed, in one sentence. */
  readonly reason: string;
  /** Who was to have it: a URL or the name of a trigger; empty when nobody said. */
  readonly destination: string;
  /** Deliveries that were tried. */
  readonly attempts: number;
  readonly firstFailedAt: number;
  readonly lastFailedAt: number;
  /** Oldest first. */
  readonly history?: readonly DeliveryAttempt[];
  /** How often it waited only because the destination's circuit was open: no delivery was tried. */
  readonly deferrals?: number;
  /**
   * It is on its way because an operator asked for it: the run that it belongs to, and the place it was taken from. One without a place
   * came back from the broker, which had taken it.
   */
  readonly redrive?: { readonly run: string; readonly from?: number };
  /** Parked only until then, since it must not overtake the letters before it. `order` is its place among them, from its first time on. */
  readonly held?: { readonly dueAt: number; readonly order?: number };
};

export type DeadLetter = Facts &
  ({ readonly event: CloudEvent; readonly raw?: never } | { readonly event?: never; readonly raw: RawMessage });

/** What a list shows of a letter: everything but its content and its history. */
export type LetterSummary = Omit<Facts, 'history' | 'deferrals' | 'redrive' | 'held'> & {
  readonly tenant?: string;
  readonly function?: string;
  readonly type?: string;
  readonly eventSource?: string;
  readonly eventId?: string;
};

/** A narrower filter has more members; an empty one takes all. Moments in milliseconds since the epoch. */
export type LetterFilter = {
  tenant?: string;
  function?: string;
  type?: string;
  category?: Category;
  destination?: string;
  /** Failed last before this moment: older letters. */
  failedBefore?: number;
  /** Failed last at this moment or later: newer letters. */
  failedAfter?: number;
};

/** The same failure is one letter: equal source and id is the same event (CloudEvents 3.1.1), and each subscriber fails for itself. */
export const letterIdOf = (event: { source: string; id: string }, destination: string): string =>
  hash('sha256', `${event.source}\0${event.id}\0${destination}`, 'hex').slice(0, 32);

/** What is no event is known by what it is: its headers too, since the data of a broken event may well be empty. */
export const rawLetterIdOf = ({ bytes, contentType, headers }: RawMessage): string => {
  const described = JSON.stringify([contentType ?? null, Object.entries(headers).sort()]);
  return createHash('sha256').update(`raw\0${described}\0`).update(bytes).digest('hex').slice(0, 32);
};

/** Whose function an event is about, as far as anyone can tell: a letter that says little must still be listed. */
export const functionOf = (event: CloudEvent): Partial<FunctionRef> => {
  const tenant = tenantOfSource(event.source);
  if (tenant !== undefined)
    return event.subject !== undefined && isId(event.subject) ? { tenant, function: event.subject } : { tenant };
  const { third_party_id: owner, parser_id: name } = fieldsOf(event);
  return {
    ...(typeof owner === 'string' && isId(owner) ? { tenant: owner } : {}),
    ...(typeof name === 'string' && isId(name) ? { function: name } : {}),
  };
};

/** Larger data is not searched for two names: a letter is summarised whenever it moves. */
const searchedBytes = 65_536;

const fieldsOf = (event: CloudEvent): { third_party_id?: unknown; parser_id?: unknown } => {
  const { data } = event;
  if (data === undefined) return {};
  const value = 'json' in data ? data.json : parsed(data.bytes);
  return typeof value === 'object' && value !== null ? value : {};
};

const parsed = (bytes: Buffer): unknown => {
  if (bytes.length > searchedBytes || bytes[0] !== 0x7b || !isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
};

export const summaryOf = (letter: DeadLetter): LetterSummary => {
  const { id, category, reason, destination, attempts, firstFailedAt, lastFailedAt, event } = letter;
  const facts = { id, category, reason, destination, attempts, firstFailedAt, lastFailedAt };
  return event === undefined
    ? facts
    : { ...facts, ...functionOf(event), type: event.type, eventSource: event.source, eventId: event.id };
};
